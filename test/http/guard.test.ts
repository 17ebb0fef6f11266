import express from 'express'
import { MemoryStore } from 'express-session'
import request from 'supertest'
import { requireWxSession, wxErrorHandler, WxLoginError } from '../../src/index.js'
import { type Ear, listen } from '../support/listen.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

describe('the guard', () => {
  let t: TestApp
  let ear: Ear
  const store = new MemoryStore()
  const errors: WxLoginError[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: {
        session: { secret: sessionSecret, store },
        onError: (error) => void errors.push(error),
      },
      routes(app) {
        app.get('/any', requireWxSession(), (_req, res) => res.json({}))
        app.get('/fresh', requireWxSession({ maxAge: 60 }), (_req, res) => res.json({}))
        app.get('/begun', (req, res) => {
          res.write('begun')
          requireWxSession(req, res, () => res.write(' and guarded'))
          res.end(' and ended')
        })
      },
    })
  })
  afterAll(() => t.close())
  beforeEach(() => {
    errors.splice(0)
    ear = listen()
  })
  afterEach(() => {
    ear.stop()
    store.emit('connect')
  })

  it('lets a login through until it is older than maxAge, to the second, and says why it is refused', async () => {
    const { token } = await t.login()
    const now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now)
    try {
      const [session] = await t.wx.sessions.list({
        appid: t.sandbox.appid,
        openid: t.sandbox.user('alice').openid(),
      })
      const loginAt = session!.loginAt.getTime()
      clock.mockReturnValue(loginAt + 60_000)
      await t.get('/fresh', token).expect(200)
      expect(errors).toEqual([])
      clock.mockReturnValue(loginAt + 60_001)
      await t.get('/fresh', token).expect(401)
      expect(errors).toMatchObject([
        { code: 'WX_SESSION_REQUIRED', reason: 'the login is older than maxAge' },
      ])
      await t.get('/any', token).expect(200)
    } finally {
      clock.mockRestore()
    }
  })

  it('as a factory without options asks for any login', async () => {
    const { token } = await t.login()
    await t.get('/any', token).expect(200)
    await t.get('/any').expect(401)
  })

  it('refuses in JSON of a known length that nobody keeps', async () => {
    const { headers, text } = await t.get('/any').expect(401)
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
    })
    expect(headers).not.toHaveProperty('etag')
    expect(headers).not.toHaveProperty('retry-after')
  })

  it('leaves a response that has begun as it is', async () => {
    expect((await t.get('/begun').expect(200)).text).toBe('begun and ended')
    expect(errors).toMatchObject([{ code: 'WX_SESSION_REQUIRED' }])
  })

  it('has no stack trace in what most refused requests get, and leaves those of others alone', async () => {
    const { stackTraceLimit } = Error
    await t.get('/any').expect(401)
    expect(errors).toHaveLength(1)
    expect(errors[0]!.stack).not.toMatch(/\n {4}at /)
    expect(errors[0]!.reason).toBeUndefined()
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
    expect(new Error('x').stack).toMatch(/\n {4}at /)
  })

  it('refuses also where somebody has frozen the depth of stack traces', async () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!
    Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false })
    try {
      await t.get('/any').expect(401)
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', before)
    }
  })

  it('tells who listens what it refused, whatever the reason', async () => {
    const { token } = await t.login()
    await t.get('/any').set('X-Request-Id', 'req-1').expect(401)
    store.emit('disconnect')
    const away = await t.get('/any', token).set('X-Request-Id', 'req-2').expect(503)
    expect(away.headers['retry-after']).toBe('1')
    expect(away.headers).not.toHaveProperty('www-authenticate')
    expect(ear.of('guard:refused')).toEqual([
      { code: 'WX_SESSION_REQUIRED', status: 401, requestId: 'req-1' },
      { code: 'WX_STORE_UNAVAILABLE', status: 503, requestId: 'req-2' },
    ])
    expect(errors.map(({ code }) => code)).toEqual(['WX_SESSION_REQUIRED', 'WX_STORE_UNAVAILABLE'])
  })

  it.each([
    [{ maxAge: 0 }, /maxAge must be a number of seconds/],
    [{ maxAge: -1 }, /maxAge must be a number of seconds/],
    [{ maxAge: '60' }, /maxAge must be a number of seconds/],
    [{ maxAge: null }, /maxAge must be a number of seconds/],
    [{ maxage: 60 }, /maxage: unknown option, there is only maxAge/],
    [{ maxAge: 60, fresh: true }, /fresh: unknown option, there is only maxAge/],
  ])('says of the options %j what is wrong', (options, message) => {
    expect(() => requireWxSession(options as object)).toThrow(
      expect.objectContaining({
        code: 'WX_APP_CONFIG',
        message: expect.stringMatching(
          new RegExp(`${message.source}.*start-up\\.md#guard-options$`),
        ) as string,
      }),
    )
  })
})

it('the guard names the scheme that the app has chosen', async () => {
  await withTestApp({ wx: { transport: { scheme: 'Wx' } } }, async (t) => {
    const reply = await t.get('/me').expect(401)
    expect(reply.headers['www-authenticate']).toBe('Wx')
  })
})

it('an error that is not the plugin’s goes from its routes to the error handler of the app', async () => {
  const bug = new Error('of the app')
  const seen: unknown[] = []
  await withTestApp(
    {
      before(app) {
        app.use((_req, res, next) => {
          res.json = () => {
            throw bug
          }
          next()
        })
      },
      routes(app) {
        app.use(((error, _req, res, _next) => {
          seen.push(error)
          res.status(418).end()
        }) as import('express').ErrorRequestHandler)
      },
    },
    async (t) => {
      const { token } = await t.login()
      await t.get('/wx/session', token).expect(418)
      expect(seen).toEqual([bug])
    },
  )
})

it('wxErrorHandler answers for a route that the plugin has not seen, too', async () => {
  const app = express()
  app.get('/me', () => {
    throw new WxLoginError('WX_SESSION_REQUIRED')
  })
  app.use(wxErrorHandler)
  const reply = await request(app).get('/me')
  expect(reply.status).toBe(401)
  expect(reply.headers['www-authenticate']).toBe('Bearer')
  expect(reply.body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
})

it('lets requests whose sessions arrive together go on when all of them are read', async () => {
  const store = new MemoryStore()
  const told: string[] = []
  await withTestApp(
    {
      wx: { session: { secret: sessionSecret, store } },
      routes(app) {
        app.get('/told', requireWxSession, (_req, res) => {
          told.push('a handler runs')
          res.json({})
        })
      },
    },
    async (t) => {
      const { token } = await t.login()
      const get = store.get.bind(store)
      const arrived: (() => void)[] = []
      jest.spyOn(store, 'get').mockImplementation((sid, done) => {
        get(sid, (error, session) => {
          arrived.push(() => {
            told.push('a session is read')
            done(error, session)
          })
          if (arrived.length === 3) for (const tell of arrived) tell()
        })
      })
      const replies = await Promise.all([1, 2, 3].map(() => t.get('/told', token)))
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    },
  )
  const read = 'a session is read'
  const ran = 'a handler runs'
  expect(told).toEqual([read, read, read, ran, ran, ran])
})
