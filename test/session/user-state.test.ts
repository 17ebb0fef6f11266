import { createClient } from 'redis'
import * as fc from 'fast-check'
import { createRedisUserState } from '../../src/redis/user-state.js'
import { createMemoryUserState } from '../../src/session/memory-user-state.js'
import type { UserState } from '../../src/state-types.js'
import type { WxIdentity } from '../../src/types.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'
import {
  alice,
  aliceElsewhere,
  bob,
  type Client,
  type Kind,
  ttl,
  userStates,
} from './user-states.js'

const states = userStates()
const { inMemory, inRedis } = states

describe.each<[string, Kind]>([
  ['in memory', inMemory],
  ['in Redis', inRedis],
])('%s', (_, kind) => {
  let state: UserState
  beforeEach(() => {
    state = kind.make()
  })
  const sids = async (user = alice): Promise<string[]> =>
    (await state.listSessions(user)).map(({ sid }) => sid)

  describe('the oldest sessions beyond a limit', () => {
    beforeEach(async () => {
      for (const [i, sid] of ['a', 'b', 'c', 'd'].entries()) {
        await state.addSession(alice, sid, 1000 * (i + 1))
      }
    })

    test('are taken, but never the new one, whatever the clocks say', async () => {
      await expect(state.takeOldest(alice, 4, 'd')).resolves.toEqual([])
      await expect(state.takeOldest(alice, 2, 'a')).resolves.toEqual(['c', 'b'])
    })

    test('stay in the list, with their times, until they are removed', async () => {
      await state.takeOldest(alice, 1, 'd')
      await expect(state.listSessions(alice)).resolves.toEqual(
        expect.arrayContaining([
          { sid: 'd', loginAt: 4000 },
          { sid: 'a', loginAt: 1000 },
        ]),
      )
      await expect(sids()).resolves.toHaveLength(4)
    })

    test('take none themselves: two logins at once cannot end each other', async () => {
      await state.takeOldest(alice, 1, 'd')
      await expect(state.takeOldest(alice, 1, 'c')).resolves.toEqual([])
      await expect(state.takeOldest(alice, 1, 'never listed')).resolves.toEqual([])
      await expect(state.takeOldest(bob, 1, 'd')).resolves.toEqual([])
    })
  })

  describe('the list of sessions', () => {
    test('is empty at first', async () => {
      await expect(state.listSessions(alice)).resolves.toEqual([])
    })

    test('has the newest login first, whatever the order they were entered in', async () => {
      for (const [sid, loginAt] of [
        ['b', 2000],
        ['d', 4000],
        ['a', 1000],
        ['c', 3000],
      ] as const) {
        await state.addSession(alice, sid, loginAt)
      }
      await expect(state.listSessions(alice)).resolves.toEqual([
        { sid: 'd', loginAt: 4000 },
        { sid: 'c', loginAt: 3000 },
        { sid: 'b', loginAt: 2000 },
        { sid: 'a', loginAt: 1000 },
      ])
    })

    test('says how many there are, each counted once', async () => {
      await expect(state.addSession(alice, 'a', 1000)).resolves.toBe(1)
      await expect(state.addSession(alice, 'b', 2000)).resolves.toBe(2)
      await expect(state.addSession(alice, 'b', 3000)).resolves.toBe(2)
      await expect(state.addSession(bob, 'c', 3000)).resolves.toBe(1)
    })

    test('keeps the milliseconds of a login', async () => {
      const loginAt = 1_800_000_000_123
      await state.addSession(alice, 'a', loginAt)
      await expect(state.listSessions(alice)).resolves.toEqual([{ sid: 'a', loginAt }])
    })

    test('has a session once, at the time entered last', async () => {
      await state.addSession(alice, 'a', 1000)
      await state.addSession(alice, 'b', 2000)
      await state.addSession(alice, 'a', 3000)
      await expect(sids()).resolves.toEqual(['a', 'b'])
    })

    test('is one for each user of each app', async () => {
      await state.addSession(alice, 'a', 1)
      await state.addSession(bob, 'b', 2)
      await state.addSession(aliceElsewhere, 'c', 3)
      await state.removeSessions(bob, ['a', 'c'])
      await expect(sids(alice)).resolves.toEqual(['a'])
      await expect(sids(bob)).resolves.toEqual(['b'])
      await expect(sids(aliceElsewhere)).resolves.toEqual(['c'])
    })

    test('knows a user by appid and openid, with or without a unionid', async () => {
      await state.addSession({ ...alice, unionid: 'u' }, 'a', 1)
      await expect(sids(alice)).resolves.toEqual(['a'])
    })
  })

  test('a login enters its session and its key, as one after the other does', async () => {
    const logins = fc.array(
      fc.record({ sid: fc.nat(9), loginAt: fc.nat(99), id: fc.nat(9), at: fc.nat(99) }),
      { maxLength: 8 },
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(logins, fc.integer({ min: 1, max: 5 }), async (all, size) => {
        run += 1
        const apart: WxIdentity = { ...alice, openid: `p${String(run)}` }
        const atOnce: WxIdentity = { ...alice, openid: `q${String(run)}` }
        for (const login of all) {
          const [sid, id] = [`s${String(login.sid)}`, `k${String(login.id)}`]
          const key = { id, at: login.at, sealed: `v1.${id}` }
          await state.addKey(apart, key, size)
          const listed = await state.addSession(apart, sid, login.loginAt)
          const { loginAt } = login
          await expect(state.addLogin(atOnce, { sid, loginAt }, key, size)).resolves.toBe(listed)
        }
        const sorted = async (user: WxIdentity): Promise<object> => ({
          sessions: (await state.listSessions(user)).toSorted((a, b) => (a.sid < b.sid ? -1 : 1)),
          keys: (await state.readKeys(user)).keys.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        })
        await expect(sorted(atOnce)).resolves.toEqual(await sorted(apart))
      }),
      { numRuns: 50 },
    )
  })

  test('any entries and removals leave the list they should', async () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat(20) }),
      fc.record({ remove: fc.array(fc.nat(20), { maxLength: 4 }) }),
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const user = { ...alice, openid: `o${++run}` }
        let expected: string[] = []
        let now = 0
        for (const s of steps) {
          if ('remove' in s) {
            const gone = s.remove.map(String)
            await state.removeSessions(user, gone)
            expected = expected.filter((sid) => !gone.includes(sid))
          } else {
            const sid = String(s.add)
            expected = [sid, ...expected.filter((other) => other !== sid)]
            await expect(state.addSession(user, sid, ++now)).resolves.toBe(expected.length)
          }
          await expect(sids(user)).resolves.toEqual(expected)
        }
      }),
      { numRuns: 60 },
    )
  })

  describe('removal', () => {
    test('takes out the sessions named, and no others', async () => {
      for (const [at, sid] of ['a', 'b', 'c', 'd'].entries()) await state.addSession(alice, sid, at)
      await state.removeSessions(alice, ['b', 'd'])
      await expect(sids()).resolves.toEqual(['c', 'a'])
    })

    test('of none, of unknown ones and of unknown users changes nothing', async () => {
      await state.addSession(alice, 'a', 1)
      await state.removeSessions(alice, [])
      await state.removeSessions(alice, ['x', 'y'])
      await state.removeSessions(bob, ['a'])
      await expect(sids()).resolves.toEqual(['a'])
    })

    test('of the last one leaves a user who can log in again', async () => {
      await state.addSession(alice, 'a', 1)
      await state.removeSessions(alice, ['a'])
      await expect(sids()).resolves.toEqual([])
      await state.addSession(alice, 'b', 2)
      await expect(sids()).resolves.toEqual(['b'])
    })
  })

  describe('the count of refused data', () => {
    const count = (add: 0 | 1, user = alice, session = 's'): Promise<number> =>
      state.refusals(user, session, add)

    test('goes up by one, and stands still when it is only read', async () => {
      await expect(count(0)).resolves.toBe(0)
      await expect(count(1)).resolves.toBe(1)
      await expect(count(1)).resolves.toBe(2)
      await expect(count(0)).resolves.toBe(2)
      await expect(count(0)).resolves.toBe(2)
      await expect(count(1)).resolves.toBe(3)
    })

    test('is one for each session of each user of each app', async () => {
      await count(1)
      await expect(count(0, alice, 'other')).resolves.toBe(0)
      await expect(count(0, bob)).resolves.toBe(0)
      await expect(count(0, aliceElsewhere)).resolves.toBe(0)
    })

    test('begins again after a minute', async () => {
      await count(1)
      await count(1)
      await kind.pass(59_000)
      await expect(count(0)).resolves.toBe(2)
      await kind.pass(1000)
      await expect(count(0)).resolves.toBe(0)
      await expect(count(1)).resolves.toBe(1)
    })

    test('loses nothing of refusals at the same time', async () => {
      await Promise.all(Array.from({ length: 25 }, () => count(1)))
      await expect(count(0)).resolves.toBe(25)
    })

    // The limit is 20 a minute. One refusal every 40 seconds is far below it, for however long.
    test('is of the last minute: refusals far between never add up', async () => {
      const counts: number[] = []
      for (let i = 0; i < 30; i++) {
        counts.push(await count(1))
        await kind.pass(40_000)
      }
      expect(Math.max(...counts)).toBeLessThanOrEqual(2)
    })
  })

  test('keeping the list alive says nothing and fails nowhere', async () => {
    expect(state.keepAlive(alice, 0)).toBeUndefined()
    await state.addSession(alice, 'a', 1)
    expect(state.keepAlive(alice, 0)).toBeUndefined()
    await expect(sids()).resolves.toEqual(['a'])
  })
})

