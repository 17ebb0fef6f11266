import { randomUUID } from 'node:crypto'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { MemoryStore } from 'express-session'
import { requireWxSession, WxLoginError } from '../../src/index.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { type Ear, listen } from '../support/listen.js'
import { redisUrl } from '../support/redis.js'
import { startTestApp, type TestApp, withTestApp } from '../support/test-app.js'
import { routesOf } from './key-apps.js'

const ms = expect.any(Number) as number
const anyId = expect.stringMatching(/^[0-9a-f-]{36}$/) as string

let ear: Ear
beforeEach(() => {
  ear = listen()
})
afterEach(() => {
  ear.stop()
})

/** What was published since the last call. */
const since = (): void => void ear.heard.splice(0)

describe('the diagnostics channels', () => {
  let t: TestApp
  let redis: WxRedis
  let sessionIds: string[]
  let clock: jest.SpyInstance
  let ahead = 0
  beforeAll(async () => {
    const real = Date.now.bind(Date)
    clock = jest.spyOn(Date, 'now').mockImplementation(() => real() + ahead)
    redis = createRedis(redisUrl())
    await redis.connect()
    t = await startTestApp({
      sandbox: { rotation: 'always', now: () => Date.now() },
      wx: {
        redis,
        redisPrefix: `test-${randomUUID()}:`,
        onLogin: ({ sessionId }) => void sessionIds.push(sessionId),
        onUser(event) {
          if (event.profile?.nickName === 'bug') throw new Error('bug')
        },
      },
      routes: routesOf,
    })
  })
  afterAll(async () => {
    clock.mockRestore()
    await t.close()
    await redis.close()
  })
  beforeEach(() => {
    sessionIds = []
    t.sandbox.faults.clear()
  })

  test('tell of a login that made a session, by its public id and the id of the request', async () => {
    const code = t.sandbox.user('alice').login()
    await t.http.post('/wx/login').set('X-Request-Id', 'req-1').send({ code }).expect(200)
    expect(ear.of('login:made')).toEqual([
      { appid: t.sandbox.appid, sessionId: sessionIds[0], requestId: 'req-1', durationMs: ms },
    ])
    expect(ear.of('login:failed')).toEqual([])
    expect(ear.of('error')).toEqual([])
  })

  test('tell how long a login took, whatever came of it', async () => {
    const began = performance.now()
    await t.login()
    await t.post('/wx/login', { code: 5 }).expect(400)
    const most = performance.now() - began
    for (const told of [...ear.of('login:made'), ...ear.of('login:failed')]) {
      const { durationMs } = told as { durationMs: number }
      expect(durationMs).toBeGreaterThan(0)
      expect(durationMs).toBeLessThan(most)
    }
  })

  test('tell of a login that came to nothing, with what WeChat said and as far as it got', async () => {
    const refused = await t.post('/wx/login', { code: 'nonsense' }).expect(401)
    const { requestId } = (refused.body as { error: { requestId: string } }).error
    await t.post('/wx/login', { code: 5 }).expect(400)
    // Strictly: a listener may tell fields by whether they are there.
    expect(ear.of('login:failed')).toStrictEqual([
      {
        code: 'WX_CODE_INVALID',
        status: 401,
        errcode: 40029,
        appid: t.sandbox.appid,
        requestId,
        durationMs: ms,
      },
      { code: 'WX_BAD_REQUEST', status: 400, requestId: anyId, durationMs: ms },
    ])
    expect(ear.of('error')).toEqual([
      expect.objectContaining({ code: 'WX_CODE_INVALID', errcode: 40029, requestId }),
      expect.objectContaining({ code: 'WX_BAD_REQUEST', status: 400, requestId: anyId }),
    ])
    expect(ear.of('login:made')).toEqual([])
  })

  test('trace each request to WeChat: endpoint, app, duration, errcode, never the answer', async () => {
    const asked = { endpoint: '/sns/jscode2session', appid: t.sandbox.appid }
    await t.login()
    const good = { ...asked, errcode: 0, durationMs: ms, result: undefined }
    expect(ear.heard.filter(({ name }) => name.startsWith('tracing:'))).toEqual(
      ['start', 'end', 'asyncStart', 'asyncEnd'].map((event) => ({
        name: `tracing:express-wx-login:wechat:${event}`,
        message: good,
      })),
    )
    since()
    // Busy, and so asked once more; then away.
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 1 })
    await t.login()
    t.sandbox.faults.add({ endpoint: 'jscode2session', drop: 'before', times: 1 })
    await t.post('/wx/login', { code: t.sandbox.user('alice').login() }).expect(502)
    expect(ear.of('wechat:asyncEnd')).toEqual([
      { ...good, errcode: -1 },
      good,
      {
        ...asked,
        durationMs: ms,
        error: expect.objectContaining({ code: 'WX_UPSTREAM' }) as Error,
      },
    ])
    expect(ear.of('wechat:error')).toHaveLength(1)
  })

  test('trace how long WeChat took', async () => {
    const began = performance.now()
    await t.login()
    const [call] = ear.of('wechat:asyncEnd') as [{ durationMs: number }]
    expect(call.durationMs).toBeGreaterThan(0)
    expect(call.durationMs).toBeLessThan(performance.now() - began)
  })

  test('tell of each error what is known of it and nothing else', async () => {
    await t.http.post('/wx/login').set('X-Request-Id', 'req-3').send({ code: 'nonsense' })
    await t.http.post('/wx/login').set('X-Request-Id', 'req-4').send({ code: 5 })
    expect(ear.of('error')).toStrictEqual([
      {
        code: 'WX_CODE_INVALID',
        status: 401,
        errcode: 40029,
        rid: expect.any(String) as string,
        reason: expect.any(String) as string,
        requestId: 'req-3',
      },
      { code: 'WX_BAD_REQUEST', status: 400, requestId: 'req-4' },
    ])
  })

  test('trace the calls of wx.api and their access token', async () => {
    const { token } = await t.login()
    since()
    await t
      .post('/wx/phone', { code: t.sandbox.user('alice').phoneNumber().code }, token)
      .expect(200)
    await t.post('/wx/phone', { code: 'nonsense' }, token).expect(401)
    expect(ear.of('wechat:asyncEnd')).toEqual(
      [
        { endpoint: '/cgi-bin/stable_token', errcode: 0 },
        { endpoint: '/wxa/business/getuserphonenumber', errcode: 0 },
        { endpoint: '/wxa/business/getuserphonenumber', errcode: 40029 },
      ].map((call) =>
        Object.assign(call, { appid: t.sandbox.appid, durationMs: ms, result: undefined }),
      ),
    )
  })

  test('are told of a request to WeChat in the context of the request that caused it', async () => {
    const contexts = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const tracing = tracingChannel('express-wx-login:wechat')
    const handlers = {
      start: () => void seen.push(contexts.getStore()),
    } as unknown as Parameters<typeof tracing.subscribe>[0]
    tracing.subscribe(handlers)
    await withTestApp(
      {
        before: (app) =>
          app.use((req, _res, next) => {
            contexts.run(req.get('x-request-id')!, next)
          }),
      },
      async (own) => {
        const code = own.sandbox.user('alice').login()
        await own.http.post('/wx/login').set('X-Request-Id', 'mine').send({ code }).expect(200)
      },
    )
    tracing.unsubscribe(handlers)
    expect(seen).toEqual(['mine'])
  })

  test('trace an exchange of the app’s own', async () => {
    let failure: Error | undefined
    const code2Session = async (): Promise<{ openid: string; sessionKey: string }> => {
      if (failure) throw failure
      return { openid: 'o1', sessionKey: Buffer.alloc(16, 1).toString('base64') }
    }
    await withTestApp({ wx: { wechat: { code2Session } } }, async (own) => {
      await own.post('/wx/login', { code: 'one' }).expect(200)
      failure = new TypeError('canary-of-the-app')
      await own.post('/wx/login', { code: 'two' }).expect(502)
      failure = new WxLoginError('WX_CODE_INVALID', { errcode: 40029 })
      await own.post('/wx/login', { code: 'three' }).expect(401)
      const call = { endpoint: 'code2Session', appid: own.sandbox.appid, durationMs: ms }
      expect(ear.of('wechat:asyncEnd')).toStrictEqual([
        { ...call, errcode: 0, result: undefined },
        { ...call, error: expect.objectContaining({ code: 'WX_UPSTREAM' }) as Error },
        { ...call, errcode: 40029, error: failure },
      ])
    })
  })

  test('tell of what the guard refuses, and of nothing where it lets through', async () => {
    const { token } = await t.login()
    since()
    await t.get('/me', token).expect(200)
    await t.get('/public').expect(200)
    expect(ear.heard).toEqual([])
    await t.get('/me', 'forged').set('X-Request-Id', 'req-2').expect(401)
    await t.get('/wx/session').expect(401)
    const refused = { code: 'WX_SESSION_REQUIRED', status: 401 }
    expect(ear.of('guard:refused')).toEqual([
      { ...refused, requestId: 'req-2' },
      { ...refused, requestId: anyId },
    ])
    expect(ear.of('error')).toHaveLength(2)
  })

  test('tell of data that no key fits, and of data that an earlier key fits', async () => {
    const alice = t.sandbox.user('alice')
    const appid = t.sandbox.appid
    const { token } = await t.login()
    const info = alice.userInfo()
    ahead += 5000
    const later = await t.login()
    since()
    await t.post('/wx/profile', info, later.token).expect(200)
    await t.post('/verify', info, later.token).expect(200)
    expect(ear.of('key:earlier')).toEqual([
      { appid, replacedMs: ms },
      { appid, replacedMs: ms },
    ])
    expect(ear.of('key:refused')).toEqual([])
    since()
    await t.post('/wx/profile', alice.userInfo(), later.token).expect(200)
    expect(ear.of('key:earlier')).toEqual([])

    const wrong = alice.userInfo({ variant: 'wrong-key' })
    await t.post('/wx/profile', wrong, token).expect(409)
    await t.post('/verify', wrong, token).expect(200, { fits: false })
    const { rawData, signature } = wrong
    await t.post('/wx/login', { code: alice.login(), rawData, signature }).expect(409)
    expect(ear.of('key:refused')).toEqual([
      { appid, sessionId: sessionIds[0] },
      { appid, sessionId: sessionIds[0] },
      { appid },
    ])
  })

  test('tell of sessions that end: replaced, logged out, revoked, one too many', async () => {
    const identity = { appid: t.sandbox.appid, openid: t.sandbox.user('bob').openid() }
    const { token } = await t.login('bob')
    const next = await t
      .post('/wx/login', { code: t.sandbox.user('bob').login() }, token)
      .expect(200)
    const [first, second] = sessionIds
    await t.post('/wx/logout', undefined, (next.body as { token: string }).token).expect(204)
    await t.login('bob')
    await t.wx.sessions.revoke(identity, sessionIds[2]!)
    await t.login('bob')
    await t.wx.sessions.revokeAll(identity)
    expect(ear.of('session:ended')).toEqual([
      { sessionIds: [first], reason: 'login' },
      { sessionIds: [second], reason: 'logout' },
      { sessionIds: [sessionIds[2]], reason: 'revoke' },
      { sessionIds: [sessionIds[3]], reason: 'revoke' },
    ])
    expect(ear.of('session:revoked')).toEqual(
      [sessionIds[2], sessionIds[3]].map((id) => ({
        appid: identity.appid,
        sessionIds: [id],
        reason: 'revoke',
      })),
    )
    since()
    expect(await t.wx.sessions.revoke(identity, 'nobody')).toBe(false)
    expect(await t.wx.sessions.revokeAll(identity)).toBe(0)
    expect(ear.heard).toEqual([])
  })

  test('tell of sessions beyond the limit of a user', async () => {
    const ids: string[] = []
    const wx = {
      session: { secret: 'a session secret of the tests, long enough', maxPerUser: 1 },
      onLogin: ({ sessionId }: { sessionId: string }) => void ids.push(sessionId),
    }
    await withTestApp({ wx }, async (own) => {
      await own.login()
      ahead += 10
      await own.login()
      const ended = { sessionIds: [ids[0]], reason: 'limit' }
      expect(ear.of('session:ended')).toEqual([ended])
      expect(ear.of('session:revoked')).toEqual([{ ...ended, appid: own.sandbox.appid }])
    })
  })

  test('tell when WeChat is not asked any more, and when it is there again', async () => {
    await withTestApp({}, async (own) => {
      own.sandbox.faults.add({ endpoint: 'jscode2session', status: 500 })
      for (let i = 0; i < 11; i++) {
        await own.post('/wx/login', { code: own.sandbox.user('alice').login() }).expect(502)
      }
      expect(ear.of('wechat:outage:begin')).toEqual([{ of: 'login' }])
      expect(ear.of('wechat:outage:end')).toEqual([])
      // The eleventh was refused here.
      expect(ear.of('wechat:start')).toHaveLength(10)
      own.sandbox.faults.clear()
      ahead += 2500
      await own.login()
      expect(ear.of('wechat:outage:begin')).toHaveLength(1)
      expect(ear.of('wechat:outage:end')).toEqual([{ of: 'login', durationMs: ms }])
    })
  })
})

