import { explained } from './start-up.js'

/**
 * Every code a {@link WxLoginError} can carry. Stable: programs switch on them.
 *
 * docs/errors.md has the HTTP status, the message for the phone and the action of each, with cause and fix.
 */
export type WxErrorCode =
  | 'WX_BAD_REQUEST'
  | 'WX_CODE_INVALID'
  | 'WX_CODE_USED'
  | 'WX_RATE_LIMITED'
  | 'WX_USER_BLOCKED'
  | 'WX_APP_UNKNOWN'
  | 'WX_APP_CONFIG'
  | 'WX_BUSY'
  | 'WX_UPSTREAM'
  | 'WX_SESSION_REQUIRED'
  | 'WX_STALE_KEY'
  | 'WX_LOGIN_REJECTED'
  | 'WX_USER_HOOK_FAILED'
  | 'WX_CLOSING'
  | 'WX_STORE_UNAVAILABLE'
  | 'WX_SESSION_MISSING'
  | 'WX_SESSION_CONFLICT'

/** What the phone should do after an error: log in with a new code, try again later, or nothing. */
export type WxErrorAction = 'login' | 'retry' | 'none'

interface Row {
  readonly status: number
  readonly action: WxErrorAction
  readonly message: string
  /** Seconds for `Retry-After`; rows with the action `retry` only. */
  readonly retryAfter?: number
}

const table: Readonly<Record<WxErrorCode, Row>> = {
  WX_BAD_REQUEST: { status: 400, action: 'none', message: 'The request is not valid.' },
  WX_CODE_INVALID: {
    status: 401,
    action: 'login',
    message: 'WeChat does not accept this code. Call wx.login again.',
  },
  WX_CODE_USED: {
    status: 401,
    action: 'login',
    message: 'This code was already used. Call wx.login again.',
  },
  WX_RATE_LIMITED: {
    status: 429,
    action: 'retry',
    message: 'Too many requests. Try again later.',
    retryAfter: 60,
  },
  WX_USER_BLOCKED: {
    status: 403,
    action: 'none',
    message: 'WeChat blocks the login of this user.',
  },
  WX_APP_UNKNOWN: { status: 400, action: 'none', message: 'This appid is not served here.' },
  WX_APP_CONFIG: { status: 500, action: 'none', message: 'The server is not set up correctly.' },
  WX_BUSY: {
    status: 503,
    action: 'retry',
    message: 'WeChat is busy. Try again.',
    retryAfter: 1,
  },
  WX_UPSTREAM: {
    status: 502,
    action: 'login',
    message: 'WeChat could not be reached. Call wx.login again.',
  },
  WX_SESSION_REQUIRED: { status: 401, action: 'login', message: 'Log in first.' },
  WX_STALE_KEY: {
    status: 409,
    action: 'login',
    message: 'The data does not fit the current session key. Log in again and take new data.',
  },
  WX_LOGIN_REJECTED: { status: 403, action: 'none', message: 'This login is not allowed.' },
  WX_USER_HOOK_FAILED: {
    status: 500,
    action: 'retry',
    message: 'The user could not be saved. Try again.',
    retryAfter: 1,
  },
  WX_CLOSING: {
    status: 503,
    action: 'retry',
    message: 'The server is shutting down. Try again.',
    retryAfter: 1,
  },
  WX_STORE_UNAVAILABLE: {
    status: 503,
    action: 'retry',
    message: 'Sessions are unavailable. Try again.',
    retryAfter: 1,
  },
  WX_SESSION_MISSING: {
    status: 500,
    action: 'none',
    message: explained(
      'No session. Either give wxLogin a `session: { secret }`, or put express-session in front of it; and put app.use(wxLogin(...)) before the routes that use it.',
      'no-session',
    ),
  },
  WX_SESSION_CONFLICT: {
    status: 500,
    action: 'none',
    message: explained(
      'Two sessions: another session middleware runs before wxLogin, which was given `session` as well. Remove one of the two.',
      'two-sessions',
    ),
  },
}

/** Every {@link WxErrorCode}, in the order of the documentation. */
export const errorCodes = Object.keys(table) as WxErrorCode[]

