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
    expect(await inspectRedis(client as unknown as LiveClient, 100)).toStrictEqual([])
    server.thaw()
    client.destroy()
    await server.stop()
  })
})

/** A server that answers INFO and TIME like this. */
const server = (info: unknown, time: () => unknown) => async (args: string[]) => {
  if (args[0] === 'TIME') return time()
  if (info instanceof Error) throw info
  return info
}
const text = 'redis_version:7.2.4\r\nrole:slave\r\nmaxmemory_policy:allkeys-lru\r\n'
const inTime =
  (ahead = 0) =>
  (): string[] => {
    const now = Date.now() + ahead
    return [String(Math.floor(now / 1000)), String((now % 1000) * 1000)]
  }
const inspect = (client: object): Promise<unknown> =>
  inspectRedis({ isOpen: true, isReady: true, ...client } as unknown as LiveClient, 500)

describe('what a Redis tells', () => {
  let clock: jest.SpyInstance
  beforeEach(() => {
    clock = jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_123)
  })
  afterEach(() => {
    clock.mockRestore()
  })

  it.each([0, 2500, -2500])('of a clock that is %i ms ahead', async (ahead) => {
    expect(await inspect({ sendCommand: server(text, inTime(ahead)) })).toEqual([
      { version: '7.2.4', role: 'replica', maxmemoryPolicy: 'allkeys-lru', clockAhead: ahead },
    ])
  })

  it('is measured at the middle of the question', async () => {
    const sendCommand = server(text, () => {
      clock.mockReturnValue(1_800_000_000_223)
      return ['1800000000', '173000']
    })
    expect(await inspect({ sendCommand })).toMatchObject([{ clockAhead: 0 }])
  })

  const nothing = { version: undefined, role: undefined, maxmemoryPolicy: undefined }
  it.each<[string, object, object]>([
    [
      'may not be asked for INFO',
      { sendCommand: server(new Error('NOPERM no'), inTime()) },
      { ...nothing, clockAhead: 0 },
    ],
    [
      'knows no TIME',
      { sendCommand: server(text, () => Promise.reject(new Error('ERR unknown'))) },
      { version: '7.2.4', role: 'replica', maxmemoryPolicy: 'allkeys-lru', clockAhead: undefined },
    ],
    [
      'answers nonsense',
      { sendCommand: server('', () => ['x']) },
      { ...nothing, clockAhead: undefined },
    ],
    [
      'says more than a word',
      {
        sendCommand: server(
          'xredis_version:7\r\nrole:sentinel\r\nmaxmemory_policy:a b\r\n',
          inTime(),
        ),
      },
      { ...nothing, clockAhead: 0 },
    ],
  ])('is as much as it will, where it %s', async (_, client, expected) => {
    expect(await inspect(client)).toEqual([expected])
  })

  it('is asked of every master of a cluster, as the cluster reaches it', async () => {
    const masters = [
      { sendCommand: server(text, inTime()) },
      { sendCommand: server(text, inTime(7)) },
    ]
    const cluster = {
      masters,
      nodeClient(this: object, node: object) {
        expect(this).toBe(cluster)
        return node
      },
      isOpen: true,
    }
    expect(await inspectRedis(cluster as unknown as LiveClient, 500)).toMatchObject([
      { version: '7.2.4', clockAhead: 0 },
      { version: '7.2.4', clockAhead: 7 },
    ])
  })

  it('is asked of the master behind Sentinel', async () => {
    const asked: unknown[] = []
    const master = server(text, inTime())
    const sentinel = {
      getSentinelNode: () => undefined,
      sendCommand(isReadonly: unknown, args: string[]) {
        asked.push(isReadonly)
        return master(args)
      },
    }
    expect(await inspect(sentinel)).toMatchObject([{ version: '7.2.4', clockAhead: 0 }])
    expect(asked).toEqual([false, false])
  })
})
