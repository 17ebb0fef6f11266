import { BasicClientSideCache } from 'redis'
import { createRedis, type WxRedis } from '../../src/redis/create-redis.js'
import * as subpath from '../../src/redis/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'

/** An event of a client; unlike `once` of node:events it adds no listener for errors. */
const event = (client: WxRedis, name: 'ready' | 'reconnecting' | 'error'): Promise<unknown> =>
  new Promise((resolve) => client.once(name, resolve))

test('express-wx-login/redis exports createRedis and nothing else', () => {
  expect(Object.keys(subpath)).toEqual(['createRedis'])
  expect(subpath.createRedis).toBe(createRedis)
})

describe('the options', () => {
  test('make commands fail at once, and reconnect for ever', () => {
    const { options } = createRedis('redis://127.0.0.1:1')
    expect(options).toMatchObject({
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      pingInterval: 500,
      socket: { connectTimeout: 1000, socketTimeout: 2000 },
    })
    const strategy = options.socket!.reconnectStrategy as (retries: number) => number
    const pauses = [0, 1, 2, 5, 9, 100, 1_000_000].map((retries) => strategy(retries))
    expect(pauses).toEqual([10, 60, 110, 260, 460, 500, 500])
  })

  test('read host, port, user, password and database from the URL', () => {
    const { options } = createRedis('redis://user:pass@example.org:6380/2')
    expect(options).toMatchObject({
      username: 'user',
      password: 'pass',
      database: 2,
      socket: { host: 'example.org', port: 6380, socketTimeout: 2000 },
    })
  })

  test('of rediss: speak TLS', () => {
    expect(createRedis('rediss://example.org').options.socket).toMatchObject({ tls: true })
  })

  test('given win over the defaults, those of the socket one by one', () => {
    const { options } = createRedis('redis://127.0.0.1:1', {
      pingInterval: 9000,
      name: 'sessions',
      socket: { socketTimeout: 7000, keepAlive: false },
    })
    expect(options).toMatchObject({
      disableOfflineQueue: true,
      pingInterval: 9000,
      name: 'sessions',
      socket: { socketTimeout: 7000, keepAlive: false, connectTimeout: 1000 },
    })
    expect(options.socket!.reconnectStrategy).toBeInstanceOf(Function)
  })

  test('make a cache whose entries end; a cache of one’s own stays what it is', () => {
    const url = 'redis://127.0.0.1:1'
    const cache = new BasicClientSideCache({ ttl: 5 })
    const own = createRedis(url, { clientSideCache: cache })
    expect(own.options.clientSideCache).toBe(cache)
    expect(own.options).toMatchObject({ RESP: 3 })
    const made = createRedis(url, { clientSideCache: { maxEntries: 9 } })
    expect(made.options.clientSideCache).toMatchObject({ maxEntries: 9 })
    expect((made.options.clientSideCache as { ttl: number }).ttl).toBeGreaterThan(0)
  })
})

describe('a client', () => {
  let server: RedisServer
  let client: WxRedis
  beforeEach(async () => {
    server = await startRedisServer()
    client = createRedis(server.url)
  })
  afterEach(async () => {
    client.destroy()
    await server.stop()
  })

  test('connects and works', async () => {
    await client.connect()
    await client.set('a', '1')
    await expect(client.get('a')).resolves.toBe('1')
  })

  test('fails at once while Redis is away, and works again when it is back', async () => {
    await client.connect()
    // Nobody listens for errors here but createRedis itself: the process lives all the same.
    const broken = event(client, 'reconnecting')
    server.kill()
    await broken
    await expect(client.get('a')).rejects.toThrow()
    const back = event(client, 'ready')
    await server.restart()
    await back
    await expect(client.set('a', '1')).resolves.toBe('OK')
  })

  test('may be made and connected before Redis is there', async () => {
    server.kill()
    const trying = event(client, 'reconnecting')
    const connecting = client.connect()
    await trying
    await expect(client.get('a')).rejects.toThrow()
    await server.restart()
    await connecting
    await expect(client.ping()).resolves.toBe('PONG')
  })

  test('notices a connection on which nothing comes back, and makes a new one', async () => {
    const quick = createRedis(server.url, {
      pingInterval: 20,
      socket: { socketTimeout: 300, connectTimeout: 300 },
    })
    try {
      await quick.connect()
      const noticed = event(quick, 'reconnecting')
      server.freeze()
      await noticed
      expect(quick.isReady).toBe(false)
      const back = event(quick, 'ready')
      server.thaw()
      await back
      await expect(quick.ping()).resolves.toBe('PONG')
    } finally {
      server.thaw()
      quick.destroy()
    }
  })

  test('says its errors to whoever listens', async () => {
    await client.connect()
    const told = event(client, 'error')
    server.kill()
    await expect(told).resolves.toBeInstanceOf(Error)
  })
})
