import { RedisStore } from 'connect-redis'
import type { SessionData, Store } from 'express-session'
import { createClient } from 'redis'
import { createRedisSessionStore } from '../../src/redis/session-store.js'
import { isWrongType } from '../../src/redis/reply-error.js'
import { StoreGuard } from '../../src/session/store-guard.js'
import { type RedisServer, redisUrl, startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'

type Client = ReturnType<typeof createClient>
/** A store with the methods express-session's types leave optional. */
type FullStore = Store & Required<Pick<Store, 'touch'>>
type Done<T> = (error: unknown, value?: T) => void

const ttl = 3600
const unavailable = { code: 'WX_STORE_UNAVAILABLE', status: 503 }
const wx = { v: 1 as const, appid: 'wx1', openid: 'o', loginAt: 1, key: 'k', keyId: 'i' }
const session = { cookie: { originalMaxAge: null, path: '/' }, wx, wxUser: { name: '小明😀' } }
const asSession = (value: object): SessionData => value as SessionData

let client: Client
let prefix = ''
let made = 0
let store: FullStore
const onTouchError = jest.fn()

const storeOn = (on: unknown, { timeout = 5000, cookies = true } = {}): FullStore =>
  new StoreGuard(
    createRedisSessionStore(RedisStore, linkTo(on), {
      ...{ prefix, ttl, step: 60_000, cookies },
      onExtendError: onTouchError,
    }),
    { timeout, onTouchError, unreadable: isWrongType },
  )

beforeAll(async () => {
  client = createClient({ url: redisUrl() })
  await client.connect()
})
afterAll(() => client.close())
beforeEach(() => {
  prefix = `test-session-store:${process.pid}:${++made}:`
  store = storeOn(client)
  onTouchError.mockClear()
})
afterEach(async () => {
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.del(keys)
})

/** Calls a method as express-session does, and waits for its callback. */
function called<T>(call: (done: Done<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}
const get = (sid: string, from = store): Promise<SessionData | null | undefined> =>
  called((done) => from.get(sid, done))
const set = (sid: string, value: object, to = store): Promise<unknown> =>
  called((done) => to.set(sid, asSession(value), done))
const touch = (sid: string, value: object, on = store): Promise<unknown> =>
  called((done) => on.touch(sid, asSession(value), done as () => void))
const destroy = (sid: string, on = store): Promise<unknown> =>
  called((done) => on.destroy(sid, done))

describe('a session', () => {
  test('comes back as it was set', async () => {
    await set('a', session)
    await expect(get('a')).resolves.toEqual(session)
  })

  test('that was never set, or was destroyed, is null and no error', async () => {
    await expect(get('a')).resolves.toBeNull()
    await set('a', session)
    await destroy('a')
    await destroy('a')
    await expect(get('a')).resolves.toBeNull()
  })

  test('that is new never takes the place of another', async () => {
    await set('a', session)
    await expect(set('a', { ...session, wxUser: 'other' })).rejects.toMatchObject(unavailable)
    await expect(get('a')).resolves.toEqual(session)
  })

  test('may be written again by the request that made it, or that read it', async () => {
    const made = { ...session, wxUser: 'first' }
    await set('a', made)
    await set('a', Object.assign(made, { wxUser: 'second' }))
    const read = (await get('a')) as SessionData & { once?: number }
    expect(read).toMatchObject({ wxUser: 'second' })
    await set('a', Object.assign(read, { once: 1 }))
    delete read.once
    await set('a', read)
    await expect(get('a')).resolves.not.toHaveProperty('once')
  })

  test('lies under the prefix, as JSON that names whose it is', async () => {
    await set('aaaaaaaabbbb', session)
    const stored = JSON.parse((await client.get(`${prefix}aaaaaaaabbbb`)) ?? '') as object
    expect(stored).toEqual({ of: 'aaaaaaaa', ...session })
  })

  test('keeps what the app calls as the mark is called, also where two requests write', async () => {
    await set('a', session)
    const [mine, theirs] = [await get('a'), await get('a')]
    await set('a', Object.assign(theirs!, { of: 'theirs' }))
    await set('a', Object.assign(mine!, { other: 'mine' }))
    await expect(get('a')).resolves.toMatchObject({ of: 'theirs', other: 'mine', wx })
  })

  test('of another id, on a connection that gives the answers of others, is nobody’s and stays', async () => {
    await set('a', session)
    await set('b', { ...session, wxUser: 'b' })
    const answersOfOthers = new Proxy(client, {
      get: (target, name) =>
        name === 'get' || name === 'getEx'
          ? () => target.get(`${prefix}b`)
          : (Reflect.get(target, name, target) as unknown),
    })
    await expect(get('a', storeOn(answersOfOthers))).rejects.toMatchObject(unavailable)
    await expect(get('a')).resolves.toEqual(session)
    await expect(get('b')).resolves.toMatchObject({ wxUser: 'b' })
  })

  test('that can be read is not dropped because an answer could not be', async () => {
    await set('a', session)
    const garbled = new Proxy(client, {
      get(target, name) {
        const found = Reflect.get(target, name, target) as unknown
        if (name === 'get' || name === 'getEx') return async () => 'no JSON'
        return typeof found === 'function' ? (found.bind(target) as unknown) : found
      },
    })
    await expect(get('a', storeOn(garbled))).resolves.toBeNull()
    await expect(get('a')).resolves.toEqual(session)
  })

  test('that others write all the time is not written over, and the request is told', async () => {
    await set('a', session)
    let writes = 0
    const busy = new Proxy(client, {
      get(target, name) {
        const found = Reflect.get(target, name, target) as unknown
        if (typeof found !== 'function') return found
        return async (...args: unknown[]) => {
          if (name === 'evalSha') {
            const text = (await target.get(`${prefix}a`))!
            await target.set(`${prefix}a`, text.replace(/小明\d*/, `小明${String(++writes)}`))
          }
          return Reflect.apply(found, target, args) as unknown
        }
      },
    })
    const busyStore = storeOn(busy)
    const mine = await get('a', busyStore)
    await expect(set('a', Object.assign(mine!, { cart: 1 }), busyStore)).rejects.toMatchObject(
      unavailable,
    )
    const found = await get('a')
    expect(found).toMatchObject({ wxUser: { name: `小明${String(writes)}😀` } })
    expect(found).not.toHaveProperty('cart')
  })

  test('lives as long as its cookie, or the store’s own lifetime where that has no end', async () => {
    await set('own', session)
    await set('cookie', { ...session, cookie: { expires: new Date(Date.now() + 100_000) } })
    const [own, cookie] = [await client.ttl(`${prefix}own`), await client.ttl(`${prefix}cookie`)]
    // And up to a step longer, in which it need not be extended again.
    expect(own).toBeGreaterThanOrEqual(ttl)
    expect(own).toBeLessThanOrEqual(ttl + 60)
    expect(cookie).toBeGreaterThan(40)
    expect(cookie).toBeLessThanOrEqual(100)
  })

  test('whose cookie has ended is destroyed', async () => {
    for (const ago of [1000, 500]) {
      await set('a', session)
      await set('a', { ...session, cookie: { expires: new Date(Date.now() - ago) } })
      await expect(client.exists(`${prefix}a`)).resolves.toBe(0)
    }
  })

  test('lives on when it is read for a request, and no longer than all others by a touch', async () => {
    await set('a', session)
    await client.expire(`${prefix}a`, 10)
    await expect(get('a')).resolves.toEqual(session)
    expect(await client.ttl(`${prefix}a`)).toBeGreaterThan(ttl - 60)
    await client.expire(`${prefix}a`, 10)
    await touch('a', { ...session, wxUser: 'other' })
    expect(await client.ttl(`${prefix}a`)).toBe(10)
    await expect(get('a')).resolves.toEqual(session)
    expect(onTouchError).not.toHaveBeenCalled()
  })

  test('is extended by one command in each step, whoever reads it', async () => {
    await set('a', session)
    await set('b', session)
    const commands = jest.spyOn(client, 'getEx')
    try {
      for (let i = 0; i < 5; i++) await Promise.all([get('a'), get('b')])
      expect(commands.mock.calls.map(([key]) => key)).toEqual([`${prefix}a`, `${prefix}b`])
    } finally {
      commands.mockRestore()
    }
  })

  test('that the app gave a lifetime of its own keeps that', async () => {
    const cookie = { originalMaxAge: 100_000, expires: new Date(Date.now() + 100_000) }
    await set('a', { ...session, cookie })
    await client.expire(`${prefix}a`, 10)
    await get('a')
    // The second command went out in the same moment as the answer.
    await client.ping()
    expect(await client.ttl(`${prefix}a`)).toBe(100)
    await touch('a', { ...session, cookie: { ...cookie, originalMaxAge: 50_000 } })
    expect(await client.ttl(`${prefix}a`)).toBeLessThanOrEqual(100)
  })

  test('of phones is stored without what only a cookie needs', async () => {
    const phones = storeOn(client, { cookies: false })
    await set('aaaaaaaabbbb', session, phones)
    const stored = JSON.parse((await client.get(`${prefix}aaaaaaaabbbb`)) ?? '') as object
    expect(stored).toEqual({ of: 'aaaaaaaa', ...session, cookie: { originalMaxAge: null } })
    await expect(get('aaaaaaaabbbb', phones)).resolves.toMatchObject({ wx, wxUser: session.wxUser })
    const usual = { ...session, cookie: { originalMaxAge: ttl * 1000, path: '/' } }
    await set('ccccccccdddd', usual, phones)
    const { cookie: _, ...contents } = usual
    expect(JSON.parse((await client.get(`${prefix}ccccccccdddd`)) ?? '')).toEqual({
      of: 'cccccccc',
      ...contents,
    })
    await expect(get('ccccccccdddd', phones)).resolves.toEqual({
      ...contents,
      cookie: { originalMaxAge: ttl * 1000 },
    })
  })

  test('that is gone is not brought back by a touch', async () => {
    await touch('a', session)
    await expect(get('a')).resolves.toBeNull()
  })
})

describe('a record that cannot be read', () => {
  test.each([
    ['broken JSON', '{"cookie":{'],
    ['no JSON', 'hello'],
    ['a number', '5'],
    ['a string', '"x"'],
    ['true', 'true'],
    ['a list', '[]'],
    ['a list of sessions', JSON.stringify([session])],
    ['an empty object', '{}'],
    ['a session without a cookie', JSON.stringify({ wx })],
    ['a session whose cookie is null', JSON.stringify({ wx, cookie: null })],
    ['a session whose cookie is a string', JSON.stringify({ wx, cookie: 'x' })],
  ])('is none, and is dropped: %s', async (_, text) => {
    await client.set(`${prefix}a`, text)
    await expect(get('a')).resolves.toBeNull()
    await expect(client.exists(`${prefix}a`)).resolves.toBe(0)
    await set('a', session)
    await expect(get('a')).resolves.toEqual(session)
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['list', (key) => client.lPush(key, 'x')],
    ['set', (key) => client.sAdd(key, 'x')],
    ['hash', (key) => client.hSet(key, 'a', 'b')],
    ['sorted set', (key) => client.zAdd(key, { score: 1, value: 'x' })],
    ['stream', (key) => client.xAdd(key, '*', { a: 'b' })],
  ])('is none, and is dropped: a key that is a %s', async (_, spoil) => {
    await spoil(`${prefix}a`)
    await expect(get('a')).resolves.toBeNull()
    await expect(client.exists(`${prefix}a`)).resolves.toBe(0)
  })

  test.each(['', 'null'])('that is %j is none', async (text) => {
    await client.set(`${prefix}a`, text)
    await expect(get('a')).resolves.toBeNull()
  })

  test('does not take other records along', async () => {
    await set('b', session)
    await client.set(`${prefix}a`, '5')
    await get('a')
    await expect(get('b')).resolves.toEqual(session)
  })

  test('is an error, and not none, where dropping it fails', async () => {
    await client.set(`${prefix}a`, '5')
    const drop = jest.spyOn(client, 'evalSha').mockRejectedValueOnce(new Error('READONLY no'))
    try {
      await expect(get('a')).rejects.toMatchObject(unavailable)
    } finally {
      drop.mockRestore()
    }
  })
})

describe('a callback', () => {
  test('is called once, with what was read or with the error', async () => {
    await set('a', session)
    const done = jest.fn()
    await new Promise<void>((resolve) => {
      store.get('a', (...args) => {
        done(...(args as unknown[]))
        resolve()
      })
    })
    await new Promise(setImmediate)
    expect(done.mock.calls).toEqual([[null, session]])

    const failed = jest.fn()
    const error = new Error('x')
    const failing = storeOn({
      get: () => Promise.reject(error),
      getEx: () => Promise.reject(error),
    })
    await new Promise<void>((resolve) => {
      failing.get('a', (...args) => {
        failed(...(args as unknown[]))
        resolve()
      })
    })
    await new Promise(setImmediate)
    expect(failed.mock.calls).toEqual([[expect.objectContaining(unavailable), null]])
  })

  test('may be left out', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('x'))
    const failing = storeOn({ get: fail, set: fail, del: fail, expire: fail })
    failing.set('a', asSession(session))
    failing.destroy('a')
    failing.touch('a', asSession(session))
    await new Promise(setImmediate)
  })
})

