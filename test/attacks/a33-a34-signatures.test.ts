import { sign } from '../wechat/phone.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'
import { type Attacker, createAttacker, staleKeyAnswer } from './attacker.js'

let t: AttackedApp
let mallory: Attacker
beforeAll(async () => {
  t = await startAttackedApp({ redis: null })
  mallory = createAttacker(t)
})
afterAll(() => t?.close())

const rawData = JSON.stringify({ nickName: '爱丽丝 "A\\B" 😀', gender: 1, city: '' })
const post = (data: object | (() => object)) => mallory.post('/wx/profile', data)
const nickname = async (): Promise<unknown> =>
  (await t.ask('/me', { token: mallory.token() })).body.user.nickname

/** Another one that means something else: a signature in upper case is the same signature. */
const otherDigit = (digit: string): string => (digit === '0' ? '1' : '0')
const changed = (text: string, at: number, to: string): string =>
  text.slice(0, at) + to + text.slice(at + 1)

describe('attack 33: rawData or signature tampered with, of a wrong length, no hex, a list: one code, no crash', () => {
  test('every single change of the signature and of rawData gets the same answer', async () => {
    const answers = new Set<string>()
    for (let at = 0; at < 40; at++) {
      const answer = await post(() => {
        const signature = sign(rawData, mallory.sessionKey())
        return { rawData, signature: changed(signature, at, otherDigit(signature[at]!)) }
      })
      expect(answer).toMatchObject(staleKeyAnswer)
      answers.add(answer.all)
    }
    for (let at = 0; at < rawData.length; at++) {
      const answer = await post(() => {
        const signature = sign(rawData, mallory.sessionKey())
        return { rawData: changed(rawData, at, rawData[at] === 'x' ? 'y' : 'x'), signature }
      })
      answers.add(answer.all)
    }
    expect([...answers]).toHaveLength(1)
    expect(await nickname()).toBeNull()
  })

  test.each<[string, (signature: string) => unknown]>([
    ['one digit short', (s) => s.slice(1)],
    ['one digit long', (s) => `${s}0`],
    ['empty', () => ''],
    ['no hex', (s) => changed(s, 7, 'g')],
    ['hex with a line feed', (s) => `${s}\n`],
    ['hex with NUL', (s) => `${s.slice(1)}\0`],
    ['of 40 characters that are 80 bytes', () => 'é'.repeat(40)],
    ['of characters whose low byte is a hex digit', () => 'İ'.repeat(40)],
    ['base64', (s) => Buffer.from(s, 'hex').toString('base64')],
    ['30 kB', () => '0'.repeat(30_000)],
    ['a list', (s) => [s]],
    ['a list of 40 digits', (s) => [...s]],
    ['a number', () => 5],
    ['an object', (s) => ({ length: 40, toString: s })],
    ['true', () => true],
    ['null', () => null],
    ['missing', () => undefined],
  ])('a signature that is %s is 400', async (_what, make) => {
    const answer = await post(() => ({
      rawData,
      signature: make(sign(rawData, mallory.sessionKey())),
    }))
    expectRefusal(answer, 400, 'WX_BAD_REQUEST', 'none', {
      message: 'signature: must be 40 hex digits.',
    })
  })

  test('what was not changed is taken, also in upper case', async () => {
    const answer = await post(() => ({
      rawData,
      signature: sign(rawData, mallory.sessionKey()).toUpperCase(),
    }))
    expect(answer.status).toBe(200)
    expect(await nickname()).toBe('爱丽丝 "A\\B" 😀')
  })
})

describe('attack 34: rawData serialised again: what counts is the very text that came', () => {
  const escaped = '{"nickName":"\\u6731 \\/ \\ud83d\\ude00 😀","gender":1}'

  test.each([
    ['escapes that JSON.stringify would not make', escaped, '朱 / 😀 😀'],
    ['emoji', '{"nickName":"👩‍🚀 e\u0301"}', '👩‍🚀 e\u0301'],
    ['blanks and line ends', '{\r\n\t"nickName" : "Ann" }\n', 'Ann'],
    ['a field twice', '{"nickName":"Ann","nickName":"Bob"}', 'Bob'],
    ['a number in another form', '{"nickName":"Eve","gender":1.0e0}', 'Eve'],
  ])('%s: taken as it came', async (_what, text, name) => {
    const answer = await post(() => ({
      rawData: text,
      signature: sign(text, mallory.sessionKey()),
    }))
    expect(answer.status).toBe(200)
    expect(await nickname()).toBe(name)
  })

  test.each([
    ['serialised again', JSON.stringify(JSON.parse(escaped))],
    ['with one escape less', escaped.replace('\\/', '/')],
    ['with one character for an escape', escaped.replace('\\u6731', '朱')],
    ['with a blank more', escaped.replace(':1', ': 1')],
    ['with its fields the other way round', '{"gender":1,"nickName":"\\u6731 \\/ 😀"}'],
    ['with a line feed behind it', `${escaped}\n`],
    ['with a byte order mark', `\ufeff${escaped}`],
    ['decomposed', escaped.replace('😀', 'e\u0301')],
  ])('%s: refused', async (_what, other) => {
    const answer = await post(() => ({
      rawData: other,
      signature: sign(escaped, mallory.sessionKey()),
    }))
    expect(answer).toMatchObject(staleKeyAnswer)
  })

  test.each<[string, unknown]>([
    ['an object', JSON.parse(escaped)],
    ['a list', [escaped]],
    ['a number', 5],
    ['null', null],
    ['empty', ''],
    ['bytes', { type: 'Buffer', data: [...Buffer.from(escaped)] }],
  ])('%s is 400', async (_what, given) => {
    const answer = await post(() => ({
      rawData: given,
      signature: sign(escaped, mallory.sessionKey()),
    }))
    expectRefusal(answer, 400, 'WX_BAD_REQUEST', 'none', {
      message: 'rawData: must be the text as wx gave it, not an object.',
    })
  })
})
