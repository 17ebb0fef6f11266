import * as fc from 'fast-check'
import { createKeyHistory, type KeyHistory } from '../../src/session/key-history.js'
import { createMemoryUserState } from '../../src/session/memory-user-state.js'
import { keyIdOf } from '../../src/session/record.js'
import { createSealer } from '../../src/session/sealing.js'
import type { UserKey, UserState } from '../../src/state-types.js'
import type { WxIdentity } from '../../src/types.js'
import { bytesFor } from '../wechat/phone.js'
import { alice, aliceElsewhere, bob, type Kind, userStates } from './user-states.js'

const states = userStates()
const secret = 'a secret of thirty-two characters'
const newSecret = 'the secret after it, of 32+ characters'
const start = 1_800_000_000_000
const window = 600
const [k1, k2, k3, k4] = [1, 2, 3, 4].map(bytesFor) as [string, string, string, string]

let now: number
let state: UserState
beforeEach(() => {
  now = start
  state = createMemoryUserState()
})

/** A history with a way to give it a key as a login does: sealed. */
interface History extends KeyHistory {
  add(user: WxIdentity, sessionKey: string, at: number): Promise<void>
}

function createHistory(...[on, sealer, ...others]: Parameters<typeof createKeyHistory>): History {
  const history = createKeyHistory(on, sealer, ...others)
  const add: History['add'] = async (user, sessionKey, at) => {
    const key = { id: keyIdOf(sessionKey), sealed: sealer.seal(sessionKey, user), at }
    await history.addLogin(user, { sid: 'a', loginAt: at }, key)
  }
  return { ...history, add }
}

const historyOf = (
  o: { size?: number; window?: number; secrets?: string[]; on?: UserState } = {},
): History =>
  createHistory(
    o.on ?? state,
    createSealer(o.secrets ?? [secret]),
    { size: o.size ?? 5, window: o.window ?? window },
    () => now,
  )
const textsOf = (keys: UserKey[]): string[] => keys.map(({ sessionKey }) => sessionKey)

describe.each<[string, Kind]>([
  ['in memory', states.inMemory],
  ['in Redis', states.inRedis],
])('the keys that data of a user may be made with, %s', (_, kind) => {
  beforeEach(() => {
    state = kind.make()
  })

  test('are none for a user who never logged in', async () => {
    await expect(historyOf().of(alice)).resolves.toEqual([])
  })

  test('are the newest first, each with the time of the one that replaced it', async () => {
    const history = historyOf()
    for (const [i, each] of [k1, k2, k3].entries()) await history.add(alice, each, start + i * 1000)
    now = start + 2000
    await expect(history.of(alice)).resolves.toEqual([
      { sessionKey: k3 },
      { sessionKey: k2, replacedAt: start + 2000 },
      { sessionKey: k1, replacedAt: start + 1000 },
    ])
  })

  test('are in the order of their exchanges, not of the answers', async () => {
    const history = historyOf()
    await history.add(alice, k2, start + 1000)
    await history.add(alice, k1, start)
    await expect(history.of(alice)).resolves.toEqual([
      { sessionKey: k2 },
      { sessionKey: k1, replacedAt: start + 1000 },
    ])
  })

  test('lose an earlier one when the window has passed since it was replaced, and never the newest', async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    now += 30 * 24 * 3_600_000
    await history.add(alice, k2, now)
    now += window * 1000
    await expect(history.of(alice).then(textsOf)).resolves.toEqual([k2, k1])
    now += 1
    await expect(history.of(alice).then(textsOf)).resolves.toEqual([k2])
    now += 365 * 24 * 3_600_000
    await expect(history.of(alice).then(textsOf)).resolves.toEqual([k2])
  })

  test('have one once that WeChat gave again, as the newest', async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    await history.add(alice, k2, start + 1000)
    await history.add(alice, k1, start + 2000)
    await expect(history.of(alice)).resolves.toEqual([
      { sessionKey: k1 },
      { sessionKey: k2, replacedAt: start + 2000 },
    ])
  })

  test('are those of one user of one app', async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    await history.add(bob, k2, start)
    await history.add(aliceElsewhere, k3, start)
    await history.replace(bob, k4, start + 1)
    await expect(history.of(alice)).resolves.toEqual([{ sessionKey: k1 }])
    await expect(history.of(bob)).resolves.toEqual([{ sessionKey: k4 }])
    await expect(history.of(aliceElsewhere)).resolves.toEqual([{ sessionKey: k3 }])
  })
})

