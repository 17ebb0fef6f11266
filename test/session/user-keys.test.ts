import * as fc from 'fast-check'
import { createClient } from 'redis'
import { createRedisUserState } from '../../src/redis/user-state.js'
import type { StoredKey, UserState } from '../../src/state-types.js'
import type { WxIdentity } from '../../src/types.js'
import { startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'
import { alice, aliceElsewhere, bob, type Kind, ttl, userStates } from './user-states.js'

const states = userStates()
const { inMemory, inRedis } = states

const key = (id: string, at: number, sealed = `v1.${id}`): StoredKey => ({ id, sealed, at })
const newestFirst = (keys: StoredKey[]): StoredKey[] => keys.toSorted((a, b) => b.at - a.at)

describe.each<[string, Kind]>([
  ['in memory', inMemory],
  ['in Redis', inRedis],
])('the session keys of a user, %s', (_, kind) => {
  let state: UserState
  beforeEach(() => {
    state = kind.make()
  })
  const ids = async (user = alice): Promise<string[]> =>
    newestFirst((await state.readKeys(user)).keys).map(({ id }) => id)

  test('are none at first', async () => {
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [], notBefore: 0 })
  })

  test('are read as they were entered', async () => {
    const entered = [key('a', 1_800_000_000_123, 'v1.x-_9'), key('b', 1_800_000_000_124)]
    for (const each of entered) await state.addKey(alice, each, 5)
    const { keys, notBefore } = await state.readKeys(alice)
    expect(newestFirst(keys)).toEqual(entered.toReversed())
    expect(notBefore).toBe(0)
  })

  test('beyond the limit: the one exchanged longest ago goes, whatever the order they were entered in', async () => {
    for (const at of [3, 1, 4, 2, 5]) await state.addKey(alice, key(`k${String(at)}`, at), 3)
    await expect(ids()).resolves.toEqual(['k5', 'k4', 'k3'])
    await state.addKey(alice, key('k0', 0), 3)
    await expect(ids()).resolves.toEqual(['k5', 'k4', 'k3'])
  })

  test('one that may only come beside others is nobody’s first', async () => {
    await state.addKey(alice, key('a', 1), 5, true)
    await expect(ids()).resolves.toEqual([])
    await state.addKey(alice, key('b', 2), 5)
    await state.addKey(alice, key('c', 3), 5, true)
    await expect(ids()).resolves.toEqual(['c', 'b'])
  })

  test('a limit of one keeps the newest', async () => {
    for (const at of [1, 3, 2]) await state.addKey(alice, key(`k${String(at)}`, at), 1)
    await expect(ids()).resolves.toEqual(['k3'])
  })

  test('a limit that was lowered counts from the next login on', async () => {
    for (const at of [1, 2, 3, 4]) await state.addKey(alice, key(`k${String(at)}`, at), 20)
    await state.addKey(alice, key('k5', 5), 2)
    await expect(ids()).resolves.toEqual(['k5', 'k4'])
  })

  test('one that WeChat gave again is there once, as the newest, and sealed anew', async () => {
    await state.addKey(alice, key('a', 1, 'v1.old'), 5)
    await state.addKey(alice, key('b', 2), 5)
    await state.addKey(alice, key('a', 3, 'v1.new'), 5)
    await expect(state.readKeys(alice)).resolves.toMatchObject({
      keys: expect.arrayContaining([key('a', 3, 'v1.new')]) as unknown,
    })
    await expect(ids()).resolves.toEqual(['a', 'b'])
  })

  test('an answer that comes late makes no key older than it is', async () => {
    await state.addKey(alice, key('a', 3), 5)
    await state.addKey(alice, key('b', 2), 5)
    await state.addKey(alice, key('a', 1), 5)
    await expect(ids()).resolves.toEqual(['a', 'b'])
    expect((await state.readKeys(alice)).keys).toContainEqual(key('a', 3))
  })

  test('are those of one user of one app', async () => {
    await state.addKey(alice, key('a', 1), 1)
    await state.addKey(bob, key('b', 2), 1)
    await state.addKey(aliceElsewhere, key('c', 3), 1)
    await state.replaceKeys(bob, key('d', 4))
    await state.forgetKeys(aliceElsewhere)
    await expect(ids(alice)).resolves.toEqual(['a'])
    await expect(ids(bob)).resolves.toEqual(['d'])
    await expect(ids(aliceElsewhere)).resolves.toEqual([])
    await expect(state.readKeys({ ...alice, unionid: 'u' })).resolves.toMatchObject({
      keys: [{ id: 'a' }],
    })
  })

  test('that WeChat has ended are gone, and none from before counts any more', async () => {
    for (const at of [1, 2, 3]) await state.addKey(alice, key(`k${String(at)}`, at), 5)
    await state.replaceKeys(alice, key('new', 10))
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('new', 10)], notBefore: 10 })
    await state.addKey(alice, key('later', 11), 5)
    await expect(ids()).resolves.toEqual(['later', 'new'])
    expect((await state.readKeys(alice)).notBefore).toBe(10)
  })

  test('the end that WeChat has set outlives any number of later keys', async () => {
    await state.replaceKeys(alice, key('new', 10))
    for (let at = 11; at < 20; at++) await state.addKey(alice, key(`k${String(at)}`, at), 2)
    await expect(ids()).resolves.toEqual(['k19', 'k18'])
    expect((await state.readKeys(alice)).notBefore).toBe(10)
  })

  test('are forgotten whole', async () => {
    await state.replaceKeys(alice, key('a', 1))
    await state.forgetKeys(alice)
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [], notBefore: 0 })
    await expect(state.forgetKeys(alice)).resolves.toBeUndefined()
  })

  test('of logins at the same time all get in', async () => {
    const many = Array.from({ length: 20 }, (_each, i) => key(`k${String(i)}`, 100 + i))
    await Promise.all(many.map((each) => state.addKey(alice, each, 20)))
    expect(newestFirst((await state.readKeys(alice)).keys)).toEqual(many.toReversed())
  })

  test('any logins and resets leave the keys they should', async () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'add', 'add', 'add', 'replace'),
      id: fc.nat(7).map((n) => `k${String(n)}`),
      late: fc.nat(3),
    })
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, size) => {
          const user: WxIdentity = { ...alice, openid: `o${String(++run)}` }
          let keys: StoredKey[] = []
          let notBefore = 0
          for (const [i, { what, id, late }] of steps.entries()) {
            // No two at the same time, and some that come late.
            const entered = key(id, 100 * (i - late) + 1000 + i, `v1.${String(i)}`)
            if (what === 'replace') {
              await state.replaceKeys(user, entered)
              keys = [entered]
              notBefore = entered.at
            } else {
              await state.addKey(user, entered, size)
              const at = Math.max(entered.at, keys.find((each) => each.id === id)?.at ?? 0)
              const others = keys.filter((each) => each.id !== id)
              keys = newestFirst([{ ...entered, at }, ...others]).slice(0, size)
            }
            const found = await state.readKeys(user)
            expect({ ...found, keys: newestFirst(found.keys) }).toEqual({ keys, notBefore })
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('the session keys of a user, in memory only', () => {
  test('of more than ten thousand users, those of the login longest ago are forgotten', async () => {
    const state = inMemory.make()
    const user = (i: number): WxIdentity => ({ ...alice, openid: `o${String(i)}` })
    for (let i = 0; i < 10_000; i++) await state.addKey(user(i), key('k', i), 5)
    await state.addKey(user(0), key('l', 20_000), 5)
    for (let i = 10_000; i < 10_100; i++) await state.addKey(user(i), key('k', i), 5)
    const known = async (i: number): Promise<number> => (await state.readKeys(user(i))).keys.length
    expect([await known(0), await known(1), await known(100), await known(101)]).toEqual([
      2, 0, 0, 1,
    ])
  })
})

describe('the session keys of a user, in Redis only', () => {
  const keys = (): string => `${states.prefix}user:{wx1111111111111111:oAlice}:keys`
  const live = async (): Promise<void> => {
    const left = await states.client.ttl(keys())
    expect(left).toBeGreaterThan(ttl)
    expect(left).toBeLessThanOrEqual(2 * ttl)
  }

  test('end with the sessions of the user, whoever entered one last', async () => {
    const state = inRedis.make()
    await state.addKey(alice, key('a', 1), 5)
    await live()
    await states.client.expire(keys(), 10)
    await state.addKey(alice, key('b', 2), 5)
    await live()
    await states.client.expire(keys(), 10)
    await state.replaceKeys(alice, key('c', 3))
    await live()
    await inRedis.pass(2 * ttl * 1000)
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [], notBefore: 0 })
  })

  test('live as long as a session of the user is used', async () => {
    const state = inRedis.make()
    await state.addKey(alice, key('a', 1), 5)
    await states.client.expire(keys(), 10)
    const expire = jest.spyOn(states.client, 'expire')
    try {
      state.keepAlive(alice, 0)
      await Promise.all(expire.mock.results.map(({ value }) => value as Promise<unknown>))
    } finally {
      expire.mockRestore()
    }
    await live()
  })

  test('reading them extends nothing', async () => {
    const state = inRedis.make()
    await state.addKey(alice, key('a', 1), 5)
    await states.client.expire(keys(), 10)
    await state.readKeys(alice)
    expect(await states.client.ttl(keys())).toBeLessThanOrEqual(10)
  })

  test('are the same for two processes', async () => {
    const [one, two] = [inRedis.make(), inRedis.make()]
    await one.addKey(alice, key('a', 1), 5)
    await two.addKey(alice, key('b', 2), 5)
    for (const state of [one, two]) {
      expect(newestFirst((await state.readKeys(alice)).keys).map(({ id }) => id)).toEqual([
        'b',
        'a',
      ])
    }
  })

  test.each<[string, () => Promise<unknown>]>([
    ['a string', () => states.client.set(keys(), 'x')],
    ['a list', () => states.client.lPush(keys(), 'x')],
    ['a set', () => states.client.sAdd(keys(), 'x')],
    ['a sorted set', () => states.client.zAdd(keys(), { score: 1, value: 'x' })],
    ['a stream', () => states.client.xAdd(keys(), '*', { a: 'b' })],
  ])('a key that is %s counts as absent, and is dropped', async (_, spoil) => {
    const state = inRedis.make()
    await spoil()
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [], notBefore: 0 })
    await expect(states.client.exists(keys())).resolves.toBe(0)

    await spoil()
    await state.addKey(alice, key('a', 1), 5)
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('a', 1)], notBefore: 0 })

    await state.forgetKeys(alice)
    await spoil()
    await state.replaceKeys(alice, key('b', 2))
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('b', 2)], notBefore: 2 })
    await live()
  })

  const unreadable: [string, string][] = [
    ['nothing', ''],
    ['no time', 'v1.x'],
    ['a time that is no number', 'today v1.x'],
    ['a time with a sign', '-5 v1.x'],
    ['a time longer than any', `${'9'.repeat(17)} v1.x`],
    ['a time without a key', '5 '],
    ['a key with a blank in it', '5 v1.x y'],
  ]

  test.each(unreadable)('a field that holds %s is no key', async (_, text) => {
    const state = inRedis.make()
    await state.addKey(alice, key('a', 1), 5)
    await states.client.hSet(keys(), 'b', text)
    await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('a', 1)], notBefore: 0 })
  })

  test('what is no key is dropped at the next login, and never in the place of one', async () => {
    const state = inRedis.make()
    await state.addKey(alice, key('a', 1), 2)
    for (const [name, text] of unreadable) await states.client.hSet(keys(), name, text)
    await states.client.hSet(keys(), 'b', 'nothing readable')
    await state.addKey(alice, key('b', 2), 2)
    expect(Object.keys(await states.client.hGetAll(keys())).toSorted()).toEqual(['a', 'b'])
  })

  test.each(['', 'x', '1.5', '9'.repeat(30)])(
    'an end of all keys before %j is none',
    async (text) => {
      const state = inRedis.make()
      await state.addKey(alice, key('a', 1), 5)
      await states.client.hSet(keys(), 'notBefore', text)
      await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('a', 1)], notBefore: 0 })
    },
  )

  test('a Redis that has forgotten the scripts is taught them again', async () => {
    const server = await startRedisServer()
    const own = createClient({ url: server.url })
    await own.connect()
    try {
      const state = createRedisUserState(linkTo(own), { prefix: 'wx:', ttl, timeout: 5000 })
      await state.addKey(alice, key('a', 1), 5)
      await own.scriptFlush()
      await state.addKey(alice, key('b', 2), 5)
      await own.scriptFlush()
      await state.replaceKeys(alice, key('c', 3))
      await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key('c', 3)], notBefore: 3 })
    } finally {
      await own.close()
      await server.stop()
    }
  })
})
