import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import expressSession from 'express-session'
import { createContext, sidOf } from './context.js'
import { warnOnce } from './diagnostics.js'
import { WxLoginError } from './errors.js'
import { optionError, optionFaults, production } from './options.js'
import { redisFaults, redisWarnings } from './redis/check-client.js'
import type { LiveClient } from './redis/client-kind.js'
import { createRedisEndChannel } from './redis/end-channel.js'
import type { RedisLink } from './redis/link.js'
import { loadConnectRedis } from './redis/load-connect-redis.js'
import { createRedisSessionStore } from './redis/session-store.js'
import { shareRedisLink } from './redis/shared-link.js'
import { createRedisUserState } from './redis/user-state.js'
import { isWrongType } from './redis/reply-error.js'
import { requireWxSession } from './require-wx-session.js'
import { loginRoute } from './routes/login.js'
import { logoutRoute } from './routes/logout.js'
import { profileRoute } from './routes/profile.js'
import { sessionRoute } from './routes/session.js'
import {
  type RequestState,
  report,
  reportRevoked,
  requestState,
  type Runtime,
  setRequestState,
} from './runtime.js'
import { createAppSession } from './session/app-session.js'
import { createMemoryUserState } from './session/memory-user-state.js'
import { createOwnSession } from './session/own-session.js'
import type { WxSessionRecord } from './session/record.js'
import { createSealer } from './session/sealing.js'
import { createSessionEnds } from './session/session-ends.js'
import type { SessionHost } from './session/session-host.js'
import { StoreGuard, storeUnavailable } from './session/store-guard.js'
import { createUserSessions, type UserSessions } from './session/user-sessions.js'
import { type Settings, settingsOf } from './settings.js'
import type { UserState, WxIdentity, WxLogin, WxLoginOptions, WxSessions } from './types.js'
import { createBreaker } from './wechat/breaker.js'
import { createCodeFlights } from './wechat/code-flights.js'

/** Clients whose errors are listened to. */
const heard = new WeakSet<object>()

/** How long user lists are kept where the session's lifetime is the app's business: 30 days. */
const appSessionTtl = 30 * 24 * 3600

/**
 * WeChat Mini Program login for Express: a router with `POST /wx/login`, `GET /wx/session`, `POST /wx/logout` and
 * `POST /wx/profile`, and `req.wx` on every later request. Put it at the root of the app, before the routes
 * that need it.
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
    ...optionFaults(options),
    ...redisFaults((options as WxLoginOptions | null)?.redis),
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
      `wxLogin: the Redis client should have other options; createRedis(url) sets them all:\n${warnings.map((w) => `  - ${w}`).join('\n')}`,
    )
  }

  const link = redis && shareRedisLink(redis as unknown as LiveClient, settings.storeTimeout)
  const state = createState(settings, link)
  const tell = (error: unknown, req?: IncomingMessage): void => {
    report(runtime, storeUnavailable(error), req)
  }
  const host = createHost(settings, link, tell)
  const cut = new AbortController()
  // Every login in flight listens.
  setMaxListeners(0, cut.signal)
  const runtime: Runtime = {
    settings,
    state,
    host,
    storeReady: () => link?.ready() ?? true,
    sealer: createSealer(settings.keySecrets),
    flights: createCodeFlights(),
    breaker: createBreaker(),
    ends: createSessionEnds(
      (sids) => host.alive(sids),
      link && createRedisEndChannel(link, settings.redisPrefix),
    ),
    logins: { open: true, running: new Set(), cut },
  }
  const sessions = createUserSessions(runtime.host, state)
  const router = createRouter(runtime, sessions)
  return Object.assign(router, {
    sessions: publicSessions(runtime, sessions),
    async authenticate(req: IncomingMessage) {
      const found = await runtime.host.authenticate(req)
      if (!found || !served(runtime, found.record)) return null
      return createContext(runtime, found.sid, found.record, { wxUser: found.user })
    },
    async close({ timeout }: { timeout?: number | undefined } = {}) {
      const { logins } = runtime
      logins.open = false
      const timer =
        timeout === undefined
          ? undefined
          : setTimeout(() => {
              logins.cut.abort()
            }, timeout)
      await Promise.allSettled(logins.running)
      clearTimeout(timer)
      runtime.ends.close()
      link?.close()
    },
  })
}

function createHost(
  settings: Settings,
  link: RedisLink | undefined,
  tell: (error: unknown, req?: IncomingMessage) => void,
): SessionHost {
  const { session, storeTimeout: timeout } = settings
  if (!link && production()) {
    warnOnce(
      'WX_LISTS',
      'wxLogin has no redis: wx.sessions, session.maxPerUser and the limit on refused data know this process only.',
    )
  }
  if (!session) return createAppSession(timeout)
  const options = { timeout, onTouchError: tell, absoluteTtl: session.absoluteTtl }
  const host = (store: StoreGuard, ready?: () => boolean): SessionHost =>
    createOwnSession(settings, session, store, { ...(ready && { ready }), onLateError: tell })
  if (link && !session.store) {
    const inner = createRedisSessionStore(loadConnectRedis(), link, {
      prefix: `${settings.redisPrefix}sess:`,
      ttl: session.ttl,
    })
    const onFailure = (): void => {
      link.trouble()
    }
    const store = new StoreGuard(inner, { ...options, onFailure, unreadable: isWrongType })
    return host(store, () => link.ready())
  }
  const store = session.store ?? new expressSession.MemoryStore()
  if (store instanceof expressSession.MemoryStore) {
    warnOnce(
      'WX_MEMORY',
      'wxLogin keeps sessions in memory: they end with this process. Give it `redis`.',
    )
  }
  return host(new StoreGuard(store, options))
}

function createState(settings: Settings, link: RedisLink | undefined): UserState {
  if (!link) return createMemoryUserState()
  return createRedisUserState(link, {
    prefix: settings.redisPrefix,
    ttl: settings.session?.ttl ?? appSessionTtl,
    timeout: settings.storeTimeout,
  })
}

/** A session counts only where its app is served: another server may share the store and the secret. */
function served(runtime: Runtime, record: WxSessionRecord): boolean {
  const { apps } = runtime.settings
  return apps === undefined || apps.has(record.appid)
}

