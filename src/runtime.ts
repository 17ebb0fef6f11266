import type { IncomingMessage } from 'node:http'
import type { WxServerApi } from './api-types.js'
import { observe } from './diagnostics.js'
import type { WxLoginError } from './errors.js'
import type { Once } from './push-types.js'
import type { Settings } from './settings.js'
import type { WxSessionRecord } from './session/record.js'
import type { KeyHistory } from './session/key-history.js'
import type { Sealer } from './session/sealing.js'
import type { SessionEnds } from './session/session-ends.js'
import type { SessionHost } from './session/session-host.js'
import type { UserState, WxContext, WxIdentity, WxRevokeEvent, WxUser } from './types.js'
import type { Breaker } from './wechat/breaker.js'
import type { CodeFlights } from './wechat/code-flights.js'
import type { PhoneFlights } from './wechat/phone-flights.js'

/** The parts of one `wxLogin()`, as its routes and its guard use them. */
export interface Runtime {
  readonly settings: Settings
  readonly host: SessionHost
  readonly state: UserState
  /** False while Redis, where there is one, is known to be away. */
  readonly storeReady: () => boolean
  readonly sealer: Sealer
  /** The session keys of users. */
  readonly keys: KeyHistory
  readonly flights: CodeFlights
  readonly phoneFlights: PhoneFlights
  /** Through which WeChat is asked for logins; the API has its own, so that neither stops the other. */
  readonly breaker: Breaker
  readonly api: WxServerApi
  /** Tells who waits for the end of a session. */
  readonly ends: SessionEnds
  /** Keeps WeChat's messages from being handled twice. */
  readonly once: Once
  /** Logins being answered, whether new ones are still taken, and what those must end for that wait too long. */
  readonly logins: {
    open: boolean
    readonly running: Set<Promise<unknown>>
    readonly cut: AbortController
  }
}

/** What the plugin found out about a request. */
export interface RequestState {
  readonly runtime: Runtime
  /** The login, where there is one. */
  readonly login: { readonly record: WxSessionRecord; readonly context: WxContext } | null
  /** Why a guarded route cannot answer. */
  readonly failure: WxLoginError | undefined
}

type States = WeakMap<IncomingMessage, RequestState>

// One map for every copy of this package, so that a guard of the CommonJS build understands a request of
// the ESM build; and no property of the request, so that nothing but this plugin can satisfy the guard and
// printing a request shows no secret.
const key = Symbol.for('express-wx-login.requests')
const shared = globalThis as { [key]?: States }
const states: States = (shared[key] ??= new WeakMap())

export function setRequestState(req: IncomingMessage, state: RequestState): void {
  states.set(req, state)
}

export function requestState(req: IncomingMessage): RequestState | undefined {
  return states.get(req)
}

/** Tells `onError`. */
export function report(runtime: Runtime, error: WxLoginError, req?: IncomingMessage): void {
  observe('onError', runtime.settings.hooks.onError, error, req)
}

/** Tells `onRevoke`, and whoever waits for their end, which sessions ended, where any did or WeChat asked for it. */
export function reportRevoked(
  runtime: Runtime,
  user: WxIdentity,
  ended: Pick<WxRevokeEvent, 'sessionIds' | 'reason' | 'revokeInfo'>,
): void {
  const { sessionIds, reason } = ended
  const ours = reason === 'revoke' || reason === 'limit'
  if (ours && sessionIds.length === 0) return
  runtime.ends.tell({ ids: sessionIds, reason: reason === 'limit' ? 'limit' : 'revoke' })
  observe('onRevoke', runtime.settings.hooks.onRevoke, { ...identityOf(user), ...ended })
}

/** The user, of the type that the app registered. */
export function asUser(user: unknown): WxUser {
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- needless only while no app registers its type
  return user as WxUser
}

/** The identity part of something that has one. */
export function identityOf({ appid, openid, unionid }: WxIdentity): WxIdentity {
  return { appid, openid, ...(unionid !== undefined && { unionid }) }
}
