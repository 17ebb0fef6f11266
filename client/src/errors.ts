import type { WxFailure, WxLoginErrorCode, WxResponse } from './types.js'

/** What is known of an error beside its code. */
export interface WxLoginErrorDetails {
  /** Milliseconds until it makes sense to try again; 0 where nothing is known. */
  retryAfter?: number
  /** HTTP status of the server's reply. */
  statusCode?: number | undefined
  /** `error.code` of the server's reply, such as `WX_RATE_LIMITED`. */
  serverCode?: string | undefined
  /** `error.requestId` of the server's reply: finds it in the server's log. */
  requestId?: string | undefined
  /** WeChat's `errcode`, where the server passed it on. */
  errcode?: number | undefined
  /** What `wx` said. */
  errMsg?: string | undefined
}

/**
 * The only kind of error that the client's promises end with, mistakes in your own code aside.
 *
 * @example
 * ```ts
 * login.ready().catch((e) => {
 *   if (e instanceof WxLoginError && e.code === 'NETWORK') wx.showToast({ title: '网络不可用', icon: 'none' })
 * })
 * ```
 */
export interface WxLoginError extends Error, Readonly<WxLoginErrorDetails> {
  /** What went wrong, for `switch`. */
  readonly code: WxLoginErrorCode
  /** Milliseconds until it makes sense to try again; 0 where nothing is known. */
  readonly retryAfter: number
}

/** Makes a {@link WxLoginError}, and tells one by `instanceof`. */
export interface WxLoginErrorConstructor {
  new (code: WxLoginErrorCode, message?: string, details?: WxLoginErrorDetails): WxLoginError
  readonly prototype: WxLoginError
}

const { setPrototypeOf } = Object

// Not `class extends Error`: lowered to ES5 that is a kilobyte of helpers.
export const WxLoginError = function (
  code: WxLoginErrorCode,
  message?: string,
  details?: WxLoginErrorDetails,
): Error {
  const error = Object.assign(
    new Error(message || code),
    { name: 'WxLoginError', retryAfter: 0 },
    details,
    { code },
  )
  return setPrototypeOf(error, WxLoginError.prototype) as Error
} as unknown as WxLoginErrorConstructor

setPrototypeOf(WxLoginError.prototype, Error.prototype)

/**
 * What a failure of `wx` or an event without data stands for.
 *
 * @param otherwise - the code where `errMsg` names no special reason
 */
export function failureOf(failure: WxFailure, otherwise: WxLoginErrorCode): WxLoginError {
  const errMsg = failure.errMsg || ''
  let code = otherwise
  // Of events only: networks name other things `denied`. A refused privacy agreement is `not authorized`.
  if (code === 'REJECTED' && /den[yi]|cancel|not auth/i.test(errMsg)) code = 'DENIED'
  // 5 is the errno of a timeout; iOS words its own.
  if (failure.errno === 5 || /time.?.?out|超时/i.test(errMsg)) code = 'TIMEOUT'
  // `interrupted`: the app was in the background for five seconds.
  if (/abort|interrupt/i.test(errMsg)) code = 'ABORTED'
  return new WxLoginError(code, errMsg, { errMsg })
}

/** `Retry-After`, seconds or a date, in ms. The letters that a header's name comes in depend on the phone. */
function retryAfterOf(header: WxResponse['header']): number {
  let ms = 0
  for (const name in header) {
    if (/^retry-after$/i.test(name)) {
      const value = header[name] as string
      ms = +value * 1000 || Date.parse(value) - Date.now()
    }
  }
  return ms > 0 ? ms : 0
}

interface ErrorBody {
  error?: { code?: string; message?: string; requestId?: string; errcode?: number }
}

const errorIn = (response: WxResponse): NonNullable<ErrorBody['error']> =>
  ((response.data || {}) as ErrorBody).error || {}

/** Whether the server does not know the session. Of a used code of the phone number button it says 401 as well. */
export const isUnauthorized = (response: WxResponse): boolean =>
  response.statusCode === 401 && !/WX_CODE/.test(errorIn(response).code!)

/** The error that a reply of the server stands for. */
export function refusalOf(response: WxResponse, code: WxLoginErrorCode): WxLoginError {
  const error = errorIn(response)
  return new WxLoginError(error.code === 'WX_STALE_KEY' ? 'STALE_KEY' : code, error.message, {
    retryAfter: retryAfterOf(response.header),
    statusCode: response.statusCode,
    serverCode: error.code,
    requestId: error.requestId,
    errcode: error.errcode,
  })
}

/** What a success replied. @throws for every other status */
export function accepted(response: WxResponse): object {
  if (Math.floor(response.statusCode / 100) !== 2) throw refusalOf(response, 'REJECTED')
  return (response.data || {}) as object
}
