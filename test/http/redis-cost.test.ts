import { randomUUID } from 'node:crypto'
import { getWx, requireWxSession } from '../../src/index.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.js'
import { until } from '../support/until.js'

// What requests cost in commands, counted by a Redis of its own.

let server: RedisServer
/** Looks at Redis from beside the apps. */
let control: WxRedis
beforeAll(async () => {
  server = await startRedisServer()
  control = createRedis(server.url)
  await control.connect()
})
afterAll(async () => {
  await control.close()
  await server.stop()
})

/** Commands that clients sent, by name; what scripts run inside does not count, nor do signs of life. */
async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
  const monitor = control.duplicate({ pingInterval: 0 } as object)
  await monitor.connect()
  const seen: string[] = []
  await monitor.monitor((line) => {
    const [, from, command] = /\[\d+ (\S+)\] "(\w+)"/.exec(line) ?? []
    if (from !== 'lua' && command !== undefined) seen.push(command.toUpperCase())
  })
  await work()
  // The last of them has been seen once this one is.
  const mark = randomUUID()
  const marked = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (!seen.includes('ECHO')) return
      clearInterval(look)
      resolve()
    }, 5)
  })
  await control.sendCommand(['ECHO', mark])
  await marked
  monitor.destroy()
  return seen.filter((name) => !['PING', 'ECHO', 'HELLO', 'CLIENT', 'MONITOR'].includes(name))
}

const routes: NonNullable<TestAppOptions['routes']> = (app) => {
  app.get('/user', requireWxSession, (req, res) => res.json(getWx(req).user))
  app.get('/write', requireWxSession, (req, res) => {
    const session = req.session as { n?: number }
    session.n = (session.n ?? 0) + 1
    res.json({ n: session.n })
  })
}

interface Running {
  t: TestApp
  stop(): Promise<void>
}

/** An app with a client of its own. */
async function start(options: object = {}, url = server.url): Promise<Running> {
  const redis = createRedis(url, { pingInterval: 200, ...options })
  await redis.connect()
  const t = await startTestApp({
    wx: { redis, redisPrefix: `test-${randomUUID()}:`, onUser: () => ({ name: 'alice' }) },
    routes,
  })
  return {
    t,
    async stop() {
      await t.close()
      redis.destroy()
    },
  }
}

describe('a request costs Redis', () => {
  let app: Running
  let t: TestApp
  beforeAll(async () => {
    app = await start()
    t = app.t
  })
  afterAll(() => app.stop())

  it('one command where it is guarded: the first of a minute extends the session, the others only read', async () => {
    const { token } = await t.login()
    const commands = await commandsOf(async () => {
      for (let i = 0; i < 3; i++) await t.get('/user', token).expect(200)
    })
    expect(commands).toEqual(['GETEX', 'GET', 'GET'])
  })

  it('two where it writes the session', async () => {
    const { token } = await t.login()
    await t.get('/write', token).expect(200)
    const commands = await commandsOf(() => t.get('/write', token).expect(200, { n: 2 }))
    expect(commands).toEqual(['GET', 'EVALSHA'])
  })

  it('none without a token or with a forged one, on guarded, public and unknown routes', async () => {
    const forged = `${'A'.repeat(32)}.${'B'.repeat(43)}`
    const commands = await commandsOf(async () => {
      for (const token of [undefined, forged]) {
        await t.get('/me', token).expect(401)
        await t.get('/public', token).expect(200)
        await t.get('/nowhere', token).expect(404)
      }
    })
    expect(commands).toEqual([])
  })

  it('the same for any number of users: nothing is forgotten that would have to be told again', async () => {
    const tokens: string[] = []
    for (let i = 0; i < 50; i++) tokens.push((await t.login(`user ${String(i)}`)).token)
    const round = async (): Promise<void> => {
      await Promise.all(tokens.map((token) => t.get('/user', token).expect(200)))
    }
    const first = await commandsOf(round)
    expect(first).toEqual(Array.from({ length: 50 }, () => 'GETEX'))
    expect(await commandsOf(round)).toEqual(Array.from({ length: 50 }, () => 'GET'))
  })
})

describe('with a client-side cache', () => {
  const cached = { clientSideCache: {} }

  it('a session that was read costs nothing, until something changes it', async () => {
    const app = await start(cached)
    const { t } = app
    try {
      const { token } = await t.login()
      for (let i = 0; i < 2; i++) await t.get('/user', token).expect(200)
      const commands = await commandsOf(async () => {
        for (let i = 0; i < 10; i++) await t.get('/user', token).expect(200, { name: 'alice' })
      })
      expect(commands).toEqual([])
      await t.get('/write', token).expect(200, { n: 1 })
      await t.get('/write', token).expect(200, { n: 2 })
    } finally {
      await app.stop()
    }
  })

  it('a session that ends in another process ends here with the news from Redis', async () => {
    const redisPrefix = `test-${randomUUID()}:`
    const [cachedClient, plainClient] = [createRedis(server.url, cached), createRedis(server.url)]
    await Promise.all([cachedClient.connect(), plainClient.connect()])
    const there = await startTestApp({ wx: { redis: plainClient, redisPrefix } })
    const here = await startTestApp({
      sandbox: there.sandbox,
      wx: { redis: cachedClient, redisPrefix },
    })
    try {
      for (let i = 0; i < 20; i++) {
        const { token } = await here.login()
        for (let read = 0; read < 3; read++) await here.get('/me', token).expect(200)
        await there.post('/wx/logout', undefined, token).expect(204)
        await until(async () => (await here.get('/me', token)).status === 401)
      }
    } finally {
      await Promise.all([here.close(), there.close()])
      for (const client of [cachedClient, plainClient]) client.destroy()
    }
  })

  it('a connection that died in silence hides the end of a session no longer than the cache lives', async () => {
    const proxy = await startFaultProxy(server.port)
    const cache = { clientSideCache: { ttl: 1500 } }
    const redisPrefix = `test-${randomUUID()}:`
    const [behind, beside] = [createRedis(proxy.url, cache), createRedis(server.url)]
    await Promise.all([behind.connect(), beside.connect()])
    const there = await startTestApp({ wx: { redis: beside, redisPrefix } })
    const here = await startTestApp({
      sandbox: there.sandbox,
      wx: { redis: behind, redisPrefix },
    })
    try {
      const { token } = await here.login()
      for (let read = 0; read < 3; read++) await here.get('/me', token).expect(200)
      proxy.halfOpen()
      await there.post('/wx/logout', undefined, token).expect(204)
      const seen: number[] = []
      await until(async () => {
        seen.push((await here.get('/me', token)).status)
        return seen.at(-1) === 401
      })
      // Known no more, or not known for the moment; and never again once it was found out.
      expect(seen.filter((status) => ![200, 401, 503].includes(status))).toEqual([])
      for (let i = 0; i < 5; i++) await here.get('/me', token).expect(401)
    } finally {
      await Promise.all([here.close(), there.close()])
      for (const client of [behind, beside]) client.destroy()
      await proxy.close()
    }
  })
})
