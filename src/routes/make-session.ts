import type { Request, Response } from 'express'
import { events } from '../diagnostics-channels.js'
import type { WxUserEvent } from '../hook-types.js'
import { asUser, type Runtime } from '../runtime.js'
import { keyIdOf, noKey, shownKeyId, type WxSessionRecord } from '../session/record.js'
import type { NewSession } from '../session/session-host.js'
import { available, storeUnavailable } from '../session/store-call.js'
import type { UserKey } from '../state-types.js'
import type { WxIdentity, WxProfile, WxUser } from '../types.js'
import { saveUser } from '../user-hook.js'
import type { Flight } from '../wechat/code-flights.js'
import { isStaleKey } from '../wechat/open-data.js'
import { type OpenData, profileOf } from '../wechat/user-data.js'
import { unlessCut } from './in-flight.js'

/** A login whose code was exchanged. */
export interface ExchangedLogin {
  req: Request
  res: Response
  /** The session that came with it. */
  previous: string | null
  identity: WxIdentity
  /** {@link noKey} where WeChat named the user without a code. */
  sessionKey: string
  openData: OpenData | undefined
}

/** What making a session needs of a code. */
export type LoginFlight = Pick<Flight, 'user' | 'startedAt' | 'attempt'>

/**
 * Puts the new session in the place of the one that came with the request: saves it, enters it in the user's
 * list and its key in the history, ends the other. Where any of it fails the new one is given up.
 *
 * @returns how long the user's list is: at least as long as the user has sessions
 */
async function store(
  { state, host, keys }: Runtime,
  session: NewSession,
  {
    record: user,
    previous,
    keyAt,
  }: { record: WxSessionRecord; previous: string | null; keyAt: number },
): Promise<number> {
  try {
    const { loginAt, keyId: id, key: sealed } = user
    const { sid } = session
    // One round trip: nothing waits for another's answer.
    const [, listed] = await Promise.all([
      session.save(),
      shownKeyId(user) === null
        ? state.addSession(user, sid, loginAt)
        : keys.addLogin(user, { sid, loginAt }, { id, sealed, at: keyAt }),
    ])
    if (previous !== null) {
      await Promise.all([host.destroy([previous]), state.removeSessions(user, [previous])])
    }
    return listed
  } catch (error) {
    session.abandon()
    // Nobody has its token: that it is cleared away is not worth the wait for a store that fails.
    host.destroy([session.sid]).catch(() => undefined)
    state.removeSessions(user, [session.sid]).catch(() => undefined)
    throw storeUnavailable(error)
  }
}

/** Data that the phone got before `wx.login` is made with an earlier key; only then the history is asked. */
function readProfile(
  { settings: { watermarkMaxAge }, keys }: Runtime,
  flight: LoginFlight,
  { user, sessionKey, openData }: { user: WxIdentity; sessionKey: string; openData: OpenData },
): Promise<WxProfile> {
  const read = (candidates: UserKey[]): WxProfile =>
    profileOf({ ...user, keys: candidates, watermarkMaxAge }, openData)
  const own = { sessionKey, at: flight.startedAt }
  const others = async (): Promise<WxProfile> => read(await available(() => keys.of(user, own)))
  return flight
    .attempt(() => read([{ sessionKey }]), others)
    .catch((error: unknown) => {
      if (isStaleKey(error)) events.keyRefused.tell(() => ({ appid: user.appid }))
      throw error
    })
}

/** What came of a login that got this far. */
export interface MadeSession {
  session: NewSession
  record: WxSessionRecord
  user: WxUser
  /** How long the user's list is. */
  listed: number
}

/**
 * Lets the app save the user, and saves a session for them.
 *
 * @returns null where the phone has gone meanwhile: nobody is there to take the token
 */
export async function makeSession(
  runtime: Runtime,
  flight: LoginFlight,
  login: ExchangedLogin,
): Promise<MadeSession | null> {
  const { req, res, previous, identity, sessionKey, openData } = login
  const { host, sealer, keys } = runtime
  const { startedAt: keyAt } = flight
  let made: MadeSession | null = null
  try {
    const profile =
      openData && (await readProfile(runtime, flight, { user: identity, sessionKey, openData }))
    const event: WxUserEvent = { ...identity, reason: 'login', ...(profile && { profile }) }
    const user = await unlessCut(
      runtime,
      flight.user(async () => asUser((await saveUser(runtime, event, req)) ?? null)),
    )
    // The code stays good for another try.
    if (res.closed) return null

    const loginAt = Date.now()
    const record: WxSessionRecord = {
      v: 1,
      ...identity,
      loginAt,
      key: sealer.seal(sessionKey, identity),
      keyId: keyIdOf(sessionKey),
      keyAge: loginAt - keyAt,
    }
    const session = host.make(req, res, record, user)
    const listed = await store(runtime, session, { record, previous, keyAt })
    made = { session, record, user, listed }
    return made
  } finally {
    // WeChat has replaced the key of a user who may have sessions, whatever came of this login.
    if (!made && sessionKey !== noKey)
      keys.addBeside(identity, sessionKey, keyAt).catch(() => undefined)
  }
}