describe('the session’s own key', () => {
  test('is there where nothing is remembered', async () => {
    const own = { sessionKey: k1, at: start }
    await expect(historyOf().of(alice, own)).resolves.toEqual([{ sessionKey: k1 }])
  })

  test('takes its place among those that are', async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    await history.add(alice, k3, start + 2000)
    const own = { sessionKey: k2, at: start + 1000 }
    await expect(history.of(alice, own).then(textsOf)).resolves.toEqual([k3, k2, k1])
  })

  test('is no longer taken than any other once it was replaced', async () => {
    const history = historyOf()
    await history.add(alice, k2, start + 1000)
    const own = { sessionKey: k1, at: start }
    now = start + 1000 + window * 1000
    await expect(history.of(alice, own).then(textsOf)).resolves.toEqual([k2, k1])
    now += 1
    await expect(history.of(alice, own).then(textsOf)).resolves.toEqual([k2])
  })

  test('is there once, at the later of its times, where it is remembered too', async () => {
    const history = historyOf()
    await history.add(alice, k2, start + 1000)
    await history.add(alice, k1, start)
    const at = (time: number): Promise<string[]> =>
      history.of(alice, { sessionKey: k1, at: time }).then(textsOf)
    await expect(at(start - 1000)).resolves.toEqual([k2, k1])
    await expect(at(start + 2000)).resolves.toEqual([k1, k2])
    await history.add(alice, k1, start + 2000)
    await expect(at(start)).resolves.toEqual([k1, k2])
  })

  test('counts towards the limit', async () => {
    const history = historyOf({ size: 2 })
    await history.add(alice, k2, start + 1000)
    await history.add(alice, k3, start + 2000)
    const own = { sessionKey: k1, at: start }
    await expect(history.of(alice, own).then(textsOf)).resolves.toEqual([k3, k2])
  })

  test('that cannot be opened any more is left out', async () => {
    const history = historyOf()
    await history.add(alice, k2, start + 1000)
    const own = { sessionKey: null, at: start }
    await expect(history.of(alice, own)).resolves.toEqual([{ sessionKey: k2 }])
    await expect(historyOf().of(bob, own)).resolves.toEqual([])
  })
})

test('with a size of one there is the newest and no other', async () => {
  const history = historyOf({ size: 1 })
  await history.add(alice, k1, start)
  await history.add(alice, k2, start + 1)
  await expect(history.of(alice)).resolves.toEqual([{ sessionKey: k2 }])
  const own = { sessionKey: k1, at: start }
  await expect(history.of(alice, own)).resolves.toEqual([{ sessionKey: k2 }])
})

describe('when WeChat has replaced the key at our request', () => {
  const own = { sessionKey: k1, at: start }
  beforeEach(async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    await history.add(alice, k2, start + 1000)
    await history.replace(alice, k3, start + 2000)
  })

  test('none of the others is good, not for a moment and not for a session that has it', async () => {
    now = start + 2000
    await expect(historyOf().of(alice, own)).resolves.toEqual([{ sessionKey: k3 }])
  })

  test('one that was exchanged before and comes back late is not good either', async () => {
    await historyOf().add(alice, k4, start + 1999)
    const late = { sessionKey: k4, at: start + 1999 }
    await expect(historyOf().of(alice, late)).resolves.toEqual([{ sessionKey: k3 }])
  })

  test('later ones are', async () => {
    await historyOf().add(alice, k4, start + 3000)
    now = start + 3000
    await expect(historyOf().of(alice, own)).resolves.toEqual([
      { sessionKey: k4 },
      { sessionKey: k3, replacedAt: start + 3000 },
    ])
  })

  test('a login that gives the new one again changes nothing', async () => {
    await historyOf().add(alice, k3, start + 3000)
    await expect(historyOf().of(alice, own)).resolves.toEqual([{ sessionKey: k3 }])
  })
})

describe('a session secret that is rotated', () => {
  test('opens what the secret before has sealed, and seals anew with the first', async () => {
    await historyOf({ secrets: [secret] }).add(alice, k1, start)
    const rotated = historyOf({ secrets: [newSecret, secret] })
    await rotated.add(alice, k2, start + 1000)
    await expect(rotated.of(alice).then(textsOf)).resolves.toEqual([k2, k1])

    const done = historyOf({ secrets: [newSecret] })
    await expect(done.of(alice)).resolves.toEqual([{ sessionKey: k2 }])
  })

  test('a key that WeChat gives again outlives the secret it was sealed with first', async () => {
    await historyOf({ secrets: [secret] }).add(alice, k1, start)
    await historyOf({ secrets: [newSecret, secret] }).add(alice, k1, start + 1000)
    await expect(historyOf({ secrets: [newSecret] }).of(alice)).resolves.toEqual([
      { sessionKey: k1 },
    ])
  })
})

