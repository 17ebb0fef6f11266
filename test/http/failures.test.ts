import { connect } from 'node:net'
import express from 'express'
import expressSession, { MemoryStore } from 'express-session'
import { createClient, createClientPool } from 'redis'
import request from 'supertest'
import {
  requireWxSession,
  wxErrorHandler,
  WxLoginError,
  wxLogin,
  type WxLoginError as WxError,
} from '../../src/index.js'
import { listen } from '../support/listen.js'
import { startRedisServer } from '../support/redis.js'
import { errorReply, sessionSecret, withTestApp } from '../support/test-app.js'

describe('a save that fails after the response', () => {
  it('runs no further handler, and is told to onError', async () => {
    const store = new MemoryStore()
    const errors: WxError[] = []
    const ran: string[] = []
    await withTestApp(
      {
        wx: { session: { secret: sessionSecret, store }, onError: (e) => void errors.push(e) },
        routes(app) {
          app.post('/pay/preview', requireWxSession, (req, res) => {
            ;(req.session as { seen?: boolean }).seen = true
            res.json({ preview: true })
          })
          app.post('/pay/:what', (req, res) => {
            ran.push(req.params.what)
            res.json({ charged: true })
          })
        },
      },
      async (t) => {
        const { token } = await t.login()
        jest.spyOn(store, 'set').mockImplementation((_sid, _session, done) => {
          done?.(new Error('disk full'))
        })
        const reply = await t.post('/pay/preview', {}, token)
        expect(reply.body).toEqual({ preview: true })
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        expect(ran).toEqual([])
        expect(errors).toMatchObject([{ code: 'WX_STORE_UNAVAILABLE' }])
      },
    )
  })
})

