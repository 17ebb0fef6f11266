import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createClientPool, type RedisClientOptions } from 'redis'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisEndChannel } from '../../src/redis/end-channel.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import type { EndChannel, SessionsEnd } from '../../src/state-types.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'
import { until } from '../support/until.js'

type Client = ReturnType<typeof createClient>

const end: SessionsEnd = { ids: ['a', 'b'], reason: 'revoke' }

let server: RedisServer
let proxy: FaultProxy
let prefix: string
let opened: { client: { destroy(): void }; link: RedisLink; channel: EndChannel }[]

beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
  prefix = `test-ends-${randomUUID()}:`
  opened = []
})
afterEach(async () => {
  for (const { channel, link, client } of opened) {
    channel.unsubscribe()
    link.close()
    client.destroy()
  }
  await proxy.close()
})

interface Process {
  client: Client
  link: RedisLink
  channel: EndChannel
  heard: SessionsEnd[]
}

/** What one process has: a client, a link and a channel. */
async function start(options: RedisClientOptions = {}): Promise<Process> {
  const client: Client = createClient({ url: proxy.url, disableOfflineQueue: true, ...options })
  client.on('error', () => undefined)
  await client.connect()
  const link = createRedisLink(client as unknown as LiveClient, 300)
  const channel = createRedisEndChannel(link, prefix)
  opened.push({ client, link, channel })
  const heard: SessionsEnd[] = []
  await channel.subscribe((news) => heard.push(news))
  return { client, link, channel, heard }
}

test('a listener that is forgotten at once leaves no connection', async () => {
  const { channel } = await start()
  channel.unsubscribe()
  for (let i = 0; i < 5; i++) {
    void channel.subscribe(() => undefined)
    channel.unsubscribe()
  }
  await until(() => proxy.connections() === 1)
  await sleep(200)
  expect(proxy.connections()).toBe(1)
})

describe('a listener', () => {
  /** A client that listens, as far as the channel looks at one. */
  const lookAlike = (connect: () => Promise<unknown>) => ({
    ...{ isOpen: true, isReady: true, connect, destroy: jest.fn() },
    ...{ on: jest.fn(), once: jest.fn(), off: jest.fn(), ping: jest.fn() },
    subscribe: jest.fn(async () => undefined),
  })
  const channelWith = (listener: () => unknown): EndChannel =>
    createRedisEndChannel({ ...linkTo({}), listener: listener as RedisLink['listener'] }, prefix)

  test('for which no client can be made yet is made by a check', async () => {
    const client = lookAlike(async () => undefined)
    const makes: unknown[] = [null, client]
    const channel = channelWith(() => makes.shift())
    await channel.subscribe(() => undefined)
    expect(client.subscribe).not.toHaveBeenCalled()
    channel.check()
    await until(() => client.subscribe.mock.calls.length === 2)
  })

  test('whose connection fails is made again by a check', async () => {
    const failing = lookAlike(() => Promise.reject(new Error('connect ECONNREFUSED')))
    const client = lookAlike(async () => undefined)
    const makes = [failing, client]
    const channel = channelWith(() => makes.shift())
    await channel.subscribe(() => undefined)
    channel.check()
    await until(() => client.subscribe.mock.calls.length === 2)
    expect(failing.destroy).toHaveBeenCalled()
  })

  test('that is not wanted any more when it is connected at last is ended, and hears nothing', async () => {
    let connected!: () => void
    const client = lookAlike(() => new Promise<void>((resolve) => (connected = resolve)))
    const channel = channelWith(() => client)
    const listening = channel.subscribe(() => undefined)
    channel.unsubscribe()
    client.destroy.mockClear()
    connected()
    await listening
    expect(client.destroy).toHaveBeenCalled()
    expect(client.subscribe).not.toHaveBeenCalled()
  })

  test('that fails after another one took its place leaves that one alone', async () => {
    let fail!: (error: Error) => void
    const first = lookAlike(() => new Promise((_, reject) => (fail = reject)))
    const second = lookAlike(async () => undefined)
    const makes = [first, second]
    const channel = channelWith(() => makes.shift())
    void channel.subscribe(() => undefined)
    await channel.subscribe(() => undefined)
    fail(new Error('connect ECONNREFUSED'))
    await sleep(10)
    // It is asked whether it hears, and not replaced.
    channel.check()
    expect(makes).toEqual([])
    expect(second.destroy).not.toHaveBeenCalled()
  })
})