describe('what is stored', () => {
  test('shows no session key', async () => {
    const history = historyOf()
    await history.add(alice, k1, start)
    await history.replace(bob, k1, start)
    for (const user of [alice, bob]) {
      const stored = JSON.stringify(await state.readKeys(user))
      expect(stored).not.toContain(k1)
      expect(stored).not.toContain(Buffer.from(k1, 'base64').toString('hex'))
      expect(stored).toContain(keyIdOf(k1))
    }
  })

  test('does not open for another user it is moved to', async () => {
    await historyOf().add(alice, k1, start)
    const [stored] = (await state.readKeys(alice)).keys
    await state.addKey(bob, stored!, 5)
    await expect(historyOf().of(bob)).resolves.toEqual([])
  })

  test.each(['', 'v1.', 'v1.AAAA', 'v2.x', k1])('%j is no key', async (sealed) => {
    await state.addKey(alice, { id: 'x', sealed, at: start }, 5)
    await expect(historyOf().of(alice)).resolves.toEqual([])
  })
})

test('a state that fails is passed on', async () => {
  const away = new Error('away')
  const failing = { ...state, addLogin: fail, readKeys: fail, replaceKeys: fail } as UserState
  function fail(): Promise<never> {
    return Promise.reject(away)
  }
  const history = historyOf({ on: failing })
  await expect(history.add(alice, k1, start)).rejects.toBe(away)
  await expect(history.of(alice)).rejects.toBe(away)
  await expect(history.replace(alice, k1, start)).rejects.toBe(away)
})

test('it uses the time of the machine', async () => {
  jest.useFakeTimers({ now: start })
  try {
    const history = createHistory(state, createSealer([secret]), { size: 5, window })
    await history.add(alice, k1, start)
    await history.add(alice, k2, start)
    jest.advanceTimersByTime(window * 1000)
    await expect(history.of(alice)).resolves.toHaveLength(2)
    jest.advanceTimersByTime(1)
    await expect(history.of(alice)).resolves.toHaveLength(1)
  } finally {
    jest.useRealTimers()
  }
})

describe('whatever logins there were', () => {
  const users = [alice, bob, aliceElsewhere]
  const login = fc.record({
    user: fc.constantFrom(...users),
    /** Keys are the user's own: some come again, as WeChat gives one again that it has not replaced. */
    key: fc.nat(6),
    /** In the past, seconds: answers that come late are out of order. */
    ago: fc.nat(2000),
  })
  const keyOf = (user: WxIdentity, n: number): string =>
    bytesFor(`${user.appid} ${user.openid} ${String(n)}`)

  test('there are the newest first, none past the window, none beyond the limit, none of another', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(login, { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 1500 }),
        fc.option(login),
        async (logins, size, seconds, own) => {
          const history = historyOf({ size, window: seconds, on: createMemoryUserState() })
          const times = new Map<string, number>()
          const learn = (sessionKey: string, at: number): void =>
            void times.set(sessionKey, Math.max(at, times.get(sessionKey) ?? 0))
          for (const { user, key, ago } of logins) {
            const at = start - ago * 1000
            await history.add(user, keyOf(user, key), at)
            learn(keyOf(user, key), at)
          }
          for (const user of users) {
            const mine = Array.from({ length: 7 }, (_each, n) => keyOf(user, n))
            const session = own?.user === user ? own : null
            const at = start - (session?.ago ?? 0) * 1000
            if (session) learn(keyOf(user, session.key), at)
            const found = await history.of(
              user,
              session ? { sessionKey: keyOf(user, session.key), at } : undefined,
            )

            const known = mine.filter((each) => times.has(each))
            expect(found.length > 0).toBe(known.length > 0)
            expect(found.length).toBeLessThanOrEqual(size)
            expect(new Set(textsOf(found)).size).toBe(found.length)
            for (const [i, { sessionKey, replacedAt }] of found.entries()) {
              expect(known).toContain(sessionKey)
              if (i === 0) {
                expect(replacedAt).toBeUndefined()
                expect(times.get(sessionKey)).toBe(Math.max(...known.map((k) => times.get(k)!)))
                continue
              }
              expect(replacedAt).toBe(times.get(found[i - 1]!.sessionKey))
              expect(replacedAt).toBeGreaterThanOrEqual(times.get(sessionKey)!)
              expect(start - replacedAt!).toBeLessThanOrEqual(seconds * 1000)
            }
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
