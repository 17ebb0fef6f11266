import type { WxLoginErrorCode } from '../../client/src/types.js'
import { WxLoginError } from '../../src/errors.js'

interface Notice {
  kind: 'calm' | 'error'
  text: string
  action: 'retry' | 'login' | 'none'
  button: string
}
const { explain, missing } = jest.requireActual<{
  explain(error: object): Notice
  missing(route: string): Notice
}>('../../example-app/miniprogram/utils/messages.js')

/** The client's codes, and what the user can do about each. */
const codes = {
  WX_LOGIN: ['error', 'retry'],
  NETWORK: ['error', 'retry'],
  TIMEOUT: ['error', 'retry'],
  ABORTED: ['error', 'retry'],
  REJECTED: ['error', 'retry'],
  UNAUTHORIZED: ['error', 'login'],
  STALE_KEY: ['calm', 'none'],
  DENIED: ['calm', 'none'],
} as const satisfies Record<WxLoginErrorCode, readonly [Notice['kind'], Notice['action']]>

const sentence = /^[\u4e00-\u9fff].*。$/

test.each(Object.entries(codes))('%s is a Chinese sentence of its own', (code, [kind, action]) => {
  const notice = explain({ code })
  expect(notice).toMatchObject({ kind, action })
  expect(notice.text).toMatch(sentence)
  expect(notice.button === '').toBe(action === 'none')
  const others = Object.keys(codes).filter((other) => other !== code)
  expect(others.map((other) => explain({ code: other }).text)).not.toContain(notice.text)
})

test('every refusal of the server is a sentence too, also one that nobody has thought of', () => {
  const known = ['WX_USER_BLOCKED', 'WX_LOGIN_REJECTED', 'WX_RATE_LIMITED', 'WX_STORE_UNAVAILABLE']
  for (const serverCode of [...known, 'DATABASE_UNAVAILABLE', 'SOMETHING_NEW', undefined]) {
    expect(explain({ code: 'REJECTED', serverCode, statusCode: 500 }).text).toMatch(sentence)
  }
  for (const statusCode of [413, 415]) {
    expect(explain({ code: 'REJECTED', statusCode }).kind).toBe('calm')
  }
  expect(explain(new TypeError('a mistake in the program')).text).toMatch(sentence)
})

test('a server without the interface that was asked for is told as such', () => {
  expect(explain({ code: 'REJECTED', statusCode: 404 })).toMatchObject({
    text: '服务器上没有这个接口，所以这里用不了。',
    action: 'retry',
  })
  expect(missing('GET /me')).toMatchObject({ kind: 'calm', action: 'none', button: '' })
  expect(missing('GET /me').text).toMatch(sentence)
  expect(missing('GET /me').text).toContain('GET /me')
})

test('who may not log in gets no button that would not help', () => {
  for (const code of ['WX_USER_BLOCKED', 'WX_LOGIN_REJECTED'] as const) {
    expect(new WxLoginError(code).action).toBe('none')
    expect(explain({ code: 'REJECTED', serverCode: code })).toMatchObject({ button: '' })
  }
})

test('where the server says when to try again, so does the sentence', () => {
  const busy = { code: 'REJECTED', serverCode: 'WX_RATE_LIMITED' }
  expect(explain({ ...busy, retryAfter: 29_500 }).text).toBe('操作太频繁了，请 30 秒后重试。')
  expect(explain(busy).text).toBe('操作太频繁了，请稍后重试。')
})

test('refusing the privacy guide is told apart from refusing the phone number', () => {
  const denied = explain({ code: 'DENIED', errMsg: 'getPhoneNumber:fail user deny' })
  const privacy = explain({
    code: 'DENIED',
    errMsg: 'getPhoneNumber:fail privacy permission is not authorized',
  })
  expect(privacy.text).toContain('隐私保护指引')
  expect(denied.text).not.toContain('隐私')
  expect([privacy.kind, denied.kind]).toEqual(['calm', 'calm'])
})
