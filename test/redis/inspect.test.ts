import { createClient, createClientPool, type RedisClientOptions } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { inspectRedis } from '../../src/redis/inspect.js'
import { redisUrl, startRedisServer } from '../support/redis.js'

const url = redisUrl()
const plain = {
  version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
  role: 'master',
  maxmemoryPolicy: 'noeviction',
  clockAhead: expect.any(Number) as number,
}

async function inspected(client: {
  connect: () => Promise<unknown>
  close: () => Promise<unknown>
}): Promise<unknown> {
  await client.connect()
  try {
    return await inspectRedis(client as unknown as LiveClient, 2000)
  } finally {
    await client.close()
  }
}

describe('a Redis tells of itself', () => {
  it.each<[string, () => Parameters<typeof inspected>[0]]>([
    ['a client', () => createClient({ url })],
    ['a client of redis 5', () => createClient5({ url })],
    ['RESP 2', () => createClient({ url, RESP: 2 })],
    ['RESP 3', () => createClient({ url, RESP: 3 } as RedisClientOptions)],
    ['a pool', () => createClientPool({ url })],
  ])('%s', async (_, make) => {
    expect(await inspected(make())).toEqual([plain])
  })

  it('its clock is that of this machine here', async () => {
    const [facts] = (await inspected(createClient({ url }))) as [{ clockAhead: number }]
    expect(Math.abs(facts.clockAhead)).toBeLessThan(10_000)
  })

  it('a replica, and what it does when it is full', async () => {
    const server = await startRedisServer({
      args: ['--replicaof', '127.0.0.1', '1', '--maxmemory-policy', 'volatile-ttl'],
    })
    expect(await inspected(createClient({ url: server.url }))).toEqual([
      { ...plain, role: 'replica', maxmemoryPolicy: 'volatile-ttl' },
    ])
    await server.stop()
  })

  it('nothing, where it does not answer in time', async () => {
    const server = await startRedisServer()
    const client = createClient({ url: server.url })
    client.on('error', () => undefined)
    await client.connect()
    server.freeze()
    expect(await inspectRedis(client as unknown as LiveClient, 100)).toEqual([])
    server.thaw()
    client.destroy()
    await server.stop()
  })
})
