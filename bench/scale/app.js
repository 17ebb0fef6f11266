import { createServer } from 'node:http'
import { performance } from 'node:perf_hooks'
import { getWx, requireWxSession, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { answer } from '../lib/child.js'
import { express, expressSession, RedisStore } from '../lib/root.js'

/**
 * One server process of a benchmark, started by apps.js: Express alone, with stock sessions, or with the plugin.
 * What it can be asked stands at the end.
 *
 * @typedef {object} AppConfig
 * @property {'express' | 'stock' | 'plugin'} kind
 * @property {string} secret of the sessions
 * @property {string} [redisUrl]
 * @property {{ appid: string, secret: string, baseUrl: string }} [wechat]
 * @property {boolean} [resolver] finds every app by a function, all with one secret
 * @property {string} [pushToken] takes messages of WeChat
 */
const config = /** @type {AppConfig} */ (JSON.parse(process.argv[2]))

/** What the app keeps of a user; the same in every kind. */
const userOf = (/** @type {string} */ openid) => ({
  id: openid.slice(-8),
  name: '王小明',
  avatar: `https://cdn.example.com/avatars/${openid}.webp`,
  roles: ['member'],
})

const app = express()
const redis = config.redisUrl === undefined ? undefined : createRedis(config.redisUrl)
await redis?.connect()
/** Only of the kind `plugin`. @type {any} */
let wx

if (config.kind === 'express') {
  app.get('/me', (_req, res) => {
    res.json({ openid: 'nobody' })
  })
}

if (config.kind === 'stock') {
  app.use(
    expressSession({
      secret: config.secret,
      store: new RedisStore({ client: redis }),
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 7 * 24 * 3600_000 },
    }),
  )
  // What the usual login route leaves in the session.
  app.post('/wx/login', express.json(), (req, res) => {
    const { openid, session_key } = req.body
    Object.assign(req.session, { openid, session_key, user: userOf(openid) })
    res.json({})
  })
  app.get('/me', (req, res) => {
    res.json({ openid: req.session.openid })
  })
}

if (config.kind === 'plugin') {
  const { appid, secret, baseUrl } = /** @type {NonNullable<AppConfig['wechat']>} */ (config.wechat)
  wx = wxLogin({
    ...(config.resolver
      ? { apps: (/** @type {string} */ named = appid) => ({ appid: named, secret }) }
      : { appid, secret }),
    session: { secret: config.secret },
    ...(redis && { redis }),
    wechat: { baseUrl },
    // A machine that is busy elsewhere is no reason to end a run.
    storeTimeout: 10_000,
    ...(config.pushToken && { messagePush: { token: config.pushToken } }),
    onUser: ({ openid }) => userOf(openid),
    onError: ({ code, reason }) => {
      // Refused tokens are part of the load.
      if (code !== 'WX_SESSION_REQUIRED') console.error(`${code}: ${reason}`)
    },
  })
  app.use(wx)
  app.get('/me', requireWxSession, (req, res) => {
    res.json({ openid: getWx(req).openid })
  })
  app.get('/fields', requireWxSession, (req, res) => {
    res.json(
      Object.fromEntries(Object.entries(req.session).filter(([name]) => name.startsWith('field'))),
    )
  })
  app.post('/fields', requireWxSession, express.json(), (req, res) => {
    Object.assign(req.session, req.body)
    res.json({})
  })
}

const server = createServer(app)
// Longer than any run: Node would close a connection in the moment the client takes it up again.
server.keepAliveTimeout = 7 * 24 * 3600_000

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  answer(
    { port },
    {
      /** µs of the process so far. */
      cpu() {
        const { user, system } = process.cpuUsage()
        return user + system
      },

      /** Bytes in use after gc(), twice: what the first round finds out of use may free more. */
      async heap() {
        await new Promise((resolve) => setImmediate(resolve))
        const { gc } = /** @type {any} */ (globalThis)
        gc()
        gc()
        return process.memoryUsage().heapUsed
      },

      memory: () => process.memoryUsage(),

      async list(user) {
        const start = performance.now()
        const { length } = await wx.sessions.list(user)
        return { ms: performance.now() - start, count: length }
      },

      async revokeAll(user) {
        const start = performance.now()
        const count = await wx.sessions.revokeAll(user)
        return { ms: performance.now() - start, count }
      },

      /** The access tokens that so many callers at once get. */
      accessTokens: (count) =>
        Promise.all(Array.from({ length: count }, () => wx.api.accessToken())),
    },
  )
})