describe('a lifetime that cannot be extended', () => {
  const readOnly = new Error('READONLY You can’t write against a read only replica.')

  test('by a touch does not fail the request, and is told', async () => {
    const expire = jest.spyOn(client, 'expire').mockRejectedValueOnce(readOnly)
    try {
      const cookie = { originalMaxAge: 100_000, expires: new Date(Date.now() + 100_000) }
      await expect(touch('a', { ...session, cookie })).resolves.toBeUndefined()
      expect(onTouchError.mock.calls).toEqual([[readOnly]])
    } finally {
      expire.mockRestore()
    }
  })

  test('by the command that reads is told, and the session is read by another', async () => {
    await set('a', session)
    const getEx = jest.spyOn(client, 'getEx').mockRejectedValue(readOnly)
    const expire = jest.spyOn(client, 'expire').mockRejectedValue(readOnly)
    try {
      await expect(get('a')).resolves.toEqual(session)
      await client.ping()
      expect(onTouchError.mock.calls).toEqual([[readOnly]])
      // And is tried again with the next request: Redis may be well by then.
      await expect(get('a')).resolves.toEqual(session)
      expect(getEx).toHaveBeenCalledTimes(2)
    } finally {
      getEx.mockRestore()
      expire.mockRestore()
    }
  })

  test('by a Redis that has no GETEX is extended by EXPIRE, once in each step', async () => {
    await set('a', session)
    await client.expire(`${prefix}a`, 10)
    const unknown = new Error("ERR unknown command 'GETEX', with args beginning with: 'x'")
    const getEx = jest.spyOn(client, 'getEx').mockRejectedValue(unknown)
    try {
      for (let i = 0; i < 3; i++) {
        await expect(get('a')).resolves.toEqual(session)
        await client.ping()
      }
      expect(await client.ttl(`${prefix}a`)).toBeGreaterThan(ttl - 60)
      expect(getEx).toHaveBeenCalledTimes(1)
      expect(onTouchError).not.toHaveBeenCalled()
    } finally {
      getEx.mockRestore()
    }
  })
})

