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

test.each([
  ['slave', 'away'],
  ['master', 'well'],
])('the server that Sentinel names, whose role is %s, is %s', async (role, health) => {
  const client = {
    ...{ isOpen: true, isReady: true, getSentinelNode: () => undefined },
    sendCommand: async () => [role, 0],
  }
  await expect(healthOf(client, 500)).resolves.toBe(health)
})

test('an answer to another question is no sign of life', async () => {
  const outOfStep = { isOpen: true, isReady: true, ping: async () => 'the answer before' }
  await expect(healthOf(outOfStep, 500)).resolves.toBe('away')
})

/** Answers a ping with what came with it. */
const echo = async (message?: string): Promise<unknown> => message

test('each question is another one, so that no answer to an earlier one is taken for its own', async () => {
  const asked: unknown[] = []
  const ping = async (message?: string): Promise<unknown> => {
    asked.push(message)
    return message
  }
  const client = { isOpen: true, isReady: true, ping }
  for (let i = 0; i < 3; i++) expect(await healthOf(client, 500)).toBe('well')
  expect(new Set(asked).size).toBe(3)
})

test('a client that is not connected has no place that answers', async () => {
  const client = { isOpen: true, isReady: false, ping: jest.fn() }
  await expect(examine(client as unknown as LiveClient, 500)).resolves.toEqual({
    health: 'away',
    full: false,
    answering: [],
  })
})

test('whose queue is full could not be asked: its connection may be well', async () => {
  const ping = (): Promise<never> => Promise.reject(new Error('The queue is full'))
  const full = { isOpen: true, isReady: true, ping }
  await expect(examine(full as unknown as LiveClient, 500)).resolves.toEqual({
    health: 'away',
    full: true,
    answering: [],
  })
  const well = { isOpen: true, isReady: true, ping: echo }
  await expect(examine(well as unknown as LiveClient, 500)).resolves.toMatchObject({ full: false })
})

test('a pool, in which a question waits for its turn, has twice the time of a client', async () => {
  jest.useFakeTimers()
  try {
    const healthAt = async (client: object, answersAfter: number): Promise<unknown> => {
      const ping = (message?: string): Promise<unknown> =>
        new Promise((resolve) => setTimeout(resolve, answersAfter, message))
      const health = healthOf({ isOpen: true, isReady: true, ping, ...client }, 100)
      await jest.advanceTimersByTimeAsync(400)
      return health
    }
    const pool = { totalClients: 1 }
    expect(await healthAt({}, 99)).toBe('well')
    expect(await healthAt({}, 101)).toBe('away')
    expect(await healthAt(pool, 199)).toBe('well')
    expect(await healthAt(pool, 201)).toBe('away')
  } finally {
    jest.useRealTimers()
  }
})

describe('a cluster', () => {
  interface Node {
    client: object | undefined
    isReady: boolean
    isOpen: boolean
    ping: jest.Mock
  }
  const node = (port: number, more: Partial<Node> = {}): Node => ({
    client: { options: { socket: { host: '127.0.0.1', port } } },
    ...{ isOpen: true, isReady: true, ping: jest.fn(echo) },
    ...more,
  })
  const examined = (...masters: Node[]): Promise<Examination> =>
    examine(
      {
        ...{ isOpen: true, isReady: true, masters },
        nodeClient: (of: Node) => of,
      } as unknown as LiveClient,
      500,
    )
  const at = (port: number): object => ({ host: '127.0.0.1', port })

  test('whose nodes all answer is well, and says where they are', async () => {
    await expect(examined(node(7000), node(7001))).resolves.toEqual({
      health: 'well',
      full: false,
      answering: [at(7000), at(7001)],
    })
  })

  test('of which a node is away is partly well; that one is not asked', async () => {
    const gone = node(7001, { isReady: false })
    await expect(examined(node(7000), gone)).resolves.toMatchObject({
      health: 'partly',
      answering: [at(7000)],
    })
    expect(gone.ping).not.toHaveBeenCalled()
  })

  test('of which no node answers is away', async () => {
    const failing = node(7000, { ping: jest.fn(() => Promise.reject(new Error('Socket closed'))) })
    await expect(examined(failing)).resolves.toMatchObject({ health: 'away', answering: [] })
  })

  test('counts a node that says no, and one of which no place is known', async () => {
    const no = node(7000, { ping: jest.fn(() => Promise.reject(new Error('LOADING Redis is'))) })
    await expect(examined(no, node(7001, { client: undefined }))).resolves.toMatchObject({
      health: 'well',
      answering: [at(7000)],
    })
    await expect(examined(node(7001, { client: {} }))).resolves.toMatchObject({ answering: [] })
  })
})

test.each([
  ['master', 'well'],
  ['slave', 'away'],
])('a Redis behind Sentinel that says it is a %s is %s', async (role, health) => {
  const sendCommand = jest.fn(async () => [role, 0, []])
  const sentinel = { isOpen: true, isReady: true, getSentinelNode: () => undefined, sendCommand }
  await expect(healthOf(sentinel, 500)).resolves.toBe(health)
  expect(sendCommand.mock.calls).toEqual([[false, ['ROLE']]])
})
