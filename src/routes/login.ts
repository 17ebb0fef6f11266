import type { Request, Response } from 'express'
import * as v from 'valibot'
import { observe } from '../diagnostics.js'
import { WxLoginError } from '../errors.js'
import { appidPattern } from '../options.js'
import { handler, sendJson } from '../respond.js'
import { identityOf, report, reportRevoked, type Runtime } from '../runtime.js'
import { publicId } from '../session/record.js'
import { disconnected, storeUnavailable } from '../session/store-guard.js'
import type { UserSessions } from '../session/user-sessions.js'
import { nextTurn } from '../turn.js'
import type { WxApp, WxCodeSession } from '../types.js'
import { checkCodeSession, code2Session } from '../wechat/code2session.js'
import { untilAborted, upstreamError } from '../wechat/http.js'
import { openDataFaults } from '../wechat/open-data.js'
import { codeEntry, openDataEntries, openDataOf, readBody } from './body.js'
import { explainRefusedCode } from './code-hints.js'
import { findApp, refererAppid } from './find-app.js'
import { assertOpen, inFlight, unlessCut } from './in-flight.js'
import { makeSession } from './make-session.js'

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
 * Until the store has confirmed the new session nothing is changed; then the session that came with the request
 * ends.
 */
async function logIn(
  runtime: Runtime,
  sessions: UserSessions,
  { req, res, arrivedAt, previous, body }: LoginRequest,
): Promise<void> {
  const { host, settings } = runtime
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

  const made = await makeSession(runtime, flight, {
    ...{ req, res, previous, identity, sessionKey, openData },
  })
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
    expiresIn: settings.session?.ttl ?? host.expiresIn(record, req),
    keyId: record.keyId,
    user,
  })
  const { onLogin } = settings.hooks
  if (onLogin) {
    observe('onLogin', onLogin, { ...identity, sessionId: publicId(session.sid), user }, req)
  }
}

export function loginRoute(runtime: Runtime, sessions: UserSessions): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const arrivedAt = performance.now()
    assertOpen(runtime)
    const previous = runtime.host.prepare(req)
    if (!runtime.storeReady()) throw disconnected()
    const body = await readBody(schema, req, res, { check: openDataFaults })
    await nextTurn()
    // A body can take its time; close() waits for logins only from here on.
    await inFlight(runtime, () => logIn(runtime, sessions, { req, res, arrivedAt, previous, body }))
  })
}
