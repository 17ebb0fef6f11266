import type { IncomingMessage } from 'node:http'
import type { WxServerApi } from './api-types.js'
import { observe } from './diagnostics.js'
import { events } from './diagnostics-channels.js'
import type { WxLoginError } from './errors.js'
import type { WxRevokeEvent } from './hook-types.js'
import { requestIdOf } from './request-id.js'
import { slotFor, slotOf } from './request-slot.js'
import type { Settings } from './settings.js'
import type { Once, UserState } from './state-types.js'
import type { WxContext, WxIdentity, WxUser } from './types.js'
import type { WxSessionRecord } from './session/record.js'
import type { KeyHistory } from './session/key-history.js'
import type { Sealer } from './session/sealing.js'
import type { SessionEnds } from './session/session-ends.js'
import type { SessionHost } from './session/session-host.js'
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
    /** What ends each of those that wait; undefined once `wx.close()` has called them all. */
    cuts: Set<() => void> | undefined
  }
}

/** A login, as the routes see it. */
export interface RequestLogin {
  readonly record: WxSessionRecord
  readonly sid: string
  readonly context: WxContext
}

/** What the plugin found out about a request. Nothing of it shows where a request is printed. */
export class RequestState {
  readonly #runtime: Runtime
  readonly #login: RequestLogin | null
  readonly #failure: WxLoginError | undefined

  constructor(runtime: Runtime, login: RequestLogin | null, failure?: WxLoginError) {
    this.#runtime = runtime
    this.#login = login
    this.#failure = failure
  }

  get runtime(): Runtime {
    return this.#runtime
  }

  /** The login, where there is one. */
  get login(): RequestLogin | null {
    return this.#login
  }

  /** Why a guarded route cannot answer. */
  get failure(): WxLoginError | undefined {
    return this.#failure
  }
}

/** Keeps with a request what was found out about it. */
export function setRequestState(req: IncomingMessage, state: RequestState): void {
  slotFor(req).state = state
}

/** What was found out about a request; undefined where no `wxLogin()` has seen it. */
export function requestState(req: IncomingMessage): RequestState | undefined {
  return slotOf(req)?.state as RequestState | undefined
}

/** Tells `onError`, and who listens for errors. */
export function report(runtime: Runtime, error: WxLoginError, req?: IncomingMessage): void {
  events.error.tell(() => {
    const { code, status, errcode, rid, reason } = error
    return {
      code,
      status,
      ...(errcode !== undefined && { errcode }),
      ...(rid !== undefined && { rid }),
      ...(reason !== undefined && { reason }),
      ...(req && { requestId: requestIdOf(req) }),
    }
  })
  observe('onError', runtime.settings.hooks.onError, error, req)
}

/**
 * Tells which sessions of a user were ended: `onRevoke`, whoever waits for the end of one, and who listens for
 * revocations. With no session nobody is told, unless it is WeChat that asked for it.
 */
export function reportRevoked(
  runtime: Runtime,
  user: WxIdentity,
  ended: Pick<WxRevokeEvent, 'sessionIds' | 'reason' | 'revokeInfo'>,
): void {
  const { sessionIds, reason } = ended
  const ours = reason === 'revoke' || reason === 'limit'
  if (ours && sessionIds.length === 0) return
  runtime.ends.tell({ ids: sessionIds, reason: reason === 'limit' ? 'limit' : 'revoke' })
  events.sessionRevoked.tell(() => ({ appid: user.appid, sessionIds, reason }))
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
