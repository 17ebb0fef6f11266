import express, { type Express, type RequestHandler } from 'express'
import expressSession from 'express-session'
import { createClient } from 'redis'
import request from 'supertest'
import {
  getWx,
  requireWxSession,
  wxErrorHandler,
  wxLogin,
  WxLoginError,
  type WxLoginOptions,
} from '../../src/index.js'
import type { StartUpTopic } from '../../src/start-up.js'
import { sessionSecret, startTestApp, withTestApp } from '../support/test-app.js'
import { collectWarnings, topicsIn } from './told.js'

const warnings = collectWarnings()

const environment = process.env['NODE_ENV']
afterEach(() => {
  process.env['NODE_ENV'] = environment
})

const appid = 'wx0123456789abcdef'
const options = { appid, secret: 'f'.repeat(32), session: { secret: sessionSecret } }
const session = (more: object = {}): RequestHandler =>
  expressSession({ secret: sessionSecret, resave: false, saveUninitialized: false, ...more })
const me: RequestHandler = (req, res) => res.json(getWx(req).openid)

/** The one warning of this code, which leads to this heading. */
function expectWarning(code: string, topic: StartUpTopic, says: RegExp): void {
  const said = warnings.of(code).filter((text) => topicsIn(text).includes(topic))
  expect(said).toEqual([expect.stringMatching(says)])
}

/** The message of a guarded request, which the set-up keeps from being answered. */
async function refusal(app: Express, path = '/me', status = 500): Promise<string> {
  const reply = await request(app).get(path)
  expect(reply.status).toBe(status)
  return (reply.body as { error: { message: string } }).error.message
}

test('sessions in memory: a warning', () => {
  wxLogin(options)
  expectWarning('WX_MEMORY', 'memory', /end with this process/)
})

test.each<[string, (app: Express) => void]>([
  [
    'mounted after the routes',
    (app) => {
      app.get('/me', requireWxSession, me)
      app.use(wxLogin(options))
    },
  ],
  ['never mounted', (app) => void app.get('/me', requireWxSession(), me)],
  [
    'mounted on a sub-path, with routes outside of it',
    (app) => {
      app.use('/api', wxLogin(options))
      app.get('/me', requireWxSession, me)
    },
  ],
])('%s: the guarded route says so, and so does the log', async (_, build) => {
  const app = express()
  build(app)
  const message = await refusal(app)
  expect(message).toMatch(/at the root of the app, before the routes/)
  expect(topicsIn(message)).toEqual(['not-seen'])
  expectWarning('WX_SESSION_MISSING', 'not-seen', /requireWxSession: the plugin has not seen/)
})

test('getWx on a route that the plugin has not seen says so', async () => {
  const app = express()
  app.get('/me', (req, res, next) => {
    try {
      me(req, res, next)
    } catch (error) {
      res.status(500).json({ error: { message: (error as Error).message } })
    }
  })
  expect(topicsIn(await refusal(app))).toEqual(['not-seen'])
})

test('mounted on a sub-path: a warning with the first request', async () => {
  const app = express()
  app.use('/api', wxLogin(options))
  await request(app).get('/api/anything')
  expectWarning('WX_SUB_PATH', 'sub-path', /at the root, and other paths into the option routes/)
})

test('two sessions: routes of the plugin and guarded ones say so, and so does the log', async () => {
  const app = express()
  app.use(session())
  app.use(wxLogin(options))
  app.get('/me', requireWxSession, me)
  expect(topicsIn(await refusal(app))).toEqual(['two-sessions'])
  expect(topicsIn(await refusal(app, '/wx/session'))).toEqual(['two-sessions'])
  const login = await request(app).post('/wx/login').send({ code: 'x' })
  expect(login.body).toMatchObject({ error: { code: 'WX_SESSION_CONFLICT' } })
  expectWarning('WX_SESSION_CONFLICT', 'two-sessions', /Remove one of the two/)
})

