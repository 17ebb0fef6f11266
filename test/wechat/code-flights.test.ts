import { WxLoginError } from '../../src/errors.js'
import type { WxCodeSession } from '../../src/types.js'
import { type CodeFlights, createCodeFlights, type Flight } from '../../src/wechat/code-flights.js'

const session: WxCodeSession = { openid: 'o', sessionKey: 'k' }
const appid = 'wx1'
const failed = new WxLoginError('WX_BUSY')
const codeUsed = expect.objectContaining({
  ...{ code: 'WX_CODE_USED', status: 401 },
  reason: 'this code has made a session here',
}) as Error

let now: number
let flights: CodeFlights
let exchange: jest.Mock<Promise<WxCodeSession>, []>

beforeEach(() => {
  now = 1000
  flights = createCodeFlights(() => now)
  exchange = jest.fn(async () => session)
})

const join = (code: string, arrivedAt = now): Flight =>
  flights.join({ appid, code }, arrivedAt, exchange)

/** A promise and the two ways to settle it. */
function pending<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('posts of one code at the same time', () => {
  test('share one exchange', async () => {
    const { promise, resolve } = pending<WxCodeSession>()
    exchange.mockReturnValue(promise)
    const all = Array.from({ length: 50 }, () => join('a'))
    resolve(session)
    for (const flight of all) await expect(flight.session).resolves.toBe(session)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('share it also when the answer is there already', async () => {
    await join('a').session
    await expect(join('a').session).resolves.toBe(session)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('share its failure', async () => {
    exchange.mockRejectedValue(failed)
    const all = [join('a'), join('a')]
    for (const flight of all) await expect(flight.session).rejects.toBe(failed)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('share one onUser and what it returned', async () => {
    const save = jest.fn(async () => ({ id: 1 }))
    const users = await Promise.all([join('a'), join('a'), join('a')].map((f) => f.user(save)))
    expect(save).toHaveBeenCalledTimes(1)
    expect(users.every((user) => user === users[0])).toBe(true)
    await expect(join('a').user(save)).resolves.toBe(users[0])
    expect(save).toHaveBeenCalledTimes(1)
  })

  test('share one failure of onUser', async () => {
    const { promise, reject } = pending<unknown>()
    const save = jest.fn(() => promise)
    const all = [join('a').user(save), join('a').user(save)]
    reject(failed)
    for (const user of all) await expect(user).rejects.toBe(failed)
    expect(save).toHaveBeenCalledTimes(1)
  })
})

describe('codes that are not the same', () => {
  test('have an exchange each', async () => {
    join('a')
    join('b')
    join('A')
    join('a ')
    expect(exchange).toHaveBeenCalledTimes(4)
  })

  test('are those of two apps, however appid and code are cut', () => {
    flights.join({ appid: 'wx1', code: '2a' }, now, exchange)
    flights.join({ appid: 'wx12', code: 'a' }, now, exchange)
    flights.join({ appid: 'wx1', code: 'a' }, now, exchange)
    expect(exchange).toHaveBeenCalledTimes(3)
  })
})

describe('a second try', () => {
  test('after a failed exchange asks WeChat again', async () => {
    exchange.mockRejectedValueOnce(failed)
    await expect(join('a').session).rejects.toBe(failed)
    await expect(join('a').session).resolves.toBe(session)
    expect(exchange).toHaveBeenCalledTimes(2)
  })

  test('after a failed onUser calls onUser again, without a second exchange', async () => {
    const save = jest
      .fn<Promise<unknown>, []>()
      .mockRejectedValueOnce(failed)
      .mockResolvedValue('user')
    await expect(join('a').user(save)).rejects.toBe(failed)
    await expect(join('a').user(save)).resolves.toBe('user')
    await expect(join('a').user(save)).resolves.toBe('user')
    expect(save).toHaveBeenCalledTimes(2)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('after a failed save has user and session ready', async () => {
    const save = jest.fn(async () => 'user')
    await join('a').user(save)
    // Not used(): the store failed.
    now += 59_999
    const again = join('a')
    await expect(again.session).resolves.toBe(session)
    await expect(again.user(save)).resolves.toBe('user')
    expect([exchange.mock.calls.length, save.mock.calls.length]).toEqual([1, 1])
  })

  test('a minute later asks WeChat again: nothing is kept longer', () => {
    join('a')
    now += 59_999
    join('a')
    expect(exchange).toHaveBeenCalledTimes(1)
    now += 1
    join('a')
    expect(exchange).toHaveBeenCalledTimes(2)
  })

  test('of one code outlives the expiry of others', () => {
    join('old')
    now += 30_000
    join('young')
    now += 30_000
    join('young')
    expect(exchange).toHaveBeenCalledTimes(2)
    join('old')
    expect(exchange).toHaveBeenCalledTimes(3)
  })
})

describe('a code that made a session', () => {
  test('is used for every request that came later', async () => {
    const flight = join('a', now)
    now += 10
    await flight.used()
    expect(() => join('a', now + 1)).toThrow(codeUsed)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('still serves requests that had come before', async () => {
    const flight = join('a', now)
    now += 10
    await flight.used()
    for (const arrivedAt of [now - 5, now]) {
      await expect(join('a', arrivedAt).session).resolves.toBe(session)
    }
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('is not used before its moment is over, so that posts sent together arrive together', async () => {
    const flight = join('a', now)
    const used = flight.used()
    await expect(join('a', now + 1).session).resolves.toBe(session)
    await used
    expect(() => join('a', now + 1)).toThrow(codeUsed)
    expect(exchange).toHaveBeenCalledTimes(1)
  })

  test('keeps nobody waiting where no other post of it came', async () => {
    const flight = join('a', now)
    now += 3
    let used = false
    void flight.used().then(() => (used = true))
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
    expect(used).toBe(true)
  })

  test('serves posts that go on coming until none has come for three milliseconds', async () => {
    const used = join('a', now).used()
    for (let post = 0; post < 3; post++) {
      for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
      now += 2
      await expect(join('a', now).session).resolves.toBe(session)
    }
    now += 3
    await used
    expect(() => join('a', now + 1)).toThrow(codeUsed)
  })

  test('keeps the time of its first session, however many follow', async () => {
    const first = join('a', now)
    const second = join('a', now)
    now += 10
    await first.used()
    const arrivedAt = now + 1
    now += 10
    await second.used()
    expect(() => join('a', arrivedAt)).toThrow(codeUsed)
  })

  test('is WeChat’s to refuse after a minute', async () => {
    await join('a').used()
    now += 60_000
    join('a')
    expect(exchange).toHaveBeenCalledTimes(2)
  })

  test('does not touch other codes', async () => {
    await join('a').used()
    now += 1
    expect(() => join('b')).not.toThrow()
  })
})

test('a flight tells when its exchange began, however late somebody joins it', () => {
  jest.useFakeTimers({ now: 1_800_000_000_000 })
  try {
    expect(join('a').startedAt).toBe(1_800_000_000_000)
    jest.advanceTimersByTime(30_000)
    expect(join('a').startedAt).toBe(1_800_000_000_000)
    expect(join('b').startedAt).toBe(1_800_000_030_000)
  } finally {
    jest.useRealTimers()
  }
})

describe('an attempt to read data', () => {
  const stale = new WxLoginError('WX_STALE_KEY')
  const limited = expect.objectContaining({
    ...{ code: 'WX_RATE_LIMITED', status: 429 },
    reason: 'too much data refused on one code',
  }) as Error
  const refuse = (): never => {
    throw stale
  }
  const refused = (flight = join('a')): Promise<unknown> =>
    flight.attempt(refuse, async () => refuse())
  const exhaust = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await expect(refused()).rejects.toBe(stale)
  }

  test('that the code’s own key reads asks for no other', async () => {
    const others = jest.fn(async () => 'other')
    await expect(join('a').attempt(() => 'own', others)).resolves.toBe('own')
    expect(others).not.toHaveBeenCalled()
  })

  test('that it does not read is given to the others', async () => {
    await expect(join('a').attempt(refuse, async () => 'other')).resolves.toBe('other')
  })

  test('may be refused twenty times a code, whoever posts it, and not once more', async () => {
    await exhaust()
    const own = jest.fn(() => 'own')
    await expect(join('a').attempt(own, refuse)).rejects.toEqual(limited)
    expect(own).not.toHaveBeenCalled()
    await expect(refused(join('b'))).rejects.toBe(stale)
  })

  test('counts once, though both were asked, and not at all where it succeeds', async () => {
    for (let i = 0; i < 30; i++) {
      await expect(join('a').attempt(refuse, async () => i)).resolves.toBe(i)
      await expect(
        join('a').attempt(
          () => i,
          async () => refuse(),
        ),
      ).resolves.toBe(i)
    }
    await exhaust()
    await expect(refused()).rejects.toEqual(limited)
  })

  test('that fails for another reason is not counted', async () => {
    const fail = (): never => {
      throw failed
    }
    for (let i = 0; i < 30; i++) {
      await expect(join('a').attempt(fail, async () => i)).rejects.toBe(failed)
      await expect(join('a').attempt(refuse, async () => fail())).rejects.toBe(failed)
    }
    await exhaust()
  })

  test('at the same time as others is counted before it is known: no crowd gets more than twenty tries', async () => {
    const others = jest.fn(async () => {
      await new Promise(setImmediate)
      return refuse()
    })
    const all = await Promise.allSettled(
      Array.from({ length: 100 }, () => join('a').attempt(refuse, others)),
    )
    expect(others).toHaveBeenCalledTimes(20)
    const reasons = all.map((each) => (each as PromiseRejectedResult).reason as unknown)
    expect(reasons.filter((reason) => reason === stale)).toHaveLength(20)
    expect(reasons.filter((reason) => reason !== stale)).toEqual(
      Array.from({ length: 80 }, () => limited),
    )
  })

  test('of any number of posts at the same time succeeds where the own key reads it', async () => {
    const all = Array.from({ length: 100 }, (_each, i) =>
      join('a').attempt(
        () => i,
        async () => refuse(),
      ),
    )
    await expect(Promise.all(all)).resolves.toHaveLength(100)
  })
})

test('time is that of the requests: performance.now()', async () => {
  const own = createCodeFlights()
  const clock = jest.spyOn(performance, 'now').mockReturnValue(5000)
  try {
    const flight = own.join({ appid, code: 'a' }, 5000, exchange)
    clock.mockReturnValue(5010)
    await flight.used()
    expect(() => own.join({ appid, code: 'a' }, 5011, exchange)).toThrow(codeUsed)
    clock.mockReturnValue(65_000)
    expect(() => own.join({ appid, code: 'a' }, 65_000, exchange)).not.toThrow()
  } finally {
    clock.mockRestore()
  }
})

describe('what is known to be a login code', () => {
  const knows = (code: string): boolean => flights.knows({ appid, code })

  test('is one that was exchanged in the last minute, used or not', async () => {
    expect(knows('a')).toBe(false)
    await join('a').used()
    await join('b').session
    expect([knows('a'), knows('b'), knows('c')]).toEqual([true, true, false])
    expect(flights.knows({ appid: 'wx2', code: 'a' })).toBe(false)
    now += 60_000
    expect([knows('a'), knows('b')]).toEqual([false, false])
  })

  test('is none that WeChat refused, or has not answered for yet', async () => {
    const { promise, reject } = pending<WxCodeSession>()
    exchange.mockReturnValue(promise)
    const { session: refused } = join('a')
    expect(knows('a')).toBe(false)
    reject(failed)
    await expect(refused).rejects.toBe(failed)
    expect(knows('a')).toBe(false)
  })
})

describe('memory', () => {
  test('has room for ten thousand codes', () => {
    for (let i = 0; i < 10_000; i++) join(`code ${i}`)
    join('code 0')
    expect(exchange).toHaveBeenCalledTimes(10_000)
  })

  test('keeps a code that was good, however many that are none come after it', async () => {
    await join('good').session
    exchange.mockRejectedValue(failed)
    for (let i = 0; i <= 10_000; i++) await join(`none ${i}`).session.catch(() => undefined)
    exchange.mockClear()
    join('good')
    expect(exchange).not.toHaveBeenCalled()
  })

  test('is bounded: the oldest of more than ten thousand codes goes', () => {
    for (let i = 0; i < 10_500; i++) join(`code ${i}`)
    exchange.mockClear()
    for (let i = 10_499; i >= 1000; i--) join(`code ${i}`)
    expect(exchange).not.toHaveBeenCalled()
    for (let i = 0; i < 400; i++) join(`code ${i}`)
    expect(exchange).toHaveBeenCalledTimes(400)
  })

  test('holds no code in the clear', () => {
    const set = jest.spyOn(Map.prototype, 'set')
    try {
      join('canary')
      expect(JSON.stringify(set.mock.calls)).not.toContain('canary')
    } finally {
      set.mockRestore()
    }
  })
})

test('an exchange that fails after its minute does not take a newer one of the same code along', async () => {
  const slow = pending<WxCodeSession>()
  exchange.mockReturnValueOnce(slow.promise)
  const first = join('a')
  now += 60_000
  join('a')
  slow.reject(failed)
  await expect(first.session).rejects.toBe(failed)
  join('a')
  expect(exchange).toHaveBeenCalledTimes(2)
})

test('a failed exchange that nobody waits for is no unhandled rejection', async () => {
  exchange.mockRejectedValue(failed)
  join('a')
  await new Promise(setImmediate)
})