describe('news', () => {
  test('are heard in every process that listens, and in the one that tells', async () => {
    const [a, b] = [await start(), await start()]
    a.channel.publish(end)
    await until(() => a.heard.length + b.heard.length === 2)
    expect([a.heard, b.heard]).toEqual([[end], [end]])
  })

  test('stay within their prefix', async () => {
    const a = await start()
    prefix = `test-ends-${randomUUID()}:`
    const b = await start()
    b.channel.publish(end)
    await until(() => b.heard.length === 1)
    expect(a.heard).toEqual([])
  })

  test.each(['', 'hello', '5', 'null', '{}', '{"ids":"a","reason":"revoke"}', '{"ids":["a"]}'])(
    'that are none are passed over: %j',
    async (message) => {
      const { client, channel, heard } = await start()
      await client.publish(`${prefix}ended`, message)
      channel.publish(end)
      await until(() => heard.length === 1)
      expect(heard).toEqual([end])
    },
  )

  test('that nobody could be told are no error', async () => {
    const { client, channel } = await start()
    client.destroy()
    expect(() => channel.publish(end)).not.toThrow()
    await sleep(20)
  })
})

describe('the connection', () => {
  test('is one more while somebody listens, and goes with the listener', async () => {
    const { channel, heard } = await start()
    expect(proxy.connections()).toBe(2)
    channel.unsubscribe()
    await until(() => proxy.connections() === 1)
    channel.publish(end)
    await sleep(50)
    expect(heard).toEqual([])
  })

  test('is one and the same while it hears', async () => {
    const { channel } = await start()
    for (let i = 0; i < 5; i++) {
      channel.check()
      await sleep(50)
    }
    expect(proxy.accepted()).toBe(2)
  })

  test('is made again by the client where it breaks', async () => {
    const { channel, heard } = await start({ socket: { reconnectStrategy: () => 20 } })
    proxy.reset()
    await until(() => proxy.connections() === 2)
    await until(() => {
      channel.publish(end)
      return heard.length > 0
    })
  })

  test('that is silent is found by a check, replaced by the next, and then left alone', async () => {
    const { client, channel, link, heard } = await start()
    proxy.halfOpen()
    link.trouble()
    await until(async () => (await client.ping()) === 'PONG')
    channel.publish(end)
    await sleep(100)
    expect(heard).toEqual([])

    channel.check()
    await sleep(100)
    channel.check()
    await until(() => {
      channel.publish(end)
      return heard.length > 0
    })
    const before = proxy.accepted()
    for (let i = 0; i < 4; i++) {
      await sleep(100)
      channel.check()
    }
    // A connection that is made anew with every check is deaf for a moment each time.
    expect(proxy.accepted()).toBe(before)
  })

  test('that could not be made at first is made by a check', async () => {
    const { client, link } = await start()
    const later = createRedisEndChannel(link, `${prefix}later:`)
    opened.push({ client, link, channel: later })
    const heard: SessionsEnd[] = []
    proxy.refuse()
    const started = performance.now()
    await later.subscribe((news) => heard.push(news))
    // Nobody is kept waiting for a Redis that is away.
    expect(performance.now() - started).toBeLessThan(1500)
    proxy.pass()
    await until(() => link.ready() && client.isReady)
    await until(async () => {
      later.check()
      await sleep(150)
      later.publish(end)
      await sleep(50)
      return heard.length > 0
    })
  })

  test('is not made again once the app has closed its client', async () => {
    const { client, channel } = await start()
    client.destroy()
    channel.check()
    await until(() => proxy.connections() === 0)
    const before = proxy.accepted()
    channel.check()
    await sleep(100)
    expect(proxy.accepted()).toBe(before)
  })

  test('of a pool is a single one', async () => {
    const pool = createClientPool({ url: proxy.url }, { minimum: 3 })
    pool.on('error', () => undefined)
    await pool.connect()
    const link = createRedisLink(pool as unknown as LiveClient, 300)
    const channel = createRedisEndChannel(link, prefix)
    opened.push({ client: pool, link, channel })
    // A link gets to know the pool with its first moments.
    await until(() => link.listener() !== null)
    const heard: SessionsEnd[] = []
    await channel.subscribe((news) => heard.push(news))
    expect(proxy.connections()).toBe(4)
    channel.publish(end)
    await until(() => heard.length === 1)
  })
})
