import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { createRedis } from '../../src/redis/create-redis.js'
import { redisFaults } from '../../src/redis/check-client.js'

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

  test.each(['close', 'connect', 'on'])('is refused where it has no %s', (name) => {
    const whole = { sendCommand: method, close: method, connect: method, on: method }
    expect(redisFaults(whole)).toEqual([])
    expect(redisFaults({ ...whole, [name]: undefined })).toHaveLength(1)
  })

  test.each([
    ['an empty object', {}],
    ['options of a client', { url: 'redis://127.0.0.1' }],
    ['a store', { get: method, set: method, destroy: method }],
    ['a promise of a client', Promise.resolve({})],
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
