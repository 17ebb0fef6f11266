import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { publicId } from '../../src/session/record.js'
import { createSessionEnds, type SessionEnds } from '../../src/session/session-ends.js'
import type { WxSessionEnd } from '../../src/plugin-types.js'
import type { EndChannel, SessionsEnd } from '../../src/state-types.js'

// The news themselves go over real Redis in test/redis/end-channel.test.ts and test/http/session-ends.test.ts.

const alice = 'session id of alice'
const bob = 'session id of bob'
const sweepPeriod = 10_000
/** What news may take longer than the end itself. */
const newsTime = 200

let living: Set<string>
let alive: jest.Mock<Promise<boolean[]>, [string[]]>
let ends: SessionEnds
beforeEach(() => {
  jest.useFakeTimers()
  living = new Set([alice, bob])
  alive = jest.fn(async (sids: string[]) => sids.map((sid) => living.has(sid)))
  ends = createSessionEnds(alive)
})
afterEach(() => {
  ends.close()
  // Nothing is looked after without a listener.
  expect(jest.getTimerCount()).toBe(0)
  jest.useRealTimers()
})

/** What listeners were told, with the last part of the name of each. */
type Told = WxSessionEnd[]
function watch(sid: string, on = ends): { told: Told; forget: () => void } {
  const told: Told = []
  return { told, forget: on.watch(sid, (end) => told.push(end)) }
}
const ended = (sid: string, reason: WxSessionEnd['reason']): WxSessionEnd => ({
  sessionId: publicId(sid),
  reason,
})
const tell = (...sids: string[]): void => ends.tell({ ids: sids.map(publicId), reason: 'revoke' })
const sweep = (): Promise<void> => jest.advanceTimersByTimeAsync(sweepPeriod)

test('an end that nobody listens for is no mistake', () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  tell(alice)
  expect(warned).not.toHaveBeenCalled()
  warned.mockRestore()
})

