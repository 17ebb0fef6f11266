import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { requireWxSession, type WxLoginError } from '../../src/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { errorReply, startTestApp, type TestApp, withTestApp } from '../support/test-app.js'

describe('sessions in Redis', () => {
  let t: TestApp
  // Of its own: what is asked of it is counted, and it is emptied.
  let server: RedisServer
  let redis: WxRedis
  const prefix = `test-${randomUUID()}:`
  const wx = (): object => ({ redis, redisPrefix: prefix })
  beforeAll(async () => {
    server = await startRedisServer()
    redis = createRedis(server.url)
    await redis.connect()
    t = await startTestApp({
      wx: wx(),
      routes(app) {
        app.get('/write', requireWxSession, (req, res) => {
          ;(req.session as { n?: number }).n = 1
          res.json({})
        })
      },
    })
  })
  afterAll(async () => {
    await t.close()
    await redis.close()
    await server.stop()
  })

  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const batch of redis.scanIterator({ MATCH: `${prefix}*` })) found.push(...batch)
    return found.sort()
  }

  it('are valid in every process, and so is their end', async () => {
    const { token } = await t.login()
    await withTestApp({ sandbox: t.sandbox, wx: wx() }, async (other) => {
      expect((await other.get('/me', token)).status).toBe(200)
      await other.post('/wx/logout', undefined, token).expect(204)
      expect((await t.get('/me', token)).status).toBe(401)
      const here = await t.login()
      const there = await other.login()
      await other.post('/wx/logout', { everywhere: true }, there.token).expect(204)
      expect((await t.get('/me', here.token)).status).toBe(401)
    })
  })

  it('hold the session key sealed only, and end by themselves', async () => {
    await redis.flushDb()
    const { token } = await t.login()
    const all = await keys()
    const user = `${prefix}user:{${t.sandbox.appid}:${t.sandbox.user('alice').openid()}}:`
    const record = `${prefix}sess:${token.slice(0, 32)}`
    expect(all).toEqual([record, `${user}keys`, `${user}sessions`])
    const stored = (await redis.get(record))!
    const sessionKey = t.sandbox.user('alice').sessionKey()
    const keyHistory = await redis.hGetAll(`${user}keys`)
    expect(stored).not.toContain(sessionKey)
    expect(JSON.stringify(keyHistory)).not.toContain(sessionKey)
    expect(Object.values(keyHistory)).toEqual([expect.stringMatching(/^\d{13} v1\./)])
    expect(stored).not.toContain(token.slice(33))
    expect(JSON.parse(stored)).toMatchObject({
      wx: { v: 1, appid: t.sandbox.appid, key: expect.stringMatching(/^v1\./) as string },
    })
    expect(await redis.ttl(record)).toBeGreaterThan(604_700)
    expect(await redis.ttl(`${user}sessions`)).toBeGreaterThan(604_700)
    expect(await redis.ttl(`${user}keys`)).toBeGreaterThan(604_700)
    await redis.expire(record, 60)
    await t.get('/me', token).expect(200)
    expect(await redis.ttl(record)).toBeGreaterThan(604_700)
  })

  it('cost no command without a token or with a forged one', async () => {
    const count = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))![1])
    await count()
    const before = await count()
    await t.get('/public').expect(200)
    await t.get('/me').expect(401)
    await t.get('/me', `${'A'.repeat(32)}.${'B'.repeat(43)}`).expect(401)
    // The client's own ping may come between; a session would be at least a GET each.
    expect((await count()) - before).toBeLessThanOrEqual(3)
  })

  it.each([
    ['broken JSON', '{"cookie":'],
    ['a number', '5'],
    ['a string', '"x"'],
    ['an array', '[]'],
    ['an object without a cookie', '{}'],
    ['a login without an identity', '{"cookie":{"originalMaxAge":1000},"wx":{"v":1}}'],
    ['a login of another format', '{"cookie":{"originalMaxAge":1000},"wx":{"v":99}}'],
    ['no login', '{"cookie":{"originalMaxAge":1000}}'],
  ])('that hold %s are 401 once and dropped; the next login works', async (_what, value) => {
    const { token } = await t.login()
    const record = `${prefix}sess:${token.slice(0, 32)}`
    await redis.set(record, value)
    expect((await t.get('/me', token)).status).toBe(401)
    expect(await redis.exists(record)).toBe(0)
    const code = t.sandbox.user('alice').login()
    await t.post('/wx/login', { code }, token).expect(200)
  })

  it('of another Redis type are 401 once and dropped, the user’s list too', async () => {
    const { token } = await t.login('bob')
    const record = `${prefix}sess:${token.slice(0, 32)}`
    await redis.del(record)
    await redis.lPush(record, 'x')
    await redis.set(
      `${prefix}user:{${t.sandbox.appid}:${t.sandbox.user('bob').openid()}}:sessions`,
      'x',
    )
    expect((await t.get('/me', token)).status).toBe(401)
    expect(await redis.exists(record)).toBe(0)
    await t.login('bob')
    await expect(
      t.wx.sessions.list({ appid: t.sandbox.appid, openid: t.sandbox.user('bob').openid() }),
    ).resolves.toHaveLength(1)
  })
})

