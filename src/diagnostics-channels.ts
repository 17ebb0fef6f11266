import { channel, tracingChannel } from 'node:diagnostics_channel'
import { WxLoginError, type WxErrorCode } from './errors.js'
import type { WxSessionEnd } from './plugin-types.js'

/** Who asked, as far as logs may know. */
interface OfRequest {
  /** As in the reply and its header `X-Request-Id`. */
  requestId: string
}

/** A request to WeChat; the same object in all events of the request, which fill it in. */
export interface WxWeChatCall {
  /** The path at WeChat without its query, or `code2Session` where that is a function of the app. */
  endpoint: string
  /** The mini program it is for. */
  appid: string
  /** From the question to the answer, in ms; there in `asyncEnd` and `error`. */
  durationMs?: number
  /** What WeChat said: 0 where all was well; missing where there was no answer. There in `asyncEnd` and `error`. */
  errcode?: number
  /** Why there is no answer, or, of a `code2Session` of the app, no session. */
  error?: unknown
}

/**
 * What the package publishes on `node:diagnostics_channel`: the name of each channel, and what its messages are.
 * `express-wx-login:wechat` is the name of a tracing channel, whose events are
 * `tracing:express-wx-login:wechat:start`, `:end`, `:asyncStart`, `:asyncEnd` and `:error`.
 *
 * No message holds a token, code, key, AppSecret, phone number, openid or unionid.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { WxDiagnostics } from 'express-wx-login'
 *
 * subscribe('express-wx-login:login:failed', (message) => {
 *   const { code, requestId } = message as WxDiagnostics['express-wx-login:login:failed']
 *   console.log(code, requestId)
 * })
 * ```
 */
export interface WxDiagnostics {
  /** A login made a session. `durationMs`: from the arrival of the request to its reply. */
  'express-wx-login:login:made': OfRequest & {
    appid: string
    sessionId: string
    durationMs: number
  }
  /** A login came to nothing. `errcode` where WeChat said no, `appid` where the app is known. */
  'express-wx-login:login:failed': OfRequest & {
    code: WxErrorCode
    status: number
    errcode?: number
    appid?: string
    durationMs: number
  }
  /** Each request to WeChat, of logins and of `wx.api`. */
  'express-wx-login:wechat': WxWeChatCall
  /** WeChat did not answer ten times in a row: it is not asked any more, but for a try every two seconds. */
  'express-wx-login:wechat:outage:begin': { of: 'login' | 'api' }
  /** WeChat has answered again. */
  'express-wx-login:wechat:outage:end': { of: 'login' | 'api'; durationMs: number }
  /** The guard, or the plugin's own routes behind it, refused a request. */
  'express-wx-login:guard:refused': OfRequest & { code: WxErrorCode; status: number }
  /** Every error that `onError` gets. Without `requestId` where it came of no request. */
  'express-wx-login:error': Partial<OfRequest> & {
    code: WxErrorCode
    status: number
    errcode?: number
    rid?: string
    reason?: string
  }
  /** One operation of the store failed, or took too long. `operation`: `get`, `set`, `destroy`, `touch` or `user`. */
  'express-wx-login:store:failed': { operation: string; late: boolean }
  /** The store is away, or (Redis Cluster, pools, Sentinel) a part of it. */
  'express-wx-login:store:outage:begin': { scope: 'all' | 'part' }
  /** All of the store is there again, or nobody wants it any more. */
  'express-wx-login:store:outage:end': { durationMs: number }
  /** Signed or encrypted data was not accepted with any key of the user. `sessionId`: none yet in a login. */
  'express-wx-login:key:refused': { appid: string; sessionId?: string }
  /** Data was accepted with a key that had been replaced, `replacedMs` before. */
  'express-wx-login:key:earlier': { appid: string; replacedMs: number }
  /** Sessions were ended by this process. Those that expire end without a word, so that it is never `gone`. */
  'express-wx-login:session:ended': {
    sessionIds: readonly string[]
    reason: WxSessionEnd['reason']
  }
  /** What `onRevoke` is told of a user; `reason` as there. */
  'express-wx-login:session:revoked': {
    appid: string
    sessionIds: readonly string[]
    reason: string
  }
}

