import expressSession, { type SessionData, Store } from 'express-session'
import { DeadlineStore } from '../../src/session/deadline-store.js'

const session = { cookie: { originalMaxAge: 60_000 }, wxUser: 'u' } as unknown as SessionData
const onTouchError = jest.fn()
beforeEach(() => {
  onTouchError.mockClear()
})
const over = (inner: Store, timeout = 5000): DeadlineStore =>
  new DeadlineStore(inner, timeout, onTouchError)

/** What a method called back with. */
const called = (call: (done: (...args: unknown[]) => void) => void): Promise<unknown[]> =>
  new Promise((resolve) => {
    call((...args) => resolve(args))
  })

/** A store in which every method answers as it is told; `touch` is left out on demand. */
function storeThat(
  answer: (done?: (error?: unknown) => void) => void,
  { touch = true } = {},
): Store {
  const store = new Store() as Store & Record<string, unknown>
  const last = (...args: unknown[]): void => answer(args.at(-1) as (error?: unknown) => void)
  Object.assign(store, { get: last, set: last, destroy: last, ...(touch && { touch: last }) })
  return store
}
const hanging = storeThat(() => undefined)
const failing = storeThat((done) => done?.(new Error('away')))
const throwing = storeThat(() => {
  throw new Error('away')
})

const operations: [string, (store: Store, done: (...args: unknown[]) => void) => void][] = [
  ['get', (store, done) => store.get('a', done)],
  ['set', (store, done) => store.set('a', session, done)],
  ['destroy', (store, done) => store.destroy('a', done)],
]

test('a session passes through as it is', async () => {
  const store = over(new expressSession.MemoryStore())
  await called((done) => store.set('a', session, done))
  const [error, found] = await called((done) => store.get('a', done))
  expect([error ?? null, found]).toEqual([null, session])
  await called((done) => store.touch('a', session, done))
  await called((done) => store.destroy('a', done))
  const [, gone] = await called((done) => store.get('a', done))
  expect(gone ?? null).toBeNull()
  expect(onTouchError).not.toHaveBeenCalled()
})

test.each(operations)('%s ends at the deadline where the store hangs', async (_, operation) => {
  await expect(called((done) => operation(over(hanging, 10), done))).resolves.toEqual([
    expect.objectContaining({ name: 'DeadlineError', message: 'no answer within 10 ms' }),
  ])
})

test.each(operations)('%s fails as the store fails, by callback or by exception', async (_, operation) => {
  for (const store of [failing, throwing]) {
    await expect(called((done) => operation(over(store), done))).resolves.toEqual([
      expect.objectContaining({ message: 'away' }),
    ])
  }
})

test('a touch that fails or hangs does not fail the request, and is told', async () => {
  for (const [store, message] of [
    [failing, 'away'],
    [throwing, 'away'],
    [hanging, 'no answer within 10 ms'],
  ] as const) {
    onTouchError.mockClear()
    await expect(called((done) => over(store, 10).touch('a', session, done))).resolves.toEqual([])
    expect(onTouchError.mock.calls).toEqual([[expect.objectContaining({ message })]])
  }
})

test('a store without touch is not asked for one', async () => {
  const without = storeThat(() => undefined, { touch: false })
  await expect(called((done) => over(without).touch('a', session, done))).resolves.toEqual([])
  expect(onTouchError).not.toHaveBeenCalled()
})

test('nobody has to wait for an answer', async () => {
  for (const inner of [new expressSession.MemoryStore(), failing, throwing, hanging]) {
    const store = over(inner, 5)
    store.set('a', session)
    store.touch('a', session)
    store.destroy('a')
  }
  // Nor is an answer that nobody waits for an unhandled rejection.
  await called((done) => over(hanging, 20).get('a', done))
})

test('connect and disconnect of the store are heard', () => {
  const inner = new expressSession.MemoryStore()
  const store = over(inner)
  const heard: string[] = []
  for (const event of ['connect', 'disconnect']) store.on(event, () => heard.push(event))
  for (const event of ['disconnect', 'connect']) inner.emit(event)
  expect(heard).toEqual(['disconnect', 'connect'])
})