describe('on a server that fails', () => {
  let server: RedisServer
  let own: Client
  beforeAll(async () => {
    server = await startRedisServer()
    own = createClient({ url: server.url, socket: { reconnectStrategy: false } })
    own.on('error', () => undefined)
    await own.connect()
  })
  afterAll(async () => {
    own.destroy()
    await server.stop()
  })

  // One that needs a command to be extended.
  const short = { ...session, cookie: { originalMaxAge: 60_000 } }

  test('every operation ends at its deadline where Redis hangs', async () => {
    const hanging = storeOn(own, { timeout: 30 })
    const late = { ...unavailable, reason: 'the session store gave no answer within 30 ms' }
    server.freeze()
    try {
      await expect(get('a', hanging)).rejects.toMatchObject(late)
      await expect(set('a', session, hanging)).rejects.toMatchObject(late)
      await expect(destroy('a', hanging)).rejects.toMatchObject(late)
      await expect(touch('a', short, hanging)).resolves.toBeUndefined()
      expect(onTouchError.mock.calls).toEqual([
        [expect.objectContaining({ name: 'DeadlineError' })],
      ])
    } finally {
      server.thaw()
    }
    // The late answers change nothing more.
    await own.ping()
    await expect(get('a', storeOn(own))).resolves.toBeNull()
  })

  test('an error of Redis is an error, and never none', async () => {
    const readOnly = storeOn(own)
    await own.configSet('maxmemory', '1')
    try {
      await expect(set('a', session, readOnly)).rejects.toMatchObject({
        ...unavailable,
        reason: expect.stringMatching(/ OOM$/) as string,
      })
      await expect(get('a', readOnly)).resolves.toBeNull()
    } finally {
      await own.configSet('maxmemory', '0')
    }
    own.destroy()
    await expect(get('a', readOnly)).rejects.toMatchObject(unavailable)
    await expect(set('a', session, readOnly)).rejects.toMatchObject(unavailable)
    await expect(destroy('a', readOnly)).rejects.toMatchObject(unavailable)
    await expect(touch('a', short, readOnly)).resolves.toBeUndefined()
    expect(onTouchError).toHaveBeenCalledTimes(1)
  })
})
