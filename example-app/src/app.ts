import type { IncomingMessage } from 'node:http'
import express, { type Express, type Request } from 'express'
import {
  type WxLogin,
  wxErrorHandler,
  wxLogin,
  type WxLoginError,
  type WxLoginOptions,
} from 'express-wx-login'
import type { Store } from 'express-session'
import helmet from 'helmet'
import type { Avatars } from './avatars.js'
import type { Config } from './config.js'
import type { Database } from './database.js'
import { errorHandler, notFound } from './errors.js'
import { createEventStream } from './event-stream.js'
import { createReadinessCheck } from './health.js'
import type { Log } from './logger.js'
import type { Metrics } from './metrics.js'
import type { Notes } from './notes.js'
import { loginRateLimit } from './rate-limit.js'
import { redisKind } from './redis.js'
import { noteError, requestLog } from './request-log.js'
import { appRoutes } from './routes.js'
import { createSessionCheck, type RedisState } from './session-check.js'
import { startPage } from './start-page.js'
import type { Status } from './status.js'
import type { Tracing } from './tracing.js'
import type { Users } from './users.js'
import type { WeChat } from './wechat.js'

export interface Dependencies {
  config: Config
  wechat: Pick<WeChat, 'appid' | 'secret' | 'baseUrl'>
  redis?: WxLoginOptions['redis']
  /** Instead of `redis`; without either the plugin has one in memory. */
  store?: Store
  database: Database
  users: Users
  notes: Notes
  avatars: Avatars
  metrics: Metrics
  tracing?: Tracing
  log: Log
  status: () => Status
}

/** The app, and those parts of it that its server needs. */
export interface Assembly {
  app: Express
  wx: WxLogin
  /** Where sessions are in Redis: what a request would meet there now. */
  checkRedis?: () => Promise<RedisState>
  /** Ends the answers that would go on for ever. */
  endStreams: () => void
}

/** Puts the app together; opens and starts nothing. */
export function createApp(d: Dependencies): Assembly {
  const onError = (error: WxLoginError, req?: IncomingMessage): void => {
    d.metrics.error(error.code)
    // Before the reply the error goes into the request's own line; later it gets one of its own.
    if (req !== undefined && (req as Request).res?.writableEnded === false) noteError(req, error)
    else d.log.warn({ err: error }, 'express-wx-login')
  }
  const wx = wxLogin({
    appid: d.wechat.appid,
    secret: d.wechat.secret,
    session: { secret: d.config.sessionSecrets, ...(d.store && { store: d.store }) },
    ...(d.redis !== undefined && { redis: d.redis }),
    ...(d.wechat.baseUrl !== undefined && { wechat: { baseUrl: d.wechat.baseUrl } }),
    onUser: (event) => d.users.upsert(event),
    onError,
  })

  const url = d.config.redisUrl
  const checkRedis =
    url === undefined
      ? undefined
      : createSessionCheck(wx.sessions, d.wechat.appid, redisKind(url) === 'cluster')
  const ready = createReadinessCheck(d.database, checkRedis)
  const events = createEventStream(wx.sessions)

  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', d.config.trustProxy ?? false)
  app.use(requestLog(d.log))
  if (d.tracing) app.use(d.tracing.trace)
  app.use(d.metrics.measure)
  // Over plain http, as on a developer's machine, `upgrade-insecure-requests` breaks every link.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }))

  app.get('/', startPage(d.status))
  app.get('/healthz', (_req, res) => void res.json({ status: 'ok' }))
  app.get('/readyz', async (_req, res) => {
    const readiness = await ready()
    res.status(readiness.status === 'ok' ? 200 : 503).json(readiness)
  })
  app.get('/metrics', d.metrics.expose)

  if (d.config.loginRateLimit > 0) {
    app.post('/wx/login', loginRateLimit(d.config.loginRateLimit, onError))
  }
  app.use(wx)
  app.use(d.metrics.seen)
  app.use(appRoutes(d.notes, d.avatars, events.handler))

  app.use(notFound)
  app.use(wxErrorHandler)
  app.use(errorHandler((code) => d.metrics.error(code)))
  return { app, wx, endStreams: events.close, ...(checkRedis && { checkRedis }) }
}