describe('a session that ends during the request', () => {
  it('is not brought back by a profile that comes in meanwhile', async () => {
    let finish: () => void = () => undefined
    let began: () => void = () => undefined
    const running = new Promise<void>((resolve) => (began = resolve))
    await withTestApp(
      {
        wx: {
          async onUser({ reason }) {
            if (reason === 'login') return {}
            began()
            await new Promise<void>((resolve) => (finish = resolve))
            return { name: 'late' }
          },
        },
      },
      async (t) => {
        const { token } = await t.login()
        const profile = t.post('/wx/profile', { nickName: 'late' }, token).then((r) => r)
        await running
        await t.post('/wx/logout', undefined, token).expect(204)
        finish()
        expect((await profile).body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
        expect((await t.get('/me', token)).status).toBe(401)
      },
    )
  })

  it('answers 401 where onUser itself ended it', async () => {
    await withTestApp(
      {
        wx: {
          async onUser({ reason }, req) {
            if (reason === 'profile') {
              await new Promise((resolve) => req.session.destroy(resolve))
            }
            return {}
          },
        },
      },
      async (t) => {
        const { token } = await t.login()
        const reply = await t.post('/wx/profile', { nickName: 'x' }, token)
        expect(reply.body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
      },
    )
  })
})

describe('Redis known to be away', () => {
  it.each(['a store of its own', 'the app’s own session', 'a pool that was never connected'])(
    'costs no code with %s',
    async (setUp) => {
      const server = await startRedisServer()
      await server.stop()
      const options = { url: server.url, disableOfflineQueue: true }
      const redis = setUp.startsWith('a pool') ? createClientPool(options) : createClient(options)
      await withTestApp(
        {
          before(app) {
            if (!setUp.startsWith('the app')) return
            app.use(expressSession({ secret: 'x', resave: false, saveUninitialized: false }))
          },
          wx: {
            redis,
            ...(setUp.startsWith('the app') && { session: undefined }),
            ...(setUp.startsWith('a store') && {
              session: { secret: sessionSecret, store: new MemoryStore() },
            }),
          } as object,
        },
        async (t) => {
          const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
          expect(reply.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
          expect(t.exchanges()).toBe(0)
        },
      )
    },
  )
})

describe('a store that hangs', () => {
  it('costs a failed login one deadline and not two', async () => {
    const store = new MemoryStore()
    const destroyed = jest.spyOn(store, 'destroy').mockImplementation(() => undefined)
    jest.spyOn(store, 'set').mockImplementation(() => undefined)
    await withTestApp(
      { wx: { session: { secret: sessionSecret, store }, storeTimeout: 50 } },
      async (t) => {
        const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
        expect(reply.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
        expect(destroyed).toHaveBeenCalledTimes(1)
      },
    )
  })
})

describe('a store that cannot end the session that came with a login', () => {
  it('makes the login a 503: the old session works on, and the code can be posted again', async () => {
    const store = new MemoryStore()
    await withTestApp({ wx: { session: { secret: sessionSecret, store } } }, async (t) => {
      const { token } = await t.login()
      const code = t.sandbox.user('alice').login()
      const before = t.exchanges()
      const broken = jest
        .spyOn(store, 'destroy')
        .mockImplementation((_sid, done) => done?.(new Error('read only')))
      const refused = await t.post('/wx/login', { code }, token)
      expect(refused.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      await t.get('/me', token).expect(200)
      broken.mockRestore()
      await t.post('/wx/login', { code }, token).expect(200)
      expect(t.exchanges()).toBe(before + 1)
      await t.get('/me', token).expect(401)
    })
  })
})

describe('a store that cannot end the session that is one too many', () => {
  it('costs no login, and is told to onError', async () => {
    const store = new MemoryStore()
    const errors: WxError[] = []
    const session = { secret: sessionSecret, store, maxPerUser: 1 }
    const onError = (error: WxError): void => void errors.push(error)
    await withTestApp({ wx: { session, onError } }, async (t) => {
      await t.login()
      jest
        .spyOn(store, 'destroy')
        .mockImplementation((_sid, done) => done?.(new Error('read only')))
      const { token } = await t.login()
      await t.get('/me', token).expect(200)
      expect(errors).toMatchObject([{ code: 'WX_STORE_UNAVAILABLE', status: 503 }])
    })
  })
})

describe('the plugin twice in one app', () => {
  it('mounted twice loads a session once', async () => {
    const store = new MemoryStore()
    await withTestApp(
      {
        wx: { session: { secret: sessionSecret, store } },
        routes(app, wx) {
          app.use('/api', wx)
          app.get('/api/me', requireWxSession, (req, res) => res.json(req.wx))
        },
      },
      async (t) => {
        const { token } = await t.login()
        const reads = jest.spyOn(store, 'get')
        expect((await t.get('/api/me', token)).status).toBe(200)
        expect(reads).toHaveBeenCalledTimes(1)
        expect((await t.get('/api/me')).status).toBe(401)
      },
    )
  })

  it('with different secrets knows the users of both', async () => {
    const app = express()
    const one = { appid: 'wx1', secret: 's', wechat: { code2Session: answer('o1') } }
    const two = { appid: 'wx2', secret: 's', wechat: { code2Session: answer('o2') } }
    app.use(wxLogin({ ...one, session: { secret: sessionSecret } }))
    app.use(
      wxLogin({
        ...two,
        session: { secret: `${sessionSecret} two` },
        routes: { login: '/two/login' },
      }),
    )
    app.get('/me', requireWxSession, (req, res) => res.json(req.wx))
    for (const [path, openid] of [
      ['/wx/login', 'o1'],
      ['/two/login', 'o2'],
    ] as const) {
      const { token } = (await request(app).post(path).send({ code: 'a' })).body as {
        token: string
      }
      const me = await request(app).get('/me').set('Authorization', `Bearer ${token}`)
      expect(me.body).toMatchObject({ openid })
    }
  })

  const answer = (openid: string) => async () => ({
    openid,
    sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
  })
})

describe('a token of an app that is not served here', () => {
  it('leaves nothing of that app’s session on the request, and does not end it', async () => {
    const store = new MemoryStore()
    await withTestApp({ wx: { session: { secret: sessionSecret, store } } }, async (a) => {
      const { token } = await a.login()
      await withTestApp(
        {
          sandbox: { apps: [{ appid: 'wxotherother00000', secret: 'other' }] },
          wx: { session: { secret: sessionSecret, store } },
        },
        async (b) => {
          expect((await b.get('/me', token)).status).toBe(401)
          expect((await b.get('/public', token)).body).toEqual({ openid: null, session: false })
        },
      )
      expect((await a.get('/me', token)).status).toBe(200)
    })
  })
})

describe('wxErrorHandler', () => {
  it('cuts a response that had begun instead of leaving it open', async () => {
    await withTestApp(
      {
        routes(app) {
          app.get('/stream', (_req, res, next) => {
            res.write('part')
            next(new WxLoginError('WX_BUSY'))
          })
          app.use(wxErrorHandler)
        },
      },
      async (t) => {
        const reply = await fetch(`${t.url}/stream`)
        await expect(reply.text()).rejects.toThrow()
      },
    )
  })

  it('names what is wrong with a call without data', async () => {
    await withTestApp(
      {
        routes(app) {
          app.post('/decrypt', requireWxSession, (req, res, next) => {
            req.wx!.decrypt(req.body as never).then((data) => res.json(data), next)
          })
          app.post('/verify', requireWxSession, (req, res, next) => {
            req.wx!.verifySignature(req.body as never).then((fits) => res.json(fits), next)
          })
          app.use(wxErrorHandler)
        },
      },
      async (t) => {
        const { token } = await t.login()
        for (const path of ['/decrypt', '/verify']) {
          expect((await t.post(path, undefined, token)).body).toEqual(
            errorReply('WX_BAD_REQUEST', 'none'),
          )
        }
      },
    )
  })
})

describe('refused data with one code', () => {
  it('is limited: after twenty it is 429', async () => {
    await withTestApp({}, async (t) => {
      const code = t.sandbox.user('alice').login()
      const bad = t.sandbox.user('bob').encrypt({})
      const ear = listen()
      for (let i = 0; i < 20; i++) await t.post('/wx/login', { code, ...bad }).expect(409)
      const reply = await t.post('/wx/login', { code, ...bad })
      expect(reply.body).toEqual(errorReply('WX_RATE_LIMITED', 'retry'))
      // What is not tried counts as no key that did not fit.
      expect(ear.of('key:refused')).toHaveLength(20)
      ear.stop()
      expect(t.exchanges()).toBe(1)
    })
  })
})

describe('a record that express-session cannot use', () => {
  it('is 401 and dropped, and hangs no response', async () => {
    const store = new MemoryStore()
    await withTestApp({ wx: { session: { secret: sessionSecret, store } } }, async (t) => {
      const { token } = await t.login()
      const { sessions } = store as unknown as { sessions: Record<string, string> }
      const sid = token.slice(0, 32)
      const record = JSON.parse(sessions[sid]!) as { cookie: object }
      sessions[sid] = JSON.stringify({ ...record, cookie: { originalMaxAge: 'x' } })
      expect((await t.get('/me', token)).status).toBe(401)
      expect(sessions[sid]).toBeUndefined()
    })
  })
})

describe('wx.close()', () => {
  it('does not wait for a login whose body has not come', async () => {
    await withTestApp({}, async (t) => {
      const socket = connect(Number(new URL(t.url).port), '127.0.0.1')
      socket.on('error', () => undefined)
      const asked = new Promise((resolve) => t.server.once('request', resolve))
      socket.write(
        'POST /wx/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"co',
      )
      await asked
      await t.wx.close()
      const answer = new Promise((resolve) => socket.once('data', resolve))
      socket.write('de":"abcdefghi"}')
      expect(String(await answer)).toMatch(/^HTTP\/1\.1 503 /)
      socket.destroy()
    })
  })
})

describe('logins on the app’s own session', () => {
  it('leave no listeners behind', async () => {
    const store = new MemoryStore()
    await withTestApp(
      {
        before: (app) =>
          app.use(expressSession({ secret: 'x', resave: false, saveUninitialized: false, store })),
        wx: { session: undefined },
      },
      async (t) => {
        await t.login()
        const before = store.listenerCount('connect')
        for (let i = 0; i < 5; i++) await t.login()
        expect(store.listenerCount('connect')).toBe(before)
      },
    )
  })
})