function createRouter(runtime: Runtime, sessions: UserSessions): express.Router {
  const router = express.Router()
  const { login, logout, profile, session } = runtime.settings.routes
  // Before the session is loaded: a login makes a new one, whatever comes with it.
  if (login !== false) router.post(login, loginRoute(runtime, sessions))
  router.use((req: Request, res: Response, next: NextFunction) => {
    const before = requestState(req)
    // Mounted twice, or behind another wxLogin that knows the user: once is enough.
    if (before && (before.login || before.runtime === runtime)) {
      next()
      return
    }
    runtime.host.load(req, res, ({ record, failure }) => {
      const known = record && served(runtime, record) ? record : null
      if (record && !known) runtime.host.detach(req)
      const state: RequestState = {
        runtime,
        failure,
        login: known && {
          record: known,
          context: createContext(runtime, req.sessionID, known, req.session),
        },
      }
      setRequestState(req, state)
      if (state.login) {
        req.wx = state.login.context
        runtime.state.keepAlive(known!)
      }
      next()
    })
  })
  if (logout !== false) router.post(logout, logoutRoute(runtime, sessions))
  if (session !== false) router.get(session, requireWxSession, sessionRoute(runtime))
  if (profile !== false) router.post(profile, requireWxSession, profileRoute(runtime))
  return router
}

const misuse = (message: string): WxLoginError => new WxLoginError('WX_APP_CONFIG', { message })

function assertIdentity(user: unknown): void {
  const { appid, openid } = (user ?? {}) as Partial<Record<keyof WxIdentity, unknown>>
  if (typeof appid === 'string' && typeof openid === 'string') return
  throw misuse('wx.sessions: the user must be { appid, openid }')
}

function publicSessions(runtime: Runtime, sessions: UserSessions): WxSessions {
  return {
    async list(user) {
      assertIdentity(user)
      return sessions.list(user)
    },
    async revoke(user, id) {
      assertIdentity(user)
      const ended = await sessions.end(user, id)
      if (ended) reportRevoked(runtime, user, [id], 'revoke')
      return ended
    },
    async revokeAll(user, options) {
      assertIdentity(user)
      const unknown = Object.keys(options ?? {}).find((name) => name !== 'except')
      if (unknown !== undefined) {
        throw misuse(`wx.sessions.revokeAll: ${unknown}: unknown option, there is only except`)
      }
      const ids = await sessions.endAll(user, options?.except)
      reportRevoked(runtime, user, ids, 'revoke')
      return ids.length
    },
    onEnd(session, listener) {
      const sid = sidOf(session)
      if (sid !== undefined) return runtime.ends.watch(sid, listener)
      throw new WxLoginError('WX_SESSION_REQUIRED', {
        message: 'wx.sessions.onEnd takes req.wx, or what wx.authenticate gave.',
      })
    },
  }
}