describe('in memory only', () => {
  test('it forgets the user seen longest ago of more than ten thousand', async () => {
    const state = inMemory.make()
    const user = (i: number): WxIdentity => ({ ...alice, openid: `o${i}` })
    for (let i = 0; i < 10_000; i++) await state.addSession(user(i), 's', i)
    await state.addSession(user(0), 't', 20_000)
    for (let i = 10_000; i < 10_100; i++) await state.addSession(user(i), 's', i)
    const known = async (i: number): Promise<number> => (await state.listSessions(user(i))).length
    expect([await known(0), await known(1), await known(100), await known(101)]).toEqual([
      2, 0, 0, 1,
    ])
    expect(await known(10_099)).toBe(1)
  })

  test('it forgets the count of the session refused longest ago of more than ten thousand', async () => {
    const state = inMemory.make()
    for (let i = 0; i <= 10_000; i++) await state.refusals(alice, `s${i}`, 1)
    await expect(state.refusals(alice, 's0', 0)).resolves.toBe(0)
    await expect(state.refusals(alice, 's1', 0)).resolves.toBe(1)
  })

  test('it uses the time of the machine', async () => {
    jest.useFakeTimers({ now: 1_800_000_000_000 })
    try {
      const state = createMemoryUserState()
      await state.refusals(alice, 's', 1)
      jest.advanceTimersByTime(59_999)
      await expect(state.refusals(alice, 's', 0)).resolves.toBe(1)
      jest.advanceTimersByTime(1)
      await expect(state.refusals(alice, 's', 0)).resolves.toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('in Redis only', () => {
  const sessions = (): string => `${states.prefix}user:{wx1111111111111111:oAlice}:sessions`
  const keys = (): string => `${states.prefix}user:{wx1111111111111111:oAlice}:keys`
  const refused = (): string => `${states.prefix}user:{wx1111111111111111:oAlice}:refused:s`

  test('all keys of a user share one hash tag, and only that user’s', async () => {
    const state = inRedis.make()
    for (const user of [alice, bob, aliceElsewhere]) {
      await state.addSession(user, 'a', 1)
      await state.refusals(user, 's', 1)
      await state.addKey(user, { id: 'k1', sealed: 'v1.x', at: 1 }, 5)
    }
    const found = await states.client.keys(`${states.prefix}*`)
    const tagOf = (key: string): string | undefined => /\{([^}]*)\}/.exec(key)?.[1]
    expect(found.toSorted()).toEqual(
      [alice, bob, aliceElsewhere]
        .flatMap(({ appid, openid }) => [
          `${states.prefix}user:{${appid}:${openid}}:keys`,
          `${states.prefix}user:{${appid}:${openid}}:refused:s`,
          `${states.prefix}user:{${appid}:${openid}}:sessions`,
        ])
        .toSorted(),
    )
    expect(new Set(found.map(tagOf)).size).toBe(3)
  })

  test('no key stays for ever', async () => {
    const state = inRedis.make()
    await state.addSession(alice, 'a', 1)
    await state.refusals(alice, 's', 1)
    const [list, count] = [await states.client.ttl(sessions()), await states.client.ttl(refused())]
    expect(list).toBeGreaterThan(ttl)
    expect(list).toBeLessThanOrEqual(2 * ttl)
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThanOrEqual(60)
  })

  test('two processes see one list and one count', async () => {
    const [one, two] = [inRedis.make(), inRedis.make()]
    await one.addSession(alice, 'a', 1)
    await two.addSession(alice, 'b', 2)
    await one.refusals(alice, 's', 1)
    await two.refusals(alice, 's', 1)
    expect((await one.listSessions(alice)).map(({ sid }) => sid)).toEqual(['b', 'a'])
    await expect(one.refusals(alice, 's', 0)).resolves.toBe(2)
  })

  describe('keepAlive', () => {
    const start = 1_800_000_000_000
    let now: jest.SpyInstance<number>
    let expire: jest.SpyInstance
    /** How often the lists of users were given their lifetime again. */
    const extended = (): number =>
      expire.mock.calls.filter(([key]) => String(key).endsWith(':sessions')).length
    beforeEach(() => {
      now = jest.spyOn(Date, 'now').mockReturnValue(start)
      expire = jest.spyOn(states.client, 'expire')
    })
    afterEach(() => {
      now.mockRestore()
      expire.mockRestore()
    })
    const settled = (): Promise<unknown> =>
      Promise.all(expire.mock.results.map(({ value }) => value as Promise<unknown>))

    test('gives the list its whole lifetime again', async () => {
      const state = inRedis.make()
      await state.addSession(alice, 'a', 1)
      await states.client.expire(sessions(), 10)
      state.keepAlive(alice, 0)
      await settled()
      expect(await states.client.ttl(sessions())).toBeGreaterThan(ttl)
    })

    test('makes no list where there is none', async () => {
      inRedis.make().keepAlive(alice, 0)
      await settled()
      await expect(states.client.exists(sessions())).resolves.toBe(0)
    })

    test('asks Redis once in half a lifetime, for each user', () => {
      const state = inRedis.make()
      for (let i = 0; i < 100; i++) state.keepAlive(alice, 0)
      expect(extended()).toBe(1)
      state.keepAlive(bob, 0)
      expect(extended()).toBe(2)
      now.mockReturnValue(start + (ttl * 1000) / 2 - 1)
      state.keepAlive(alice, 0)
      expect(extended()).toBe(2)
      now.mockReturnValue(start + (ttl * 1000) / 2)
      state.keepAlive(alice, 0)
      state.keepAlive(alice, 0)
      expect(extended()).toBe(3)
    })

    test('asks again at once where Redis failed', async () => {
      const state = inRedis.make()
      expire.mockRejectedValueOnce(new Error('away'))
      state.keepAlive(alice, 0)
      await new Promise(setImmediate)
      state.keepAlive(alice, 0)
      expect(extended()).toBe(2)
    })

    test('leaves the first half of a lifetime to the login', () => {
      const state = inRedis.make()
      state.keepAlive(alice, start - (ttl * 1000) / 2 + 1)
      expect(expire).not.toHaveBeenCalled()
      state.keepAlive(alice, start - (ttl * 1000) / 2)
      expect(extended()).toBe(1)
    })
  })

  describe('a key that cannot be read counts as absent', () => {
    const poison: Record<string, (key: string) => Promise<unknown>> = {
      'a string': (key) => states.client.set(key, 'x'),
      'a list': (key) => states.client.lPush(key, 'x'),
      'a set': (key) => states.client.sAdd(key, 'x'),
      'a hash': (key) => states.client.hSet(key, 'a', 'b'),
    }

    test.each(Object.entries(poison))('for the list: %s', async (_, spoil) => {
      const state = inRedis.make()
      await spoil(sessions())
      await expect(state.listSessions(alice)).resolves.toEqual([])
      await expect(states.client.exists(sessions())).resolves.toBe(0)

      await spoil(sessions())
      await expect(state.removeSessions(alice, ['a'])).resolves.toBeUndefined()
      await expect(states.client.exists(sessions())).resolves.toBe(0)

      await spoil(sessions())
      await expect(state.addSession(alice, 'a', 1)).resolves.toBe(1)
      await expect(state.listSessions(alice)).resolves.toEqual([{ sid: 'a', loginAt: 1 }])
      expect(await states.client.ttl(sessions())).toBeGreaterThan(0)
    })

    test.each(Object.entries(poison))('for what a login writes: %s', async (what, spoil) => {
      const key = { id: 'k1', sealed: 'v1.x', at: 1 }
      const both = [sessions(), keys()].filter((each) => what !== 'a hash' || each === sessions())
      for (const spoiled of [...both.map((each) => [each]), both]) {
        const state = inRedis.make()
        await states.client.del([sessions(), keys()])
        for (const each of spoiled) await spoil(each)
        await expect(state.addLogin(alice, { sid: 'a', loginAt: 1 }, key, 5)).resolves.toBe(1)
        await expect(state.listSessions(alice)).resolves.toEqual([{ sid: 'a', loginAt: 1 }])
        await expect(state.readKeys(alice)).resolves.toEqual({ keys: [key], notBefore: 0 })
      }
    })

    test.each<[string, (key: string) => Promise<unknown>]>([
      ...Object.entries(poison).slice(1),
      ['a text that is no number', (key) => states.client.set(key, 'many')],
      ['a number that is not whole', (key) => states.client.set(key, '1.5')],
      ['an empty text', (key) => states.client.set(key, '')],
    ])('for the count: %s', async (_, spoil) => {
      const state = inRedis.make()
      await spoil(refused())
      await expect(state.refusals(alice, 's', 0)).resolves.toBe(0)
      await states.client.del(refused())

      await spoil(refused())
      await expect(state.refusals(alice, 's', 1)).resolves.toBe(1)
      await expect(state.refusals(alice, 's', 1)).resolves.toBe(2)
      expect(await states.client.ttl(refused())).toBeGreaterThan(0)
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
    const key = { id: 'k1', sealed: 'v1.x', at: 1 }
    const operations: [string, (state: UserState) => Promise<unknown>][] = [
      ['addSession', (state) => state.addSession(alice, 'a', 1)],
      ['removeSessions', (state) => state.removeSessions(alice, ['a'])],
      ['listSessions', (state) => state.listSessions(alice)],
      ['reading refusals', (state) => state.refusals(alice, 's', 0)],
      ['counting refusals', (state) => state.refusals(alice, 's', 1)],
      ['addLogin', (state) => state.addLogin(alice, { sid: 'a', loginAt: 1 }, key, 5)],
      ['addKey', (state) => state.addKey(alice, key, 5)],
      ['readKeys', (state) => state.readKeys(alice)],
      ['replaceKeys', (state) => state.replaceKeys(alice, key)],
      ['forgetKeys', (state) => state.forgetKeys(alice)],
    ]

    test('every operation ends at its deadline where Redis hangs', async () => {
      const state = createRedisUserState(linkTo(own), { prefix: states.prefix, ttl, timeout: 30 })
      server.freeze()
      try {
        for (const [name, operation] of operations) {
          const error: unknown = await operation(state).catch((thrown: unknown) => thrown)
          expect([name, error]).toEqual([name, expect.objectContaining({ name: 'DeadlineError' })])
        }
        expect(() => state.keepAlive(alice, 0)).not.toThrow()
      } finally {
        server.thaw()
      }
    })

    test('every operation fails as Redis fails', async () => {
      await own.ping()
      const state = createRedisUserState(linkTo(own), { prefix: states.prefix, ttl, timeout: 5000 })
      await own.configSet('maxmemory', '1')
      try {
        await expect(state.addSession(alice, 'b', 2)).rejects.toThrow(/^OOM /)
      } finally {
        await own.configSet('maxmemory', '0')
      }
      own.destroy()
      for (const [, operation] of operations) await expect(operation(state)).rejects.toThrow()
      expect(() => state.keepAlive(alice, 0)).not.toThrow()
    })
  })
})