test('no session at all: routes of the plugin and guarded ones say so, and so does the log', async () => {
  const app = express()
  app.use(wxLogin({ ...options, session: undefined }))
  app.get('/me', requireWxSession, me)
  expect(topicsIn(await refusal(app))).toEqual(['no-session'])
  expectWarning('WX_SESSION_MISSING', 'no-session', /Either give wxLogin a `session/)
})

test('a session that is kept in the cookie: the message says what is needed', async () => {
  const app = express()
  app.use((req, _res, next) => {
    // As cookie-session makes one: an object with nothing to save it by.
    req.session = { views: 1 } as never
    next()
  })
  app.use(wxLogin({ ...options, session: undefined }))
  app.get('/me', requireWxSession, me)
  const message = await refusal(app)
  expect(message).toMatch(/not of express-session/)
  expect(topicsIn(message)).toEqual(['no-session'])
  const login = await request(app).post('/wx/login').send({ code: 'x' })
  expect(login.status).toBe(500)
  expect(login.body).toMatchObject({ error: { message } })
})

test('two wxLogin in one app: a warning, but not for two that share no login route', async () => {
  const apart = express()
  apart.use(wxLogin(options))
  apart.use(wxLogin({ ...options, routes: { login: '/other/login' } }))
  await request(apart).get('/')
  expect(warnings.of('WX_TWICE')).toEqual([])

  const app = express()
  app.use(wxLogin(options))
  app.use(wxLogin(options))
  await request(app).get('/')
  expectWarning('WX_TWICE', 'two-plugins', /several mini programs go into its option apps/)
})

test('one plugin that is mounted twice is none', async () => {
  const app = express()
  const wx = wxLogin({ ...options, routes: { login: '/twice' } })
  app.use(wx, wx)
  const before = warnings.of('WX_TWICE').length
  await request(app).get('/')
  expect(warnings.of('WX_TWICE')).toHaveLength(before)
})

test.each<[string, (app: Express) => void]>([
  ['as text', (app) => void app.use(express.text({ type: '*/*' }))],
  ['as bytes', (app) => void app.use(express.raw({ type: '*/*' }))],
  [
    'and thrown away',
    (app) =>
      void app.use((req, _res, next) => {
        req.resume()
        req.on('end', () => {
          next()
        })
      }),
  ],
])(
  'a body that was read before, %s: the phone hears nothing of it, the log does',
  async (_, before) => {
    await withTestApp({ before }, async (t) => {
      const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
      expect(reply.status).toBe(500)
      expect(reply.body).toMatchObject({
        error: { code: 'WX_APP_CONFIG', message: 'The server is not set up correctly.' },
      })
      expect(t.exchanges()).toBe(0)
      expectWarning('WX_APP_CONFIG', 'read-body', /before what reads bodies/)
    })
  },
)

test('a body that express.json() has read is fine, and a wrong one is still the phone’s fault', async () => {
  await withTestApp({ before: (app) => void app.use(express.json()) }, async (t) => {
    const good = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
    expect(good.status).toBe(200)
    expect((await t.post('/wx/login', [])).status).toBe(400)
  })
})

test('an AppSecret that WeChat refuses: the log says so without onError, and with it only that', async () => {
  const errors: unknown[] = []
  for (const onError of [(error: unknown) => void errors.push(error), undefined]) {
    expect(warnings.of('WX_APP_CONFIG').filter((text) => text.includes('40125'))).toEqual([])
    const t = await startTestApp({
      wx: { secret: 'e'.repeat(32), onError } as Partial<WxLoginOptions>,
    })
    const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
    expect(reply.body).toMatchObject({ error: { message: 'The server is not set up correctly.' } })
    await t.close()
  }
  expect(errors).toHaveLength(1)
  expectWarning('WX_APP_CONFIG', 'wechat-refuses', /40125: the AppSecret is wrong/)
})

test('what is wrong with no set-up is no warning, though it is a 500', async () => {
  const onUser = (): never => {
    throw new Error('no database')
  }
  await withTestApp({ wx: { onUser } }, async (t) => {
    await t.post('/wx/login', { code: t.sandbox.user('alice').login() }).expect(500)
  })
  expect(warnings.of('WX_USER_HOOK_FAILED')).toEqual([])
})

test('a fault of the set-up in a route that the plugin has not seen: a warning', async () => {
  const app = express()
  app.get('/me', () => {
    throw new WxLoginError('WX_APP_CONFIG', { message: 'The key of the payments is missing.' })
  })
  app.use(wxErrorHandler)
  await refusal(app)
  expect(warnings.of('WX_APP_CONFIG')).toContain('The key of the payments is missing.')
})

test('a Redis client that was never connected: 503, and a warning', async () => {
  const redis = createClient({ url: 'redis://127.0.0.1:1', disableOfflineQueue: true })
  const wx = wxLogin({ ...options, redis })
  const app = express()
  app.use(wx)
  const reply = await request(app).post('/wx/login').send({ code: 'x' })
  expect(reply.status).toBe(503)
  expectWarning('WX_REDIS_OPEN', 'redis-connection', /call its connect\(\)/)
  await wx.close()
})

test('a Redis client whose options will hang: a warning', async () => {
  const wx = wxLogin({ ...options, redis: createClient() })
  expectWarning('WX_REDIS', 'redis-options', /disableOfflineQueue/)
  await wx.close()
})

test('an appid that no mini program has: a warning', () => {
  wxLogin({ ...options, appid: 'wx1234' })
  expectWarning('WX_APPID', 'appid', /wx1234 does not look like the AppID/)
})

test('a WeChat on this machine in production: a warning', () => {
  process.env['NODE_ENV'] = 'production'
  const store = new expressSession.MemoryStore()
  const wechat = { baseUrl: 'http://127.0.0.1:3900' }
  wxLogin({ ...options, session: { secret: sessionSecret, store }, wechat })
  expectWarning('WX_SANDBOX', 'sandbox', /anybody can log in as anybody/)
})

test('secure cookies without trust proxy, the session being the plugin’s: a warning', async () => {
  const wx = {
    transport: { cookie: true },
    session: { secret: sessionSecret, cookie: { secure: true } },
  }
  const trusting = { before: (app: Express) => void app.set('trust proxy', 1), wx }
  await withTestApp(trusting, async (t) => {
    await t.http
      .post('/wx/login')
      .set('X-Forwarded-Proto', 'https')
      .send({ code: t.sandbox.user('alice').login() })
  })
  expect(warnings.of('WX_SECURE_COOKIE')).toEqual([])
  await withTestApp({ wx }, (t) => t.login().then(() => undefined))
  expectWarning('WX_SECURE_COOKIE', 'secure-cookie', /app\.set\('trust proxy', 1\)/)
})
