import { stat } from 'node:fs/promises'
import { callInTime, DeadlineError, withDeadline } from '../src/deadline.js'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] })
})
afterEach(() => {
  jest.useRealTimers()
})

const never = new Promise<never>(() => undefined)

test('gives what the work gives in time', async () => {
  await expect(withDeadline(Promise.resolve(5), 1000)).resolves.toBe(5)
  const error = new Error('x')
  await expect(withDeadline(Promise.reject(error), 1000)).rejects.toBe(error)
  await expect(withDeadline(Promise.reject(undefined as never), 1000)).rejects.toBeUndefined()
})

test('leaves no timer behind', async () => {
  await withDeadline(Promise.resolve(5), 1000)
  await withDeadline(Promise.reject(new Error('x')), 1000).catch(() => undefined)
  await Promise.resolve()
  expect(jest.getTimerCount()).toBe(0)
})

test('ends at the deadline and not before', async () => {
  const ended = jest.fn()
  const waiting = withDeadline(never, 1000).catch((error: unknown) => {
    ended()
    return error
  })
  await jest.advanceTimersByTimeAsync(999)
  expect(ended).not.toHaveBeenCalled()
  await jest.advanceTimersByTimeAsync(1)
  const error = await waiting
  expect(error).toBeInstanceOf(DeadlineError)
  expect(error).toMatchObject({ name: 'DeadlineError', message: 'no answer within 1000 ms' })
})

test('does not take a stall of the process for silence', async () => {
  jest.useRealTimers()
  const work = withDeadline(stat(__filename), 50)
  const until = performance.now() + 200
  while (performance.now() < until);
  await expect(work).resolves.toBeDefined()
})

test.each(['an answer', 'an error'])('drops %s that comes late', async (kind) => {
  const late = new Promise<string>((resolve, reject) => {
    setTimeout(() => (kind === 'an answer' ? resolve('late') : reject(new Error('late'))), 2000)
  })
  const waiting = expect(withDeadline(late, 1000)).rejects.toBeInstanceOf(DeadlineError)
  await jest.advanceTimersByTimeAsync(3000)
  await waiting
})

test('a callback that throws is not taken for a failure of the call', () => {
  const done = jest.fn(() => {
    throw new Error('of the app')
  })
  expect(() => callInTime(1000, (settle) => settle(null, 'answer'), done)).toThrow('of the app')
  expect(done.mock.calls).toEqual([[null, 'answer']])
})

test('a call that answers by a callback leaves no timer behind, and is late at its deadline', async () => {
  const done = jest.fn()
  callInTime(1000, (settle) => settle(null, 'answer'), done)
  expect(jest.getTimerCount()).toBe(0)
  callInTime(1000, () => undefined, done)
  await jest.advanceTimersByTimeAsync(999)
  expect(done.mock.calls).toEqual([[null, 'answer']])
  await jest.advanceTimersByTimeAsync(1)
  expect(done.mock.calls.slice(1)).toEqual([[expect.any(DeadlineError), null]])
})

test('a call that answers again, or too late, is answered for once', async () => {
  const done = jest.fn()
  let answer = (_error: unknown, _value?: string): void => undefined
  callInTime<string>(1000, (settle) => (answer = settle), done)
  answer(null, 'first')
  answer(null, 'second')
  callInTime<string>(1000, (settle) => (answer = settle), done)
  await jest.advanceTimersByTimeAsync(1000)
  answer(null, 'late')
  expect(done.mock.calls).toEqual([
    [null, 'first'],
    [expect.any(DeadlineError), null],
  ])
})
