import { moodOf, sentence } from '../../sandbox-page/wire/words.js'
import { wireMessage } from './support/wire-message.js'

const errcodes = { 45011: { en: 'Too many calls in this minute', zh: '本分钟内调用太频繁' } }

describe('an exchange in words', () => {
  test('says who asked whom for what, how it went and how long it took', () => {
    const message = wireMessage({ id: 1, title: 'POST /wx/login', user: 'alice', ms: 31.4 })
    expect(sentence(message, 3, errcodes, 'en')).toBe(
      'Phone → Your server: POST /wx/login, 200, 31 ms, alice, with 3 exchanges inside',
    )
  })

  test('says in both languages what an errcode means, and that it was ordered', () => {
    const message = wireMessage({
      id: 1,
      from: 'server',
      to: 'wechat',
      title: 'GET /sns/jscode2session',
      errcode: 45011,
      fault: 'errcode 45011',
      ms: 0.24,
    })
    expect(sentence(message, 0, errcodes, 'en')).toBe(
      'Your server → WeChat: GET /sns/jscode2session, 200, errcode 45011, Too many calls in this minute, fault: errcode 45011, 0.2 ms',
    )
    expect(sentence(message, 0, errcodes, 'zh')).toContain('本分钟内调用太频繁')
  })

  test('says that there is no answer', () => {
    const message = wireMessage({ id: 1, outcome: 'dropped', status: null, ms: null })
    expect(sentence(message, 0, errcodes, 'en')).toBe(
      'Phone → Your server: GET /me, connection cut',
    )
  })
})

describe('the mood of an exchange', () => {
  test.each([
    ['good', {}],
    ['bad', { status: 401 }],
    ['bad', { errcode: 40029 }],
    ['bad', { outcome: 'dropped' as const, status: null, fault: 'drop' }],
    ['good', { fault: '3000 ms' }],
    ['open', { outcome: 'open' as const, status: null }],
    ['gone', { outcome: 'gone' as const, status: null }],
  ])('is %s for %j', (mood, given) => {
    expect(moodOf(wireMessage({ id: 1, ...given }))).toBe(mood)
  })
})