describe('a store that is away', () => {
  test('is told of as such a store itself says it', async () => {
    const store = new MemoryStore()
    const session = { secret: 'a session secret of the tests, long enough', store }
    await withTestApp({ wx: { session } }, async (t) => {
      const { token } = await t.login()
      store.emit('connect')
      expect(ear.of('store:outage:end')).toEqual([])
      const before = performance.now()
      store.emit('disconnect')
      store.emit('disconnect')
      await t.get('/me', token).expect(503)
      store.emit('connect')
      store.emit('connect')
      const most = performance.now() - before
      await t.get('/me', token).expect(200)
      expect(ear.of('store:outage:begin')).toEqual([{ scope: 'all' }])
      expect(ear.of('store:outage:end')).toEqual([{ durationMs: ms }])
      const [{ durationMs }] = ear.of('store:outage:end') as [{ durationMs: number }]
      expect(durationMs).toBeGreaterThan(0)
      expect(durationMs).toBeLessThanOrEqual(most)
      store.emit('disconnect')
      expect(ear.of('store:outage:begin')).toHaveLength(2)
      store.emit('connect')
    })
  })

  test('names the operation: a lifetime that cannot be extended, a session that cannot be written or ended', async () => {
    const store = new MemoryStore()
    const session = { secret: 'a session secret of the tests, long enough', store }
    const routes = (app: import('express').Express): void => {
      app.get('/write', requireWxSession, (req, res) => {
        ;(req.session as { n?: number }).n = 1
        req.session.save((error: unknown) => res.status(error ? 503 : 200).end())
      })
    }
    await withTestApp({ wx: { session }, routes }, async (t) => {
      const { token } = await t.login()
      const broken = (name: 'touch' | 'set' | 'destroy'): jest.SpyInstance =>
        jest.spyOn(store, name).mockImplementation(((...args: unknown[]) => {
          ;(args.at(-1) as (error: Error) => void)(new Error('broken'))
        }) as never)
      const failed: string[] = []
      for (const [name, ask] of [
        ['touch', () => t.get('/me', token).expect(200)],
        ['set', () => t.get('/write', token).expect(503)],
        ['destroy', () => t.post('/wx/logout', undefined, token).expect(503)],
      ] as const) {
        since()
        const spy = broken(name)
        await ask()
        spy.mockRestore()
        failed.push(...ear.of('store:failed').map((m) => (m as { operation: string }).operation))
      }
      expect(failed).toEqual(['touch', 'set', 'destroy'])
    })
  })

  test('a record that cannot be read is no failure of the store', async () => {
    const store = new MemoryStore()
    const session = { secret: 'a session secret of the tests, long enough', store }
    await withTestApp({ wx: { session } }, async (t) => {
      const { token } = await t.login()
      const { sessions } = store as unknown as { sessions: Record<string, string> }
      for (const sid of Object.keys(sessions)) sessions[sid] = '{'
      await t.get('/me', token).expect(401)
      expect(ear.of('store:failed')).toEqual([])
    })
  })
})