describe('a listener', () => {
  test('that is given twice is told twice, and forgotten one by one', () => {
    const listener = jest.fn()
    const forget = ends.watch(alice, listener)
    ends.watch(alice, listener)
    forget()
    tell(alice)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  test('is told once that its session ended, and of no other', async () => {
    const [a, b] = [watch(alice), watch(bob)]
    tell(alice)
    tell(alice)
    living.delete(alice)
    await sweep()
    expect(a.told).toEqual([ended(alice, 'revoke')])
    expect(b.told).toEqual([])
  })

  test('is one of many of a session', () => {
    const several = [watch(alice), watch(alice), watch(alice)]
    tell(bob, alice)
    for (const { told } of several) expect(told).toEqual([ended(alice, 'revoke')])
  })

  test('that is forgotten hears nothing; the others do', () => {
    const [first, second] = [watch(alice), watch(alice)]
    first.forget()
    tell(alice)
    expect([first.told, second.told]).toEqual([[], [ended(alice, 'revoke')]])
  })

  test('may be forgotten twice, and after it was told, without harm to a later one', () => {
    const first = watch(alice)
    first.forget()
    first.forget()
    const second = watch(alice)
    first.forget()
    tell(alice)
    const third = watch(alice)
    second.forget()
    tell(alice)
    expect([first.told.length, second.told.length, third.told.length]).toEqual([0, 1, 1])
  })

  test('that throws keeps nobody else from being told', () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    ends.watch(alice, () => {
      throw new Error('bug of the app')
    })
    const { told } = watch(alice)
    expect(() => tell(alice)).not.toThrow()
    expect(told).toEqual([ended(alice, 'revoke')])
    expect(warned.mock.calls).toEqual([
      [expect.any(String), expect.objectContaining({ code: 'WX_HOOK_onEnd' })],
    ])
    warned.mockRestore()
  })

  test('that is added while others are told belongs to the next end', () => {
    const later: Told = []
    ends.watch(alice, () => void ends.watch(alice, (end) => later.push(end)))
    tell(alice)
    expect(later).toEqual([])
  })
})

test('an end is told on the channel of ends, and one of nobody is not', () => {
  const told: unknown[] = []
  const hear = (message: unknown): void => void told.push(message)
  subscribe('express-wx-login:session:ended', hear)
  tell(alice, bob)
  tell()
  unsubscribe('express-wx-login:session:ended', hear)
  expect(told).toEqual([{ sessionIds: [publicId(alice), publicId(bob)], reason: 'revoke' }])
})

describe('a session that nobody spoke of', () => {
  test('but that has ended is found within ten seconds', async () => {
    const { told } = watch(alice)
    await jest.advanceTimersByTimeAsync(sweepPeriod / 2)
    living.delete(alice)
    await jest.advanceTimersByTimeAsync(sweepPeriod / 2 - 1)
    expect(told).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    expect(told).toEqual([ended(alice, 'gone')])
  })

  test('but that had ended before it was watched is told at once', async () => {
    living.delete(alice)
    const [a, b] = [watch(alice), watch(bob)]
    await jest.advanceTimersByTimeAsync(0)
    expect([a.told, b.told]).toEqual([[ended(alice, 'gone')], []])
    // And so is the next one, whoever was looked after before.
    living.delete(bob)
    const later = watch(bob)
    await jest.advanceTimersByTimeAsync(0)
    expect(later.told).toEqual([ended(bob, 'gone')])
  })

  test('has not ended while the store cannot say; it is asked again', async () => {
    const { told } = watch(alice)
    await jest.advanceTimersByTimeAsync(0)
    alive.mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'))
    living.delete(alice)
    await sweep()
    await sweep()
    expect(told).toEqual([])
    await sweep()
    expect(told).toEqual([ended(alice, 'gone')])
  })

  test.each([
    [450, [200, 200, 50]],
    [400, [200, 200]],
  ])(
    'is asked about with others, in parts that no store is too small for: %i',
    async (n, parts) => {
      const sids = Array.from({ length: n }, (_, i) => `session ${String(i)}`)
      for (const sid of sids) {
        living.add(sid)
        watch(sid)
      }
      await jest.advanceTimersByTimeAsync(0)
      const sizes = (): number[] => alive.mock.calls.map(([asked]) => asked.length)
      expect(sizes()).toEqual(parts)
      alive.mockClear()
      await sweep()
      expect(sizes()).toEqual(parts)
    },
  )

  test('and that nobody watches is not asked about', async () => {
    watch(alice).forget()
    await jest.advanceTimersByTimeAsync(0)
    alive.mockClear()
    await sweep()
    expect(alive).not.toHaveBeenCalled()
  })
})

describe('with a channel to other processes', () => {
  /** A channel whose news the test brings, and whose opening it decides. */
  function channel(): EndChannel & { hear(end: SessionsEnd): void; open(): void } {
    let listener: ((end: SessionsEnd) => void) | undefined
    let open = (): void => undefined
    return {
      publish: jest.fn(),
      subscribe: jest.fn((own) => {
        listener = own as (end: SessionsEnd) => void
        return new Promise<void>((resolve) => (open = resolve))
      }),
      unsubscribe: jest.fn(() => (listener = undefined)),
      check: jest.fn(),
      hear: (end) => listener?.(end),
      open: () => open(),
    }
  }
  let other: ReturnType<typeof channel>
  beforeEach(() => {
    other = channel()
    ends = createSessionEnds(alive, other)
  })

  test('an end that is told here is told there, and one of nobody is not', () => {
    const end: SessionsEnd = { ids: [publicId(alice)], reason: 'limit' }
    ends.tell(end)
    ends.tell({ ids: [], reason: 'revoke' })
    expect(jest.mocked(other.publish).mock.calls).toEqual([[end]])
  })

  test('an end that is heard is told, and not sent back', () => {
    const { told } = watch(alice)
    other.hear({ ids: [publicId(bob), publicId(alice)], reason: 'logout' })
    expect(told).toEqual([ended(alice, 'logout')])
    expect(other.publish).not.toHaveBeenCalled()
  })

  test('it is open while somebody listens, and looked after', async () => {
    expect(other.subscribe).not.toHaveBeenCalled()
    const [a, b] = [watch(alice), watch(bob)]
    expect(other.subscribe).toHaveBeenCalledTimes(1)
    await sweep()
    expect(other.check).toHaveBeenCalledTimes(1)
    a.forget()
    expect(other.unsubscribe).not.toHaveBeenCalled()
    b.forget()
    expect(other.unsubscribe).toHaveBeenCalledTimes(1)
    watch(alice)
    expect(other.subscribe).toHaveBeenCalledTimes(2)
  })

  test('an end before it was open is found once it is', async () => {
    const { told } = watch(alice)
    await jest.advanceTimersByTimeAsync(0)
    expect(alive).not.toHaveBeenCalled()
    living.delete(alice)
    other.open()
    await jest.advanceTimersByTimeAsync(newsTime)
    expect(told).toEqual([ended(alice, 'gone')])
  })

  test('an end that is seen before its news come has the reason of the news', async () => {
    const { told } = watch(alice)
    other.open()
    living.delete(alice)
    await jest.advanceTimersByTimeAsync(newsTime - 1)
    expect(told).toEqual([])
    other.hear({ ids: [publicId(alice)], reason: 'logout' })
    await jest.advanceTimersByTimeAsync(newsTime)
    expect(told).toEqual([ended(alice, 'logout')])
  })

  test('closing forgets the listeners and lets go of it', async () => {
    const { told } = watch(alice)
    ends.close()
    tell(alice)
    expect([told.length, jest.mocked(other.unsubscribe).mock.calls.length]).toEqual([0, 1])
  })
})