/** A channel that is told only where somebody listens. */
export interface Announcer<T> {
  readonly name: string
  /** Publishes what `message` makes, which is not called where nobody listens. */
  tell(message: () => T): void
}

type Name = Exclude<keyof WxDiagnostics, 'express-wx-login:wechat'>

function announcer<N extends Name>(name: N): Announcer<WxDiagnostics[N]> {
  const own = channel(name)
  return {
    name,
    tell(message) {
      if (own.hasSubscribers) own.publish(message())
    },
  }
}

/** The channels, by the names they have in the code. */
export const events = {
  loginMade: announcer('express-wx-login:login:made'),
  loginFailed: announcer('express-wx-login:login:failed'),
  weChatAway: announcer('express-wx-login:wechat:outage:begin'),
  weChatBack: announcer('express-wx-login:wechat:outage:end'),
  guardRefused: announcer('express-wx-login:guard:refused'),
  error: announcer('express-wx-login:error'),
  storeFailed: announcer('express-wx-login:store:failed'),
  storeAway: announcer('express-wx-login:store:outage:begin'),
  storeBack: announcer('express-wx-login:store:outage:end'),
  keyRefused: announcer('express-wx-login:key:refused'),
  keyEarlier: announcer('express-wx-login:key:earlier'),
  sessionEnded: announcer('express-wx-login:session:ended'),
  sessionRevoked: announcer('express-wx-login:session:revoked'),
} as const

/** Of the tracing channel. */
export const weChatChannel = 'express-wx-login:wechat'

const weChat = tracingChannel<unknown, WxWeChatCall>(weChatChannel)

/**
 * Asks WeChat, and tells those who trace it. The answer, in which keys and tokens stand, is not shown to them.
 *
 * @param errcodeOf - what the answer says of success
 */
export async function traceWeChat<T>(
  { endpoint, appid }: Pick<WxWeChatCall, 'endpoint' | 'appid'>,
  ask: () => Promise<T>,
  errcodeOf: (answer: T) => number,
): Promise<T> {
  if (!weChat.hasSubscribers) return ask()
  const call: WxWeChatCall = { endpoint, appid }
  const began = performance.now()
  let answer: T | undefined
  await weChat.tracePromise(async () => {
    try {
      answer = await ask()
      call.errcode = errcodeOf(answer)
    } catch (error) {
      if (WxLoginError.is(error) && error.errcode !== undefined) call.errcode = error.errcode
      throw error
    } finally {
      call.durationMs = performance.now() - began
    }
  }, call)
  return answer as T
}

/** Something that is away for a while, told once when it goes and once when it is back. */
export interface Outage<T extends unknown[] = []> {
  begin(...detail: T): void
  end(): void
}

function createOutage<T extends unknown[]>(
  begin: (...detail: T) => void,
  end: (durationMs: number) => void,
): Outage<T> {
  let since: number | undefined
  return {
    begin(...detail) {
      if (since !== undefined) return
      since = performance.now()
      begin(...detail)
    },
    end() {
      if (since === undefined) return
      const durationMs = performance.now() - since
      since = undefined
      end(durationMs)
    },
  }
}

/** Tells when the store goes and comes back. */
export const createStoreOutage = (): Outage<[scope: 'all' | 'part']> =>
  createOutage(
    (scope) => {
      events.storeAway.tell(() => ({ scope }))
    },
    (durationMs) => {
      events.storeBack.tell(() => ({ durationMs }))
    },
  )

/** Tells when WeChat goes and comes back, as the logins or the API find it. */
export const createWeChatOutage = (of: 'login' | 'api'): Outage =>
  createOutage(
    () => {
      events.weChatAway.tell(() => ({ of }))
    },
    (durationMs) => {
      events.weChatBack.tell(() => ({ of, durationMs }))
    },
  )
