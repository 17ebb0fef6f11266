import fc from 'fast-check'
import { createThrottle } from '../src/throttle.js'

const start = 1_800_000_000_000
let now: jest.SpyInstance<number>
beforeEach(() => {
  now = jest.spyOn(Date, 'now').mockReturnValue(start)
})
afterEach(() => {
  now.mockRestore()
})
const pass = (ms: number): void => void now.mockReturnValue(start + ms)

test('each key has its turn at once, and again only when the time is over', () => {
  const throttle = createThrottle(1000)
  expect([throttle.due('a'), throttle.due('a'), throttle.due('b')]).toEqual([true, false, true])
  pass(999)
  expect(throttle.due('a')).toBe(false)
  pass(1000)
  expect([throttle.due('a'), throttle.due('a')]).toEqual([true, false])
})

test('a turn that came to nothing is given again', () => {
  const throttle = createThrottle(1000)
  throttle.due('a')
  throttle.forget('b')
  expect(throttle.due('a')).toBe(false)
  throttle.forget('a')
  expect([throttle.due('a'), throttle.due('a')]).toEqual([true, false])
})

test('a clock that is set back keeps nobody waiting', () => {
  const throttle = createThrottle(1000)
  throttle.due('a')
  pass(-5000)
  expect(throttle.due('a')).toBe(true)
})

test('keys that have no room are given more turns, never fewer', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.string(), after: fc.integer({ min: 0, max: 700 }) })),
      (calls) => {
        const throttle = createThrottle(1000, 8)
        const last = new Map<string, number>()
        let time = 0
        for (const { key, after } of calls) {
          time += after
          pass(time)
          const due = throttle.due(key)
          if (time - (last.get(key) ?? -Infinity) >= 1000) expect(due).toBe(true)
          if (due) last.set(key, time)
        }
      },
    ),
  )
})

test('a few thousand keys do not get into each other’s way', () => {
  const throttle = createThrottle(1000)
  const keys = Array.from({ length: 5000 }, (_, i) => `session ${String(i)}`)
  for (const key of keys) throttle.due(key)
  expect(keys.filter((key) => throttle.due(key)).length).toBeLessThanOrEqual(5)
})

test('a hundred thousand keys in memory for far fewer take each other for nobody else', () => {
  const throttle = createThrottle(1000, 2 ** 10)
  let denied = 0
  for (let i = 0; i < 100_000; i++) if (!throttle.due(`key ${String(i)}`)) denied++
  expect(denied).toBe(0)
})

test('of four keys that share their room the one whose turn was longest ago makes way for a fifth', () => {
  const throttle = createThrottle(1000, 4)
  const keys = ['b', 'a', 'd', 'c']
  keys.forEach((key, i) => {
    pass(i)
    throttle.due(key)
  })
  pass(10)
  expect(throttle.due('e')).toBe(true)
  expect(['a', 'd', 'c', 'e'].map((key) => throttle.due(key))).toEqual([false, false, false, false])
  expect(throttle.due('b')).toBe(true)
})

test('to forget a key that was pushed out gives nobody else a turn', () => {
  const throttle = createThrottle(1000, 4)
  const keys = ['a', 'b', 'c', 'd']
  for (const key of keys) throttle.due(key)
  throttle.forget('e')
  expect(keys.map((key) => throttle.due(key))).toEqual([false, false, false, false])
})