/** What may be said about one error beside its code. */
export interface WxLoginErrorOptions {
  /** For the phone. Default: the code's own sentence. Must hold no secret. */
  message?: string | undefined
  /** HTTP status. Default: the code's own. */
  status?: number | undefined
  /** Seconds until the phone may try again. Default: the code's own; `undefined` where the action is not `retry`. */
  retryAfter?: number | undefined
  /** WeChat's `errcode`, where the error came from WeChat. */
  errcode?: number | undefined
  /** WeChat's request id (`rid` in its `errmsg`): what WeChat's support asks for. */
  rid?: string | undefined
  /** For the operator only (`onError`), never sent to the phone. Must hold no secret. */
  reason?: string | undefined
  /** The error behind this one. Only errors of the app's own hooks are passed on here. */
  cause?: unknown
}

const brand: unique symbol = Symbol.for('express-wx-login.error') as never

/**
 * The one error class of this package: in replies, in `onError`, and thrown by the functions.
 *
 * Catch it by `WxLoginError.is(e)` rather than `instanceof`: where two packages of an app bring this one in two
 * versions there are two copies of the class.
 *
 * @example
 * ```ts
 * try {
 *   decryptData({ encryptedData, iv, sessionKey, appid })
 * } catch (e) {
 *   if (WxLoginError.is(e) && e.code === 'WX_STALE_KEY') res.status(e.status).json({ action: e.action })
 *   else throw e
 * }
 * ```
 */
export class WxLoginError extends Error {
  override readonly name = 'WxLoginError'
  /** Stable name of what went wrong. */
  readonly code: WxErrorCode
  /** HTTP status of the reply. */
  readonly status: number
  /** The same number, as Express' own error handlers read it. */
  readonly statusCode: number
  /** True where `message` may be shown to the client. */
  readonly expose: boolean
  /** What the phone should do next. */
  readonly action: WxErrorAction
  /** Seconds until a retry makes sense; only with the action `retry`. */
  declare readonly retryAfter?: number
  /** WeChat's `errcode`, where WeChat said no. */
  declare readonly errcode?: number
  /** WeChat's request id, to quote to WeChat's support. */
  declare readonly rid?: string
  /** Why, for the operator: in `onError` and logs, never in a reply. */
  declare readonly reason?: string

  /**
   * @param code - decides status, action and message
   * @param options - what is said of this one error beside that
   */
  constructor(code: WxErrorCode, options: WxLoginErrorOptions = {}) {
    const row = table[code]
    super(
      options.message ?? row.message,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.status = options.status ?? row.status
    this.statusCode = this.status
    // A set-up mistake is the developer's own to read; the operator's mistakes are not the phone's business.
    this.expose = code !== 'WX_APP_CONFIG'
    this.action = row.action
    const retryAfter = options.retryAfter ?? row.retryAfter
    if (retryAfter !== undefined) this.retryAfter = retryAfter
    if (options.errcode !== undefined) this.errcode = options.errcode
    if (options.rid !== undefined) this.rid = options.rid
    if (options.reason !== undefined) this.reason = options.reason
    Object.defineProperty(this, brand, { value: true })
  }

  /** What the phone may see of it: so that an app that sends the error itself sends no `reason`. */
  toJSON(): object {
    const { code, action, errcode, rid } = this
    const message = this.expose ? this.message : 'The server is not set up correctly.'
    return { code, message, action, errcode, rid }
  }

  /**
   * Whether `e` is a WxLoginError, of whichever copy of this package.
   *
   * @example
   * ```ts
   * app.use((err, req, res, next) => (WxLoginError.is(err) ? res.status(err.status).json(err.code) : next(err)))
   * ```
   */
  static is(e: unknown): e is WxLoginError {
    return typeof e === 'object' && e !== null && brand in e
  }

  /**
   * What `onUser` throws to refuse a user: the phone gets 403 `WX_LOGIN_REJECTED`, no session is made.
   *
   * @param message - shown to the phone as it is
   * @example
   * ```ts
   * onUser: async (event) => {
   *   const user = await users.upsert(event)
   *   if (user.banned) throw WxLoginError.reject('This account is closed.')
   *   return user
   * }
   * ```
   */
  static reject(message?: string): WxLoginError {
    return new WxLoginError('WX_LOGIN_REJECTED', { message })
  }
}
