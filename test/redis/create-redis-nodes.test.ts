import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisClusterOptions } from 'redis'
import {
  createRedis,
  type WxRedisCluster,
  type WxRedisSentinel,
} from '../../src/redis/create-redis.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { until } from '../support/until.js'

// Clients of createRedis for URLs with several hosts; what failovers do to them is tried in test/faults.

const quick = {
  ...{ disableOfflineQueue: true, commandsQueueMaxLength: 10_000, pingInterval: 500 },
  socket: { connectTimeout: 1000, socketTimeout: 2000 },
}
/** A cluster shows its options in no other way. */
function optionsOf(cluster: WxRedisCluster): RedisClusterOptions {
  const { _options: options } = cluster as unknown as { _options: RedisClusterOptions }
  return options
}

describe('a cluster', () => {
  test('is reached through the nodes of the URL, each with the options of a single server', () => {
    const options = optionsOf(createRedis('redis+cluster://user:p%40ss@a:7000,[::1]'))
    expect(options).toMatchObject({
      rootNodes: [{ socket: { host: 'a', port: 7000 } }, { socket: { host: '::1', port: 6379 } }],
      defaults: { ...quick, username: 'user', password: 'p@ss' },
    })
    const strategy = options.defaults!.socket!.reconnectStrategy as (retries: number) => number
    expect([0, 1, 100, 1_000_000].map(strategy)).toEqual([10, 60, 500, 500])
  })

  test('of rediss: speaks TLS with every node', () => {
    const { defaults } = optionsOf(createRedis('rediss+cluster://a'))
    expect(defaults).toMatchObject({ socket: { ...quick.socket, tls: true } })
    const plain = optionsOf(createRedis('redis+cluster://a'))
    expect(plain.defaults!.socket).not.toHaveProperty('tls', true)
  })

  test('takes options for each connection', () => {
    const options = { pingInterval: 9000, name: 'sessions', socket: { socketTimeout: 7000 } }
    const { defaults } = optionsOf(createRedis('redis+cluster://a', options))
    expect(defaults).toMatchObject({
      ...{ ...quick, pingInterval: 9000, name: 'sessions' },
      socket: { connectTimeout: 1000, socketTimeout: 7000 },
    })
  })
})

test.each(['redis+cluster://', 'redis+sentinel://a', 'http://a', 'redis://a/x'])(
  'a URL of another form is a TypeError: %s',
  (url) => {
    expect(() => createRedis(url)).toThrow(TypeError)
  },
)

/** One way to have several servers, as small as it can be, behind a proxy that a test can switch. */
interface Setup {
  proxy: FaultProxy
  /** @param path - what comes after the name of a master */
  make(path?: string): WxRedisCluster | WxRedisSentinel
  stop(): Promise<void>
}

async function startCluster(): Promise<Setup> {
  const node = await startRedisServer({ args: ['--cluster-enabled', 'yes'] })
  const one = createRedis(node.url)
  await one.connect()
  await one.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  await until(async () => (await one.clusterInfo()).includes('cluster_state:ok'))
  await one.close()
  const proxy = await startFaultProxy(node.port)
  return {
    proxy,
    make: () => createRedis(`redis+cluster://127.0.0.1:${String(proxy.port)}`),
    stop: () => stopAll(proxy, node),
  }
}

async function startSentinel(): Promise<Setup> {
  const master = await startRedisServer()
  const config = `sentinel monitor m 127.0.0.1 ${String(master.port)} 1`
  const sentinel = await startRedisServer({ args: ['--sentinel'], config })
  const proxy = await startFaultProxy(sentinel.port)
  return {
    proxy,
    make: (path = '') => createRedis(`redis+sentinel://127.0.0.1:${String(proxy.port)}/m${path}`),
    stop: () => stopAll(proxy, sentinel, master),
  }
}

async function stopAll(proxy: FaultProxy, ...servers: RedisServer[]): Promise<void> {
  await proxy.close()
  await Promise.all(servers.map((server) => server.stop()))
}

test('the database in the URL of a Redis behind Sentinel is the one that is used', async () => {
  const setup = await startSentinel()
  const [first, third] = [setup.make(), setup.make('/3')]
  await Promise.all([first.connect(), third.connect()])
  await third.set('a', 'in 3')
  expect([await first.get('a'), await third.get('a')]).toEqual([null, 'in 3'])
  await Promise.all([first.destroy(), third.destroy()])
  await setup.stop()
})

describe.each<[string, () => Promise<Setup>]>([
  ['cluster', startCluster],
  ['Redis behind Sentinel', startSentinel],
])('the client of a %s', (_, startSetup) => {
  let setup: Setup
  let client: WxRedisCluster | WxRedisSentinel
  const unhandled = jest.fn()
  beforeAll(async () => {
    setup = await startSetup()
    process.on('unhandledRejection', unhandled)
  })
  afterAll(async () => {
    process.off('unhandledRejection', unhandled)
    await setup.stop()
  })
  beforeEach(() => {
    setup.proxy.pass()
    client = setup.make()
  })
  afterEach(async () => {
    await (async () => client.destroy())().catch(() => undefined)
    // Whatever was left behind has had its time to fail.
    await sleep(100)
    expect(unhandled).not.toHaveBeenCalled()
  })

  const works = async (): Promise<void> => {
    await client.set('a', '1')
    await expect(client.get('a')).resolves.toBe('1')
  }

  test('connects and works', async () => {
    await client.connect()
    await works()
  })

  test('may be connected before Redis is there: it keeps trying', async () => {
    setup.proxy.refuse()
    let connected = false
    const connecting = (client.connect() as Promise<unknown>).then(() => (connected = true))
    await sleep(1500)
    expect(connected).toBe(false)
    setup.proxy.pass()
    await connecting
    await works()
  })

  test('that is connected twice works all the same', async () => {
    const both = [client.connect(), client.connect()] as Promise<unknown>[]
    await Promise.allSettled(both)
    await works()
    const third = (client.connect() as Promise<unknown>).catch(() => undefined)
    await works()
    await third
    await works()
  })

  test.each(['close', 'destroy'] as const)('tries no more after %s()', async (finish) => {
    setup.proxy.refuse()
    const connecting = (client.connect() as Promise<unknown>).then(
      () => 'connected',
      () => 'given up',
    )
    await sleep(300)
    await (async () => client[finish]())().catch(() => undefined)
    await expect(connecting).resolves.toBe('given up')
    setup.proxy.pass()
    const before = setup.proxy.accepted()
    await sleep(1200)
    expect([setup.proxy.accepted(), client.isOpen]).toEqual([before, false])
  })

  test('gives up where it is destroyed in the middle of connecting', async () => {
    setup.proxy.freeze()
    const connecting = (client.connect() as Promise<unknown>).then(
      () => 'connected',
      () => 'given up',
    )
    await until(() => setup.proxy.connections() > 0)
    const ended = (async () => client.destroy())().catch(() => undefined)
    await sleep(50)
    setup.proxy.pass()
    await ended
    await expect(connecting).resolves.toBe('given up')
    await until(() => setup.proxy.connections() === 0)
    expect(client.isOpen).toBe(false)
  })

  test('can be connected again after it was closed', async () => {
    await client.connect()
    await client.close()
    await client.connect()
    await works()
  })
})
