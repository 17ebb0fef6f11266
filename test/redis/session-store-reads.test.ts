import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import { createRedisSessionStore } from '../../src/redis/session-store.js'
import type { RedisLink } from '../../src/redis/link.js'
import { linkTo } from '../support/redis-link.js'

const ttl = 3600
const session = { cookie: { originalMaxAge: ttl * 1000 }, wx: { v: 1 } }
const text = JSON.stringify({ of: 'aaaaaaaa', ...session })
const sid = 'aaaaaaaabbbb'

interface Reading {
  get(sid: string, done?: (error: unknown, session?: SessionData | null) => void): Promise<unknown>
  getAndExtend(sid: string, done: (error: unknown, session?: SessionData | null) => void): void
  set(sid: string, session: object): Promise<void>
  touch(sid: string, session: object, done?: (error: unknown) => void): Promise<void>
}

function storeOn(client: object, link: Partial<RedisLink> = {}, step = 60_000): Reading {
  const store = createRedisSessionStore(
    RedisStore,
    { ...linkTo(client), ...link },
    {
      ...{ prefix: 'p:', ttl, step, cookies: true },
      onExtendError: () => undefined,
    },
  )
  return store as unknown as Reading
}

/** What a request that comes with the session's token reads. */
const used = (store: Reading): Promise<unknown> =>
  new Promise((resolve, reject) => {
    store.getAndExtend(sid, (error, read) => {
      if (error === null) resolve(read)
      else reject(error as Error)
    })
  })

const broken = (): Promise<never> => Promise.reject(new Error('Socket closed unexpectedly'))

describe('a read whose connection breaks', () => {
  test('is made again as soon as there is another connection', async () => {
    const get = jest.fn(async () => text).mockImplementationOnce(broken)
    let looks = 0
    const store = storeOn({ get }, { ready: () => ++looks > 3 })
    await expect(store.get(sid)).resolves.toMatchObject({ wx: { v: 1 } })
    expect(get.mock.calls).toEqual([[`p:${sid}`], [`p:${sid}`]])
  })

  test('fails as it did where there is none, and is not made again', async () => {
    const get = jest.fn(broken)
    const store = storeOn({ get }, { ready: () => false })
    await expect(store.get(sid)).rejects.toThrow('Socket closed unexpectedly')
    expect(get).toHaveBeenCalledTimes(1)
  })

  test('of a pool is not made again: it would go to one that is as broken', async () => {
    const get = jest.fn(broken)
    await expect(storeOn({ get }, { kind: 'pool' }).get(sid)).rejects.toThrow('Socket closed')
    expect(get).toHaveBeenCalledTimes(1)
  })

  test('is not made again where Redis said no', async () => {
    const get = jest.fn(() => Promise.reject(new Error('LOADING Redis is loading')))
    await expect(storeOn({ get }).get(sid)).rejects.toThrow('LOADING')
    expect(get).toHaveBeenCalledTimes(1)
  })

  test('is made again once only', async () => {
    const get = jest.fn(broken)
    await expect(storeOn({ get }).get(sid)).rejects.toThrow('Socket closed')
    expect(get).toHaveBeenCalledTimes(2)
  })
})

describe('what is read', () => {
  test('is given to a callback, and to who waits', async () => {
    const done = jest.fn()
    await storeOn({ get: async () => text }).get(sid, done)
    expect(done.mock.calls).toEqual([[null, expect.objectContaining({ wx: { v: 1 } })]])
    const failed = jest.fn()
    const error = new Error('LOADING')
    await storeOn({ get: () => Promise.reject(error) })
      .get(sid, failed)
      .catch(() => undefined)
    expect(failed.mock.calls).toEqual([[error]])
  })

  /** Reads, and extends, or does so the second time, where there is nothing to extend. When the answer was there. */
  async function answered(
    client: object,
    { extended = false } = {},
  ): Promise<'at once' | 'in a turn of its own'> {
    const store = storeOn({ getEx: async () => text, get: async () => text, ...client })
    if (!extended) await used(store)
    const done = jest.fn()
    store.getAndExtend(sid, done)
    for (let i = 0; i < 10; i++) await Promise.resolve()
    const soon = done.mock.calls.length
    await new Promise(setImmediate)
    expect(done).toHaveBeenCalledTimes(1)
    return soon === 1 ? 'at once' : 'in a turn of its own'
  }

  test('is handed on at once, and out of a cache in a turn of its own', async () => {
    expect(await answered({})).toBe('at once')
    expect(await answered({ clientSideCache: {} })).toBe('in a turn of its own')
    expect(await answered({}, { extended: true })).toBe('at once')
    expect(await answered({ clientSideCache: {} }, { extended: true })).toBe('at once')
  })

  test('may lack the mark that says whose it is', async () => {
    const store = storeOn({ get: async () => JSON.stringify(session) })
    await expect(store.get(sid)).resolves.toEqual(session)
  })

  test('is extended only where it is in use', async () => {
    const expire = jest.fn(async () => 1)
    const own = JSON.stringify({ cookie: { originalMaxAge: 60_500 } })
    const store = storeOn({ get: async () => own, getEx: async () => own, expire })
    await store.get(sid)
    expect(expire).not.toHaveBeenCalled()
    await used(store)
    expect(expire.mock.calls).toEqual([[`p:${sid}`, 61]])
  })

  test('is nobody’s where it is another’s, also in a use with nothing to extend', async () => {
    const trouble = jest.fn()
    const others = JSON.stringify({ of: 'bbbbbbbb', ...session })
    const store = storeOn({ getEx: async () => text, get: async () => others }, { trouble })
    await used(store)
    await expect(used(store)).rejects.toThrow('out of step')
    expect(trouble).toHaveBeenCalled()
  })

  test('in a use with nothing to extend is read again where the connection broke', async () => {
    const get = jest.fn(async () => text).mockImplementationOnce(broken)
    const store = storeOn({ getEx: async () => text, get })
    await used(store)
    await expect(used(store)).resolves.toMatchObject(session)
    expect(get).toHaveBeenCalledTimes(2)
  })

  test('in a use with nothing to extend is read once, also where there is none', async () => {
    const get = jest.fn(async () => null)
    const store = storeOn({ getEx: async () => text, get })
    await used(store)
    await expect(used(store)).resolves.toBeNull()
    expect(get).toHaveBeenCalledTimes(1)
  })
})

test('a write that others always come before fails after a hundred attempts', async () => {
  let writes = 0
  const evalSha = jest.fn(async () => JSON.stringify({ ...session, n: ++writes }))
  const store = storeOn({ get: async () => text, evalSha })
  const loaded = (await store.get(sid)) as object
  await expect(store.set(sid, Object.assign(loaded, { mine: 1 }))).rejects.toThrow(/^BUSY /)
  expect(evalSha).toHaveBeenCalledTimes(100)
})

test('a new session is given its lifetime and the step in which it need not be extended', async () => {
  const set = jest.fn(async () => 'OK')
  await storeOn({ set }, {}, 60_001).set(sid, { ...session })
  const short = { cookie: { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) } }
  await storeOn({ set }).set(sid, short)
  const seconds = (set.mock.calls as unknown[][]).map(
    ([, , options]) => (options as { expiration: { value: number } }).expiration.value,
  )
  expect(seconds).toEqual([ttl + 61, 60])
})

test('a touch of a session that reading has extended asks for nothing, with a callback or without', async () => {
  const store = storeOn({})
  await store.touch(sid, session)
  const done = jest.fn()
  await store.touch(sid, session, done)
  expect(done.mock.calls).toEqual([[null]])
})
