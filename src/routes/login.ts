import type { Request, Response } from 'express'
import * as v from 'valibot'
import { observe } from '../diagnostics.js'
import { WxLoginError } from '../errors.js'
import { appidPattern } from '../options.js'
import { handler } from '../respond.js'
import { asUser, identityOf, report, reportRevoked, type Runtime } from '../runtime.js'
import { keyIdOf, publicId, type WxSessionRecord } from '../session/record.js'
import type { NewSession } from '../session/session-host.js'
import { disconnected, storeUnavailable } from '../session/store-guard.js'
import type { UserSessions } from '../session/user-sessions.js'
import type { UserKey, WxApp, WxCodeSession, WxIdentity, WxProfile, WxUserEvent } from '../types.js'
import { saveUser } from '../user-hook.js'
import { checkCodeSession, code2Session } from '../wechat/code2session.js'
import type { Flight } from '../wechat/code-flights.js'
import { untilAborted, upstreamError } from '../wechat/http.js'
import { openDataFaults } from '../wechat/open-data.js'
import { type OpenData, profileOf } from '../wechat/user-data.js'
import { codeEntry, openDataEntries, openDataOf, readBody } from './body.js'
import { explainRefusedCode } from './code-hints.js'
import { findApp, refererAppid } from './find-app.js'
import { assertOpen, inFlight, unlessCut } from './in-flight.js'

const schema = v.object({
  code: codeEntry('wx.login'),
  appid: v.optional(
    v.pipe(v.string('must be a string'), v.regex(appidPattern, 'must be an AppID')),
  ),
  ...openDataEntries,
})

async function exchange(runtime: Runtime, app: WxApp, code: string): Promise<WxCodeSession> {
  const { code2Session: custom, baseUrl, timeout, fetch } = runtime.settings.wechat
  if (!custom) return code2Session({ ...app, code, baseUrl, timeout, fetch })
  const signal = AbortSignal.timeout(timeout)
  try {
    return checkCodeSession(
      await untilAborted((async () => custom({ ...app, code, signal }))(), signal),
    )
  } catch (error) {
    if (WxLoginError.is(error)) throw error
    throw upstreamError(
      `wechat.code2Session failed${error instanceof Error ? `: ${error.name}` : ''}`,
    )
  }
}

/**
 * Puts the new session in the place of the one that came with the request: saves it, enters it in the user's
 * list, ends the other. Where any of it fails, or its key is not in the history, the new one is given up.
 *
 * @returns how long the user's list is: at least as long as the user has sessions
 */
async function store(
  { state, host }: Runtime,
  user: WxIdentity,
  session: NewSession,
  {
    loginAt,
    previous,
    remembered,
  }: { loginAt: number; previous: string | null; remembered: Promise<void> },
): Promise<number> {
  try {
    // One round trip: nothing waits for another's answer.
    const [, listed] = await Promise.all([
      session.save(),
      state.addSession(user, session.sid, loginAt),
      remembered,
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
  flight: Flight,
  { user, sessionKey, openData }: { user: WxIdentity; sessionKey: string; openData: OpenData },
): Promise<WxProfile> {
  const read = (candidates: UserKey[]): WxProfile =>
    profileOf({ ...user, keys: candidates, watermarkMaxAge }, openData)
  const own = { sessionKey, at: flight.startedAt }
  return flight.attempt(
    () => read([{ sessionKey }]),
    async () =>
      read(
        await keys.of(user, own).catch((error: unknown) => {
          throw storeUnavailable(error)
        }),
      ),
  )
}

/** A login whose request is of the right form. */
interface LoginRequest {
  req: Request
  res: Response
  /** When it came in, on the clock of {@link performance}. */
  arrivedAt: number
  /** The session that came with it. */
  previous: string | null
  body: v.InferOutput<typeof schema>
}

/**
 * `POST /wx/login`: exchanges the code, lets the app save the user, makes a new session and hands out its token.
 * Until the store has confirmed the new session nothing is changed but the key that WeChat has changed; then the
 * session that came with the request ends.
 */
async function logIn(
  runtime: Runtime,
  sessions: UserSessions,
  { req, res, arrivedAt, previous, body }: LoginRequest,
): Promise<void> {
  const { host, settings, sealer } = runtime
  const openData = openDataOf(body)
  const app = await findApp(runtime, body.appid, req)

  const flight = runtime.flights.join({ appid: app.appid, code: body.code }, arrivedAt, () =>
    runtime.breaker(() => exchange(runtime, app, body.code)),
  )
  const { openid, sessionKey, unionid } = await unlessCut(runtime, flight.session).catch(
    (error: unknown) => {
      const login = { appid: app.appid, code: body.code, referer: refererAppid(req) }
      throw explainRefusedCode(error, login)
    },
  )
  const identity = identityOf({
    appid: app.appid,
    openid,
    ...(unionid !== undefined && { unionid }),
  })

  // Whatever becomes of this login, WeChat has replaced the user's key, and the sessions there are need the new one.
  const remembered = runtime.keys.add(identity, sessionKey, flight.startedAt)
  remembered.catch(() => undefined)

  const profile =
    openData && (await readProfile(runtime, flight, { user: identity, sessionKey, openData }))
  const event: WxUserEvent = { ...identity, reason: 'login', ...(profile && { profile }) }
  const user = await unlessCut(
    runtime,
    flight.user(async () => asUser((await saveUser(runtime, event, req)) ?? null)),
  )

  // Nobody is there to take the token; the code stays good for another try.
  if (res.closed) return

  const record: WxSessionRecord = {
    v: 1,
    ...identity,
    loginAt: Date.now(),
    key: sealer.seal(sessionKey, identity),
    keyId: keyIdOf(sessionKey),
    keyAt: flight.startedAt,
  }
  const session = host.make(req, res, record, user)
  const listed = await store(runtime, identity, session, {
    loginAt: record.loginAt,
    previous,
    remembered,
  })
  await flight.used()
  if (previous !== null) runtime.ends.tell({ ids: [publicId(previous)], reason: 'login' })
  session.deliver()
  if (listed > settings.maxPerUser) {
    // The login stands by now: a failure here is for the log.
    await sessions.trim(identity, settings.maxPerUser, session.sid).then(
      (ended) => {
        reportRevoked(runtime, identity, { sessionIds: ended, reason: 'limit' })
      },
      (error: unknown) => {
        report(runtime, storeUnavailable(error), req)
      },
    )
  }
  res.json({
    token: session.token,
    expiresIn: settings.session?.ttl ?? host.expiresIn(req),
    keyId: record.keyId,
    user,
  })
  observe(
    'onLogin',
    settings.hooks.onLogin,
    { ...identity, sessionId: publicId(session.sid), user },
    req,
  )
}

export function loginRoute(runtime: Runtime, sessions: UserSessions): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const arrivedAt = performance.now()
    assertOpen(runtime)
    const previous = runtime.host.prepare(req)
    if (!runtime.storeReady()) throw disconnected()
    const body = await readBody(schema, req, res, { check: openDataFaults })
    // A body can take its time; close() waits for logins only from here on.
    await inFlight(runtime, () => logIn(runtime, sessions, { req, res, arrivedAt, previous, body }))
  })
}
