import type { IncomingMessage } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import { createRuntime } from './create-runtime.js'
import { warnOnce } from './diagnostics.js'
import { patientOf } from './doctor/patient.js'
import { createReadiness } from './doctor/readiness.js'
import { authenticate, loadLogin, shareContext } from './load-login.js'
import { nodeFaults } from './node-version.js'
import { findOptionFaults, optionError } from './option-faults.js'
import type { WxLoginOptions } from './option-types.js'
import type { WxLogin } from './plugin-types.js'
import { publicSessions } from './public-sessions.js'
import { redisFaults, redisWarnings } from './redis/check-client.js'
import { requireWxSession } from './require-wx-session.js'
import { hearCloud } from './routes/hear-cloud.js'
import { loginRoute } from './routes/login.js'
import { logoutRoute } from './routes/logout.js'
import { messagePushRoute, verifyUrlRoute } from './routes/message-push.js'
import { passBy } from './routes/pass-by.js'
import { phoneRoute } from './routes/phone.js'
import { profileRoute } from './routes/profile.js'
import { sessionRoute } from './routes/session.js'
import type { Runtime } from './runtime.js'
import { shareSession } from './session/lazy-session.js'
import { createUserSessions, type UserSessions } from './session/user-sessions.js'
import { settingsOf } from './settings.js'
import { explained, type SetUpFault } from './start-up.js'

/** Clients whose errors are listened to. */
const heard = new WeakSet<object>()

/**
 * WeChat Mini Program login for Express: a router with `POST /wx/login`, `GET /wx/session`, `POST /wx/logout`,
 * `POST /wx/profile` and `POST /wx/phone`, and `req.wx` on every later request. Put it at the root of the app, before
 * the routes that need it.
 *
 * @throws {@link WxLoginError} `WX_APP_CONFIG` that names every wrong option at once
 * @example
 * ```ts
 * const wx = wxLogin({
 *   appid: process.env.WX_APPID!,
 *   secret: process.env.WX_SECRET!,
 *   session: { secret: process.env.SESSION_SECRET! },
 *   redis,
 *   onUser: (event) => users.upsert(event),
 * })
 * app.use(wx)
 * app.get('/me', requireWxSession, (req, res) => res.json(getWx(req).user))
 * ```
 */
export function wxLogin(options: WxLoginOptions): WxLogin {
  const faults = [
    ...nodeFaults(),
    ...findOptionFaults(options),
    ...redisFaults((options as WxLoginOptions | null)?.redis).map((text): SetUpFault => ({
      text,
      topic: 'redis-client',
    })),
  ]
  if (faults.length > 0) throw optionError(faults)
  const settings = settingsOf(options)
  const { redis } = options
  // Without a listener node-redis ends the process when the connection breaks; the plugin answers 503.
  if (redis && !heard.has(redis)) {
    heard.add(redis)
    redis.on('error', () => undefined)
  }
  const warnings = redisWarnings(redis)
  if (warnings.length > 0) {
    warnOnce(
      'WX_REDIS',
      explained(
        `wxLogin: the Redis client should have other options; createRedis(url) sets them all:\n${warnings.map((w) => `  - ${w}`).join('\n')}`,
        'redis-options',
      ),
    )
  }

  shareSession(express.request)
  shareContext(express.request)
  const { runtime, close } = createRuntime(settings, redis)
  const sessions = createUserSessions(runtime.host, runtime.state)
  const router = createRouter(runtime, sessions)
  return Object.assign(router, {
    sessions: publicSessions(runtime, sessions),
    api: runtime.api,
    checkReadiness: createReadiness(patientOf(settings, redis)),
    authenticate: (req: IncomingMessage) => authenticate(runtime, req),
    async close({ timeout }: { timeout?: number | undefined } = {}) {
      const { logins } = runtime
      logins.open = false
      const timer =
        timeout === undefined
          ? undefined
          : setTimeout(() => {
              const { cuts } = logins
              logins.cuts = undefined
              for (const cut of cuts ?? []) cut()
            }, timeout)
      await Promise.allSettled(logins.running)
      clearTimeout(timer)
      close()
    },
  })
}

function createRouter(runtime: Runtime, sessions: UserSessions): express.Router {
  const router = express.Router()
  const { login, logout, messagePush, phone, profile, session } = runtime.settings.routes
  const load = (req: Request, res: Response, next: NextFunction): void => {
    loadLogin(runtime, req, res, next)
  }
  // Before the session is loaded: a login makes a new one, whatever comes with it.
  if (login !== false) router.post(login, loginRoute(runtime, sessions))
  // WeChat's own servers have no session.
  const push = runtime.settings.messagePush
  if (push && messagePush !== false) {
    router.get(messagePush, verifyUrlRoute(runtime, push))
    router.post(messagePush, messagePushRoute(runtime, sessions, push))
  }
  router.use(load)
  if (logout !== false) router.post(logout, logoutRoute(runtime, sessions))
  if (session !== false) router.get(session, requireWxSession, sessionRoute(runtime))
  if (profile !== false) router.post(profile, requireWxSession, profileRoute(runtime))
  if (phone !== false) router.post(phone, requireWxSession, phoneRoute(runtime))
  passBy(router, load)
  hearCloud(router, runtime)
  return router
}
