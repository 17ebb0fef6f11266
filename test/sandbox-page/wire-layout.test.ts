import { type Exchange, flatten, layOut, sameExchange } from '../../sandbox-page/wire/layout.js'
import { wireMessage } from './support/wire-message.js'

/** Ids, as they are inside of each other: `1(2 3(4))`. */
const draw = (exchanges: readonly Exchange[]): string =>
  exchanges
    .map(({ message: { id }, inside }) =>
      inside.length === 0 ? String(id) : `${String(id)}(${draw(inside)})`,
    )
    .join(' ')

const asked = (id: number, endedAfter: number | null, user: string | null = null) =>
  wireMessage({ id, endedAfter, user })
const toWeChat = (id: number, user: string | null = null) =>
  wireMessage({ id, from: 'server', to: 'wechat', user })
const toStore = (id: number) => wireMessage({ id, from: 'server', to: 'redis' })

describe('the layout of the wire', () => {
  test('draws what the server asks inside of what it was asked', () => {
    expect(draw(layOut([asked(1, 3), toWeChat(2), toStore(3), asked(4, 4)]))).toBe('1(2 3) 4')
  })

  test('draws it inside of an exchange that is still open', () => {
    expect(draw(layOut([asked(1, null), toWeChat(2)]))).toBe('1(2)')
  })

  test('draws what came after the answer on its own', () => {
    expect(draw(layOut([asked(1, 2), toWeChat(2), toStore(3)]))).toBe('1(2) 3')
  })

  test('tells two that overlap apart by the user', () => {
    const messages = [
      asked(1, 4, 'alice'),
      asked(2, 4, 'bob'),
      toWeChat(3, 'bob'),
      toWeChat(4, 'alice'),
    ]
    expect(draw(layOut(messages))).toBe('1(4) 2(3)')
  })

  test('puts what could belong to either of two into neither', () => {
    const messages = [asked(1, 3, 'alice'), asked(2, 3, 'alice'), toWeChat(3, 'alice')]
    expect(draw(layOut(messages))).toBe('1 2 3')
  })

  test('puts what nobody is named for into the only one that is under way', () => {
    expect(draw(layOut([asked(1, 2, 'alice'), toStore(2)]))).toBe('1(2)')
  })

  test('does not put what concerns bob into what alice asked', () => {
    expect(draw(layOut([asked(1, 2, 'alice'), toWeChat(2, 'bob')]))).toBe('1 2')
  })

  test('draws what a message push of WeChat causes inside of the push', () => {
    const push = wireMessage({ id: 1, from: 'wechat', to: 'server', endedAfter: 2 })
    expect(draw(layOut([push, toStore(2)]))).toBe('1(2)')
  })

  test('draws calls of the phone to WeChat on their own, whatever is under way', () => {
    const login = wireMessage({ id: 2, from: 'phone', to: 'wechat', title: 'wx.login' })
    expect(draw(layOut([asked(1, 2), login]))).toBe('1 2')
  })

  test('folds what the server asks its store again and again by itself', () => {
    const again = layOut([toStore(1), toStore(2), toStore(3), asked(4, 4), toStore(5)])
    expect(again.map(({ message: { id }, times }) => [id, times])).toEqual([
      [1, 3],
      [4, 1],
      [5, 1],
    ])
  })

  test('folds nothing that failed into what did not, and nothing inside of an exchange', () => {
    const down = wireMessage({ ...toStore(2), outcome: 'failed' })
    expect(draw(layOut([toStore(1), down, asked(3, 5), toStore(4), toStore(5)]))).toBe('1 2 3(4 5)')
  })

  test('reads from top to bottom as it is drawn', () => {
    const messages = [
      asked(1, 4, 'alice'),
      asked(2, 4, 'bob'),
      toWeChat(3, 'bob'),
      toWeChat(4, 'alice'),
    ]
    expect(flatten(layOut(messages)).map(({ id }) => id)).toEqual([1, 4, 2, 3])
  })

  test('is the same for the same messages, and another one as soon as one inside changes', () => {
    const [outer, inner] = [asked(1, 2), toWeChat(2)]
    const before = layOut([outer, inner])[0]!
    expect(sameExchange(before, layOut([outer, inner])[0]!)).toBe(true)
    expect(sameExchange(before, layOut([outer, { ...inner, ms: 7 }])[0]!)).toBe(false)
    expect(sameExchange(before, layOut([outer])[0]!)).toBe(false)
  })
})
