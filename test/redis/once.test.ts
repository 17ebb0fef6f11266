import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { createRedisOnce } from '../../src/redis/once.js'
import { createMemoryOnce } from '../../src/wechat/memory-once.js'
import type { Once, OnceClaim } from '../../src/state-types.js'
import { listen } from '../support/listen.js'
import { redisUrl } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'

const minute = 60_000

let client: ReturnType<typeof createClient>
let prefix = ''
let clock = 0

interface Kind {
  make(): Once
  pass(ms: number): Promise<void>
}

const inRedis: Kind = {
  make: () => createRedisOnce(linkTo(client), { prefix, timeout: 5000 }),
  // Time passes where it counts: every key is that much nearer to its end.
  async pass(ms) {
    for (const key of await client.keys(`${prefix}*`)) {
      const left = await client.pTTL(key)
      if (left > ms) await client.pExpire(key, left - ms)
      else await client.del(key)
    }
  },
}
const inMemory: Kind = {
  make: () => createMemoryOnce(() => clock),
  async pass(ms) {
    clock += ms
  },
}

beforeAll(async () => {
  client = createClient({ url: redisUrl() })
  await client.connect()
})
afterAll(() => client.close())
beforeEach(() => {
  clock = 1_800_000_000_000
  prefix = `test-once-${randomUUID()}:`
})
afterEach(async () => {
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.del(keys)
})

const begun = async (once: Once, id: string, ms = minute): Promise<OnceClaim> => {
  const claim = await once.begin(id, ms)
  if (typeof claim === 'string') throw new Error(claim)
  return claim
}

describe.each<[string, Kind]>([
  ['in memory', inMemory],
  ['in Redis', inRedis],
])('doing a thing once, %s', (_, kind) => {
  it('is for one at a time, each thing by itself', async () => {
    const once = kind.make()
    await begun(once, 'a')
    expect(await once.begin('a', minute)).toBe('running')
    await begun(once, 'b')
  })

  it('is for one of many who come together', async () => {
    const once = kind.make()
    const all = await Promise.all(Array.from({ length: 50 }, () => once.begin('a', minute)))
    expect(all.filter((claim) => claim !== 'running')).toHaveLength(1)
  })

  it('is remembered for fifteen minutes', async () => {
    const once = kind.make()
    await (await begun(once, 'a')).done()
    await kind.pass(15 * minute - 5000)
    expect(await once.begin('a', minute)).toBe('done')
    await kind.pass(5000)
    await begun(once, 'a')
  })

  it('may be tried again where it failed', async () => {
    const once = kind.make()
    await (await begun(once, 'a')).release()
    await begun(once, 'a')
  })

  it('may be tried again where whoever began has died, and no sooner', async () => {
    const once = kind.make()
    await begun(once, 'a', minute)
    await kind.pass(minute - 5000)
    expect(await once.begin('a', minute)).toBe('running')
    await kind.pass(5000)
    await begun(once, 'a')
  })

  it('is not taken from another one by who was thought dead', async () => {
    const once = kind.make()
    const slow = await begun(once, 'a', minute)
    await kind.pass(minute)
    await begun(once, 'a')
    await slow.release()
    expect(await once.begin('a', minute)).toBe('running')
  })
})

describe('in memory', () => {
  it('forgets what was done longest ago, rather than grow', async () => {
    const once = createMemoryOnce()
    for (let i = 0; i <= 10_000; i++) await (await begun(once, String(i))).done()
    for (const kept of ['1', '10000']) expect(await once.begin(kept, minute)).toBe('done')
    await begun(once, '0')
  })
})

describe('in Redis', () => {
  it('takes the place of a key that is something else', async () => {
    await client.hSet(`${prefix}once:a`, 'x', 'y')
    const once = inRedis.make()
    await begun(once, 'a')
    expect(await once.begin('a', minute)).toBe('running')
  })

  it('that is lost while another one’s place is looked at is an error, and no second time', async () => {
    await begun(inRedis.make(), 'a')
    const lost = Object.create(client, {
      get: { value: () => Promise.reject(new Error('Socket closed unexpectedly')) },
    }) as unknown
    const once = createRedisOnce(linkTo(lost), { prefix, timeout: 1000 })
    await expect(once.begin('a', minute)).rejects.toThrow('Socket closed')
    expect(await inRedis.make().begin('a', minute)).toBe('running')
  })

  it('tells that Redis is away, and asks to look after it', async () => {
    let troubles = 0
    const gone = createClient({ url: redisUrl(), disableOfflineQueue: true })
    const link = { ...linkTo(gone), trouble: () => void troubles++ }
    const once = createRedisOnce(link, { prefix, timeout: 100 })
    await expect(once.begin('a', minute)).rejects.toThrow()
    expect(troubles).toBe(1)
  })

  it('tells who listens that an operation failed, and whether it was late', async () => {
    const ear = listen()
    const failing = (set: () => Promise<never>): Promise<unknown> =>
      createRedisOnce(linkTo({ set, evalSha: set }), { prefix, timeout: 20 }).begin('a', minute)
    try {
      await expect(failing(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
      await expect(failing(() => new Promise(() => undefined))).rejects.toThrow('no answer')
      expect(ear.of('store:failed')).toEqual([
        { operation: 'user', late: false },
        { operation: 'user', late: true },
      ])
    } finally {
      ear.stop()
    }
  })

  /** The client, in which one command is another. */
  const replying = (command: 'set' | 'get', instead: unknown): typeof client =>
    new Proxy(client, {
      get(target, name) {
        if (name === command) return instead
        const found = Reflect.get(target, name, target) as unknown
        return typeof found === 'function' ? (found.bind(target) as unknown) : found
      },
    })

  it('gives a place back that Redis may have given though it did not say so', async () => {
    const silent = replying('set', async (...args: Parameters<typeof client.set>) => {
      await client.set(...args)
      throw new Error('the connection broke')
    })
    const once = createRedisOnce(linkTo(silent), { prefix, timeout: 5000 })
    await expect(once.begin('a', minute)).rejects.toThrow('the connection broke')
    await client.ping()
    await begun(inRedis.make(), 'a')
  })

  it('is taken where the place of another ends between the two questions', async () => {
    const ending = replying('get', async (key: string) => {
      await client.del(key)
      return client.get(key)
    })
    await begun(inRedis.make(), 'a')
    await begun(createRedisOnce(linkTo(ending), { prefix, timeout: 5000 }), 'a')
    expect(await inRedis.make().begin('a', minute)).toBe('running')
  })

  it('fails as Redis does where what stands there cannot be read', async () => {
    const unreadable = {
      set: async () => null,
      get: () => Promise.reject(new Error('LOADING Redis is loading')),
      del: jest.fn(),
    }
    const once = createRedisOnce(linkTo(unreadable), { prefix, timeout: 5000 })
    await expect(once.begin('a', minute)).rejects.toThrow('LOADING')
    expect(unreadable.del).not.toHaveBeenCalled()
  })
})