describe('while Redis is away', () => {
  it('requests with a token are 503, never 401; others are answered; logins cost no code', async () => {
    const server = await startRedisServer()
    const redis = createRedis(server.url)
    await redis.connect()
    const errors: WxLoginError[] = []
    await withTestApp({ wx: { redis, onError: (e) => void errors.push(e) } }, async (t) => {
      const { token } = await t.login()
      const away = new Promise((resolve) => redis.once('reconnecting', resolve))
      server.kill()
      await away
      const guarded = await t.get('/me', token)
      expect(guarded.status).toBe(503)
      expect(guarded.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      expect(guarded.headers['retry-after']).toBe('1')
      expect((await t.get('/public', token)).body).toEqual({ openid: null, session: false })
      expect((await t.get('/public')).status).toBe(200)
      expect((await t.get('/me')).status).toBe(401)
      expect((await t.post('/wx/logout', undefined, token)).status).toBe(503)

      const before = t.exchanges()
      const code = t.sandbox.user('alice').login()
      const login = await t.post('/wx/login', { code })
      expect(login.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      expect(t.exchanges()).toBe(before)
      await expect(t.wx.sessions.list({ appid: 'a', openid: 'b' })).rejects.toMatchObject({
        code: 'WX_STORE_UNAVAILABLE',
      })

      const back = new Promise((resolve) => redis.once('ready', resolve))
      await server.restart()
      await back
      await t.post('/wx/login', { code }).expect(200)
    })
    await redis.close()
    await server.stop()
  })

  it('a Redis that hangs is given up after storeTimeout, and the code can be posted again', async () => {
    const server = await startRedisServer()
    const redis = createRedis(server.url, { socket: { socketTimeout: 60_000 } })
    await redis.connect()
    await withTestApp({ wx: { redis, storeTimeout: 1000 } }, async (t) => {
      const { token } = await t.login()
      server.freeze()
      expect((await t.get('/me', token)).body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      const code = t.sandbox.user('alice').login()
      expect((await t.post('/wx/login', { code })).body).toEqual(
        errorReply('WX_STORE_UNAVAILABLE', 'retry'),
      )
      // The silent connection was given up: the client makes another.
      const back = new Promise((resolve) => redis.once('ready', resolve))
      server.thaw()
      await back
      const before = t.exchanges()
      await t.post('/wx/login', { code }).expect(200)
      expect(t.exchanges()).toBe(before)
    })
    await redis.close()
    await server.stop()
  })

  it('a Redis that is full refuses logins with 503 and hands out no token', async () => {
    const server = await startRedisServer()
    const redis = createRedis(server.url)
    await redis.connect()
    await withTestApp({ wx: { redis } }, async (t) => {
      const { token } = await t.login()
      await redis.configSet('maxmemory', '1')
      const refused = await t.post('/wx/login', { code: t.sandbox.user('alice').login() }, token)
      expect(refused.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      await t.get('/me', token).expect(200)
    })
    await redis.close()
    await server.stop()
  })

  it('a client without an error listener does not end the process', async () => {
    const server = await startRedisServer()
    const redis = createClient({
      url: server.url,
      socket: { reconnectStrategy: () => 10 },
      disableOfflineQueue: true,
    })
    await withTestApp({ wx: { redis } }, async (t) => {
      await redis.connect()
      await t.login()
      const away = new Promise((resolve) => redis.once('reconnecting', resolve))
      server.kill()
      await away
      expect((await t.get('/public')).status).toBe(200)
    })
    redis.destroy()
    await server.stop()
  })
})
