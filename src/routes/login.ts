import type { Request, Response } from 'express'
import * as v from 'valibot'
import { callerOf } from '../cloud-call.js'
import { observe } from '../diagnostics.js'
import { events } from '../diagnostics-channels.js'
import { WxLoginError } from '../errors.js'
import { appidPattern } from '../options.js'
import { requestIdOf } from '../request-id.js'
import { handler, sendJson } from '../respond.js'
import { identityOf, report, reportRevoked, type Runtime } from '../runtime.js'
import { servedApp } from '../served-app.js'
import { noKey, publicId, shownKeyId } from '../session/record.js'
import { disconnected, storeUnavailable } from '../session/store-call.js'
import type { UserSessions } from '../session/user-sessions.js'
import { nextTurn } from '../turn.js'
import type { WxIdentity } from '../types.js'
import type { Flight } from '../wechat/code-flights.js'
import { openDataFaults } from '../wechat/open-data.js'
import { badRequest, codeEntry, openDataEntries, openDataOf, readBody } from './body.js'
import { explainRefusedCode } from './code-hints.js'
import { exchange } from './exchange.js'
import { findApp, refererAppid } from './find-app.js'
import { assertOpen, inFlight, unlessCut } from './in-flight.js'
import { type LoginFlight, makeSession } from './make-session.js'

const entries = {
  appid: v.optional(
    v.pipe(v.string('must be a string'), v.regex(appidPattern, 'must be an AppID')),
  ),
  ...openDataEntries,
}
const code = codeEntry('wx.login')
const schema = v.object({ code, ...entries })
/** Where WeChat has named the user already, a code brings nothing but the session key. */
const callerSchema = v.object({ code: v.optional(code), ...entries })
type Body = v.InferOutput<typeof callerSchema>

/** A login as it comes in. */
interface Arrival {
  req: Request
  res: Response
  /** When it came in, on the clock of {@link performance}. */
  arrivedAt: number
  /** Of the app, as soon as it is known. */
  appid?: string
}

/** A login whose request is of the right form. */
interface LoginRequest extends Arrival {
  /** The session that came with it. */
  previous: string | null
  body: Body
  /** Whom cloud hosting names. */
  caller: WxIdentity | null
}

/** What a login is made from. */
interface Proof {
  identity: WxIdentity
  sessionKey: string
  flight: LoginFlight & Pick<Flight, 'used'>
}

const otherUser = (): WxLoginError =>
  badRequest('code: is of another user or mini program than WeChat names in the headers.')

/** Exchanges the code. */
async function proveByCode(runtime: Runtime, code: string, login: LoginRequest): Promise<Proof> {
  const { req, arrivedAt, body, caller } = login
  const app = await findApp(runtime, body.appid ?? caller?.appid, req)
  const { appid } = app
  login.appid = appid
  // Before the code is spent.
  if (caller && caller.appid !== appid) throw otherUser()
  const flight = runtime.flights.join({ appid, code }, arrivedAt, () =>
    runtime.breaker(() => exchange(runtime, app, code)),
  )
  const exchanged = await unlessCut(runtime, flight.session).catch((error: unknown) => {
    throw explainRefusedCode(error, { appid, code, referer: refererAppid(req) })
  })
  if (caller && caller.openid !== exchanged.openid) throw otherUser()
  const identity = identityOf({ appid, ...exchanged })
  return { identity, sessionKey: exchanged.sessionKey, flight }
}

/** Takes the user that cloud hosting names. */
async function proveByCaller(
  runtime: Runtime,
  caller: WxIdentity,
  login: LoginRequest,
): Promise<Proof> {
  const { req, body } = login
  if (body.appid !== undefined && body.appid !== caller.appid) {
    throw badRequest('appid: is not the one that WeChat names in the headers.')
  }
  await servedApp(runtime, caller.appid, req)
  login.appid = caller.appid
  const flight: Proof['flight'] = {
    startedAt: Date.now(),
    user: (save) => save(),
    attempt: async (own) => own(),
    used: async () => undefined,
  }
  return { identity: caller, sessionKey: noKey, flight }
}

/** Answers a login whose request is of the right form. */
async function logIn(runtime: Runtime, sessions: UserSessions, login: LoginRequest): Promise<void> {
  const { host, settings } = runtime
  const { req, res, arrivedAt, previous, body, caller } = login
  const openData = openDataOf(body)
  const { identity, sessionKey, flight } =
    body.code === undefined
      ? await proveByCaller(runtime, caller!, login)
      : await proveByCode(runtime, body.code, login)

  const exchanged = { req, res, previous, identity, sessionKey, openData }
  const made = await makeSession(runtime, flight, exchanged)
  if (!made) return
  const { session, record, user, listed } = made
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
  sendJson(res, 200, {
    token: session.token,
    expiresIn: host.expiresIn(record, req),
    keyId: shownKeyId(record),
    user,
  })
  events.loginMade.tell(() => ({
    appid: identity.appid,
    sessionId: publicId(session.sid),
    requestId: requestIdOf(req),
    durationMs: performance.now() - arrivedAt,
  }))
  const { onLogin } = settings.hooks
  if (onLogin) {
    observe('onLogin', onLogin, { ...identity, sessionId: publicId(session.sid), user }, req)
  }
}

/** Without a code there is no key to try data on. */
function callerFaults(body: Partial<Record<keyof Body, unknown>>): string[] {
  const keyless = body.code === undefined && openDataOf(body) !== undefined
  return keyless ? ['code: is missing; signed and encrypted data need one'] : openDataFaults(body)
}

/** Tells who listens that a login came to nothing. */
function tellFailed(error: unknown, login: Arrival): void {
  if (!WxLoginError.is(error)) return
  const { code, status, errcode } = error
  const { req, arrivedAt, appid } = login
  events.loginFailed.tell(() => ({
    code,
    status,
    ...(errcode !== undefined && { errcode }),
    ...(appid !== undefined && { appid }),
    requestId: requestIdOf(req),
    durationMs: performance.now() - arrivedAt,
  }))
}

/**
 * `POST /wx/login`: exchanges the code, lets the app save the user, makes a new session and hands out its token.
 * Until the store has confirmed the new session nothing is changed; then the session that came with the request
 * ends.
 */
export function loginRoute(runtime: Runtime, sessions: UserSessions): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const asked: Arrival = { req, res, arrivedAt: performance.now() }
    try {
      assertOpen(runtime)
      const caller = callerOf(runtime, req)
      if (caller instanceof WxLoginError) throw caller
      const previous = runtime.host.prepare(req)
      if (!runtime.storeReady()) throw disconnected()
      const body = caller
        ? await readBody(callerSchema, req, res, { optional: true, check: callerFaults })
        : await readBody(schema, req, res, { check: openDataFaults })
      await nextTurn()
      // A body can take its time; close() waits for logins only from here on. The same object goes on, so that a failure
      // is told with the app that was found meanwhile.
      await inFlight(runtime, () =>
        logIn(runtime, sessions, Object.assign(asked, { previous, body, caller })),
      )
    } catch (error) {
      tellFailed(error, asked)
      throw error
    }
  })
}
