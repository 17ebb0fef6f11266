import { createClient, createClientPool } from 'redis'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { examine, type Examination } from '../../src/redis/health.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { until } from '../support/until.js'

const healthOf = async (client: unknown, ms: number): Promise<Examination['health']> =>
  (await examine(client as LiveClient, ms)).health

let server: RedisServer
let proxy: FaultProxy
beforeAll(async () => {
  server = await startRedisServer({ args: ['--enable-debug-command', 'local'] })
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
})
afterEach(() => proxy.close())

describe('a client', () => {
  let client: ReturnType<typeof createClient>
  beforeEach(async () => {
    client = createClient({ url: proxy.url, disableOfflineQueue: true })
    client.on('error', () => undefined)
    await client.connect()
  })
  afterEach(() => client.destroy())

  test('that answers is well', async () => {
    await expect(healthOf(client, 500)).resolves.toBe('well')
  })

  test('that answers too late, or never, is away', async () => {
    proxy.delay(400)
    const started = performance.now()
    await expect(healthOf(client, 100)).resolves.toBe('away')
    expect(performance.now() - started).toBeLessThan(350)
    proxy.halfOpen()
    await expect(healthOf(client, 100)).resolves.toBe('away')
  })

  test('that is not connected is away, and not asked', async () => {
    proxy.refuse()
    await until(() => !client.isReady)
    const ping = jest.spyOn(client, 'ping')
    await expect(healthOf(client, 5000)).resolves.toBe('away')
    expect(ping).not.toHaveBeenCalled()
  })

  test('whose connection breaks over the question is away at once', async () => {
    proxy.freeze()
    const started = performance.now()
    const health = healthOf(client, 5000)
    proxy.reset()
    await expect(health).resolves.toBe('away')
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('that hears a no of Redis is well: another connection would hear the same', async () => {
    const name = 'nobody'
    await client.sendCommand(['ACL', 'SETUSER', name, 'on', 'nopass', '-@all', '+auth', '+hello'])
    await client.sendCommand(['AUTH', name, 'x'])
    await expect(client.ping()).rejects.toThrow(/^NOPERM /)
    await expect(healthOf(client, 500)).resolves.toBe('well')
  })
})

describe('a pool', () => {
  const size = 4
  let pool: ReturnType<typeof createClientPool>
  beforeEach(async () => {
    pool = createClientPool(
      { url: proxy.url, disableOfflineQueue: true },
      { minimum: size, maximum: size },
    )
    pool.on('error', () => undefined)
    await pool.connect()
  })
  afterEach(() => pool.destroy())

  const commands = async (): Promise<number> => {
    const client = await createClient({ url: server.url }).connect()
    const clients = (await client.sendCommand(['CLIENT', 'LIST'])) as string
    client.destroy()
    return clients.split('\n').filter((line) => line.includes('cmd=ping')).length
  }

  test('is asked on one connection, whichever is free', async () => {
    expect(await commands()).toBe(0)
    await expect(healthOf(pool, 500)).resolves.toBe('well')
    expect(await commands()).toBe(1)
  })

  test('with a connection that hangs is well: that one is in use, and out of the way', async () => {
    const half = createClientPool({ url: proxy.url }, { minimum: 1, maximum: 2 })
    half.on('error', () => undefined)
    await half.connect()
    proxy.halfOpen()
    half.get('never answered').catch(() => undefined)
    try {
      await expect(healthOf(half, 500)).resolves.toBe('well')
    } finally {
      half.destroy()
    }
  })

  test('that was never connected is away', async () => {
    const never = createClientPool({ url: proxy.url })
    await expect(healthOf(never, 100)).resolves.toBe('away')
  })
})

test('an answer to another question is no sign of life', async () => {
  const outOfStep = { isOpen: true, isReady: true, ping: async () => 'the answer before' }
  await expect(healthOf(outOfStep, 500)).resolves.toBe('away')
})
