import {
  createClient,
  createClientPool,
  createCluster,
  createSentinel,
  type RedisClientOptions,
} from 'redis'
import { createRedis } from '../../src/redis/create-redis.js'
import { redisFaults, redisWarnings } from '../../src/redis/check-client.js'

const method = (): undefined => undefined

describe('a client of the package redis', () => {
  test.each<[string, () => object]>([
    ['client', () => createClient()],
    ['client of createRedis', () => createRedis('redis://127.0.0.1:1')],
    ['client with RESP 3', () => createClient({ RESP: 3 })],
    ['pool', () => createClientPool()],
    ['cluster', () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })],
    [
      'sentinel',
      () => createSentinel({ name: 'm', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
    ],
  ])('is accepted: a %s, connected or not', (_, create) => {
    expect(redisFaults(create())).toEqual([])
  })
})

describe('another client', () => {
  test('is refused with the fix: ioredis', () => {
    const ioredis = {
      ...{ defineCommand: method, sendCommand: method, connect: method, on: method },
      ...{ disconnect: method, quit: method, get: method, set: method },
    }
    const faults = redisFaults(ioredis)
    expect(faults).toEqual([expect.stringMatching(/^redis: this is an ioredis client/)])
    expect(faults[0]).toContain('npm i redis')
    expect(faults[0]).toContain('session.store')
    expect(redisFaults({ ...ioredis, close: method })).toEqual(faults)
  })

  test('is refused with the fix: redis 4 and older', () => {
    const redis4 = {
      ...{ sendCommand: method, connect: method, on: method },
      ...{ disconnect: method, quit: method, get: method, set: method },
    }
    const faults = redisFaults(redis4)
    expect(faults).toEqual([expect.stringMatching(/^redis: this client is of redis 4 or older/)])
    expect(faults[0]).toContain('npm i redis@latest')
  })

  test('is refused with the fix: the promise of a client', () => {
    expect(redisFaults(Promise.resolve())).toEqual([
      'redis: this is the promise of a client; await it',
    ])
  })

  test.each(['close', 'connect', 'on'])('is refused where it has no %s', (name) => {
    const whole = { sendCommand: method, close: method, connect: method, on: method }
    expect(redisFaults(whole)).toEqual([])
    expect(redisFaults({ ...whole, [name]: undefined })).toHaveLength(1)
  })

  test('is accepted where it runs commands on whichever connection is free', () => {
    const pool = { execute: method, close: method, connect: method, on: method }
    expect(redisFaults(pool)).toEqual([])
  })

  test.each([
    ['an empty object', {}],
    ['options of a client', { url: 'redis://127.0.0.1' }],
    ['a store', { get: method, set: method, destroy: method }],
    ['a list', []],
  ])('is refused where it is none at all: %s', (_, thing) => {
    expect(redisFaults(thing)).toEqual([
      expect.stringMatching(/^redis: must be a client of the package `redis` \(createClient, /),
    ])
  })

  test.each([undefined, null, 'redis://127.0.0.1', 5])(
    '%j is left to the check of the options',
    (value) => {
      expect(redisFaults(value)).toEqual([])
    },
  )
})

describe('options that make commands hang, or end the client', () => {
  const url = 'redis://127.0.0.1:1'
  const rootNodes = [{ url }]
  const sentinelRootNodes = [{ host: '127.0.0.1', port: 1 }]
  const reconnectStrategy = (): number => 100

  test.each<[string, () => object]>([
    ['client', () => createRedis(url)],
    ['cluster', () => createRedis('redis+cluster://127.0.0.1:1')],
    ['sentinel', () => createRedis('redis+sentinel://127.0.0.1:1/m')],
  ])('are none of those of createRedis: %s', (_, create) => {
    expect(redisWarnings(create())).toEqual([])
  })

  const queue = /^disableOfflineQueue is not set: .+ set it to true$/
  const ends = /^socket.reconnectStrategy is false: .+ give a function that returns ms$/
  const endsLate = /^socket.socketTimeout without socket.reconnectStrategy: .+ returns ms$/
  const quiet = /^socket.socketTimeout without a shorter pingInterval: .+ a quarter of it$/

  test.each<[string, RedisClientOptions, RegExp[]]>([
    ['the defaults of node-redis', {}, [queue]],
    ['commands that fail at once', { disableOfflineQueue: true }, []],
    [
      'no second connection',
      { disableOfflineQueue: true, socket: { reconnectStrategy: false } },
      [ends],
    ],
    [
      'a socket timeout that is the end',
      { disableOfflineQueue: true, pingInterval: 100, socket: { socketTimeout: 2000 } },
      [endsLate],
    ],
    [
      'a socket timeout, and nothing said before it',
      { disableOfflineQueue: true, socket: { socketTimeout: 2000, reconnectStrategy } },
      [quiet],
    ],
    [
      'a socket timeout before the ping',
      {
        ...{ disableOfflineQueue: true, pingInterval: 2000 },
        socket: { socketTimeout: 2000, reconnectStrategy },
      },
      [quiet],
    ],
    [
      'a socket timeout after the ping',
      {
        ...{ disableOfflineQueue: true, pingInterval: 500 },
        socket: { socketTimeout: 2000, reconnectStrategy },
      },
      [],
    ],
    [
      'all of it at once',
      { socket: { socketTimeout: 2000, reconnectStrategy: false } },
      [queue, ends, quiet],
    ],
  ])('are told, each with its fix: %s', (_, options, expected) => {
    const warnings = expected.map((warning) => expect.stringMatching(warning) as string)
    // Made anew for each: node-redis writes into the options it is given.
    const own = (): RedisClientOptions => ({
      ...options,
      ...(options.socket && { socket: { ...options.socket } }),
    })
    expect(redisWarnings(createClient({ url, ...own() }))).toEqual(warnings)
    expect(redisWarnings(createCluster({ rootNodes, defaults: own() }))).toEqual(warnings)
  })

  test.each([{}, { ttl: 0 }])('of a cache: entries without an end are told (%j)', (cache) => {
    const options = { url, disableOfflineQueue: true, RESP: 3 as const }
    const told = redisWarnings(createClient({ ...options, clientSideCache: cache }))
    expect(told).toEqual([expect.stringMatching(/^clientSideCache without ttl: .+ttl to 10000$/)])
    const ends = { clientSideCache: { ttl: 10_000 } }
    expect(redisWarnings(createClient({ ...options, ...ends }))).toEqual([])
  })

  test('are the defaults where a cluster shows none', () => {
    for (const cluster of [{ nodeClient: method }, { nodeClient: method, options: {} }]) {
      expect(redisWarnings(cluster)).toEqual([expect.stringMatching(queue)])
    }
  })

  test.each<[string, () => object]>([
    ['pool', () => createClientPool({ url })],
    ['sentinel', () => createSentinel({ name: 'm', sentinelRootNodes })],
  ])('are not guessed where the client does not show them: %s', (_, create) => {
    expect(redisWarnings(create())).toEqual([])
  })

  test.each([undefined, null, 'redis://127.0.0.1', 5, {}, { options: undefined }])(
    'are none of %j',
    (value) => {
      expect(redisWarnings(value)).toEqual([])
    },
  )
})
