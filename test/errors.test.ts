import { inspect } from 'node:util'
import { errorCodes, type WxErrorAction, type WxErrorCode, WxLoginError } from '../src/errors.js'
import type * as Errors from '../src/errors.js'

/** DESIGN.md 5, row by row. */
const contract: Record<WxErrorCode, [number, WxErrorAction]> = {
  WX_BAD_REQUEST: [400, 'none'],
  WX_CODE_INVALID: [401, 'login'],
  WX_CODE_USED: [401, 'login'],
  WX_RATE_LIMITED: [429, 'retry'],
  WX_USER_BLOCKED: [403, 'none'],
  WX_APP_UNKNOWN: [400, 'none'],
  WX_APP_CONFIG: [500, 'none'],
  WX_BUSY: [503, 'retry'],
  WX_UPSTREAM: [502, 'login'],
  WX_SESSION_REQUIRED: [401, 'login'],
  WX_STALE_KEY: [409, 'login'],
  WX_LOGIN_REJECTED: [403, 'none'],
  WX_USER_HOOK_FAILED: [500, 'retry'],
  WX_CLOSING: [503, 'retry'],
  WX_STORE_UNAVAILABLE: [503, 'retry'],
  WX_SESSION_MISSING: [500, 'none'],
  WX_SESSION_CONFLICT: [500, 'none'],
}

describe('the codes', () => {
  test('are those of the contract, all of them, in its order', () => {
    expect(errorCodes).toEqual(Object.keys(contract))
  })

  test.each(Object.entries(contract))(
    '%s has the status and the action of the contract',
    (code, row) => {
      const error = new WxLoginError(code as WxErrorCode)
      expect([error.status, error.action]).toEqual(row)
      expect(error.statusCode).toBe(error.status)
      expect(error.code).toBe(code)
    },
  )

  test.each(errorCodes)('%s has a sentence for the phone', (code) => {
    expect(new WxLoginError(code).message).toMatch(/^[A-Z].{10,}[.]( See https:\/\/\S+)?$/)
  })

  test.each(errorCodes)(
    '%s says when to try again if, and only if, that is the thing to do',
    (code) => {
      const { action, retryAfter } = new WxLoginError(code)
      if (action === 'retry') expect(retryAfter).toBeGreaterThan(0)
      else expect(retryAfter).toBeUndefined()
    },
  )

  test('keep from the phone what is for the operator only', () => {
    const hidden = errorCodes.filter((code) => !new WxLoginError(code).expose)
    expect(hidden).toEqual(['WX_APP_CONFIG'])
  })
})

describe('an error', () => {
  test('is an Error with a name and a stack of its own', () => {
    const error = new WxLoginError('WX_BUSY')
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(WxLoginError)
    expect(String(error)).toBe('WxLoginError: WeChat is busy. Try again.')
    expect(error.stack).toContain('errors.test.ts')
  })

  test('says what it was given, in place of its row', () => {
    const cause = new Error('x')
    const error = new WxLoginError('WX_BUSY', {
      ...{ message: 'Later.', status: 599, retryAfter: 7, errcode: -1, rid: 'r', reason: 'why' },
      cause,
    })
    expect(error).toMatchObject({
      ...{ message: 'Later.', status: 599, statusCode: 599, retryAfter: 7 },
      ...{ errcode: -1, rid: 'r', reason: 'why', action: 'retry' },
    })
    expect(error.cause).toBe(cause)
  })

  test('has no fields for what it was not given', () => {
    const error = new WxLoginError('WX_BAD_REQUEST')
    for (const name of ['retryAfter', 'errcode', 'rid', 'reason', 'cause']) {
      expect([name, name in error]).toEqual([name, false])
    }
  })

  test('keeps an errcode of 0 and an empty message', () => {
    expect(new WxLoginError('WX_UPSTREAM', { errcode: 0, message: '' })).toMatchObject({
      errcode: 0,
      message: '',
    })
  })

  test('as JSON is what the phone may see, without reason, stack and cause', () => {
    const error = new WxLoginError('WX_CODE_INVALID', {
      ...{ errcode: 40029, rid: 'r', reason: 'why' },
      cause: new Error('canary'),
    })
    expect(JSON.parse(JSON.stringify(error))).toStrictEqual({
      ...{ code: 'WX_CODE_INVALID', message: error.message, action: 'login' },
      ...{ errcode: 40029, rid: 'r' },
    })
    expect(JSON.stringify(new WxLoginError('WX_APP_CONFIG', { message: 'canary' }))).not.toContain(
      'canary',
    )
  })

  test('printed shows its stack and what is known', () => {
    const shown = inspect(new WxLoginError('WX_CODE_INVALID', { errcode: 40029, reason: 'why' }))
    expect(shown).toMatch(/^WxLoginError: WeChat does not accept this code/)
    for (const part of [
      "code: 'WX_CODE_INVALID'",
      'errcode: 40029',
      "reason: 'why'",
      "action: 'login'",
    ]) {
      expect(shown).toContain(part)
    }
  })
})

describe('is()', () => {
  test('knows the errors of this copy of the package', () => {
    expect(WxLoginError.is(new WxLoginError('WX_BUSY'))).toBe(true)
    expect(WxLoginError.is(WxLoginError.reject())).toBe(true)
    class Own extends WxLoginError {}
    expect(WxLoginError.is(new Own('WX_BUSY'))).toBe(true)
  })

  test('knows the errors of another copy of the package, as the other knows ours', async () => {
    let other!: typeof Errors
    await jest.isolateModulesAsync(async () => {
      other = await import('../src/errors.js')
    })
    expect(other.WxLoginError).not.toBe(WxLoginError)
    const theirs = new other.WxLoginError('WX_BUSY')
    expect(theirs).not.toBeInstanceOf(WxLoginError)
    expect(WxLoginError.is(theirs)).toBe(true)
    expect(other.WxLoginError.is(new WxLoginError('WX_BUSY'))).toBe(true)
  })

  test.each([
    undefined,
    null,
    5,
    'WX_BUSY',
    {},
    [],
    () => undefined,
    new Error('x'),
    { name: 'WxLoginError', code: 'WX_BUSY', status: 503 },
    JSON.parse(JSON.stringify(new WxLoginError('WX_BUSY'))) as unknown,
    WxLoginError,
  ])('takes nothing else for one: %p', (thing) => {
    expect(WxLoginError.is(thing)).toBe(false)
  })
})

describe('reject()', () => {
  test('refuses a login, in words of the app’s own or in ours', () => {
    expect(WxLoginError.reject('This account is closed.')).toMatchObject({
      ...{ code: 'WX_LOGIN_REJECTED', status: 403, action: 'none', expose: true },
      message: 'This account is closed.',
    })
    expect(WxLoginError.reject().message).toBe('This login is not allowed.')
    expect(WxLoginError.reject('').message).toBe('')
  })
})
