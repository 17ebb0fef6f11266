import expressSession, { MemoryStore, type SessionData } from 'express-session'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  assertAlive,
  slideStep,
  StoreGuard,
  type StoreGuardOptions,
} from '../../src/session/store-guard.js'

const session = { cookie: { originalMaxAge: 60_000 } } as unknown as SessionData

type Done<T> = (error?: unknown, value?: T) => void
const called = <T>(call: (done: Done<T>) => void): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

const unavailable = { code: 'WX_STORE_UNAVAILABLE' }
const login = { v: 1, appid: 'wx1', openid: 'o', loginAt: 1, key: 'k', keyId: 'i' }

describe('a guarded store', () => {
  it('does what the store does', async () => {
    const failed = jest.fn()
    const told = { onFailure: failed, onTouchError: failed }
    const store = new StoreGuard(new MemoryStore(), { timeout: 1000, ...told })
    await called((done) => store.set('a', session, done))
    await called((done) => store.touch('a', session, () => done()))
    await expect(called<SessionData | null>((done) => store.get('a', done))).resolves.toEqual(
      session,
    )
    await called((done) => store.destroy('a', done))
    expect(await called<SessionData | null>((done) => store.get('a', done))).toBeNull()
    expect(failed).not.toHaveBeenCalled()
  })

  it('says WX_STORE_UNAVAILABLE for the store’s own errors', async () => {
    const inner = new MemoryStore()
    const broken = new Error('disk')
    inner.get = (_sid, done) => done(broken)
    const store = new StoreGuard(inner, { timeout: 1000 })
    await expect(called((done) => store.get('a', done as never))).rejects.toMatchObject(unavailable)
  })

  it('and for what the store throws instead of calling back', async () => {
    const inner = new MemoryStore()
    const broken = new Error('disk')
    for (const method of ['get', 'set', 'destroy', 'touch'] as const) {
      jest.spyOn(inner, method).mockImplementation(() => {
        throw broken
      })
    }
    const failed = jest.fn()
    const store = new StoreGuard(inner, { timeout: 1000, onTouchError: failed })
    await expect(called((done) => store.get('a', done as never))).rejects.toMatchObject(unavailable)
    await expect(called((done) => store.set('a', session, done))).rejects.toMatchObject(unavailable)
    await expect(called((done) => store.destroy('a', done))).rejects.toMatchObject(unavailable)
    await called((done) => store.touch('a', session, () => done()))
    expect(failed.mock.calls).toEqual([[broken]])
  })

  it('gives up operations of a store that hangs', async () => {
    const inner = new (class extends expressSession.Store {
      get = (): void => undefined
      set = (): void => undefined
      destroy = (): void => undefined
    })()
    const store = new StoreGuard(inner, { timeout: 10 })
    await expect(called((done) => store.get('a', done as never))).rejects.toMatchObject(unavailable)
    await expect(called((done) => store.set('a', session, done))).rejects.toMatchObject(unavailable)
    await expect(called((done) => store.destroy('a', done))).rejects.toMatchObject(unavailable)
    store.destroy('nobody waits')
  })

  it('reports a touch that failed, and lets the request go on', async () => {
    const failed = jest.fn()
    const inner = new MemoryStore()
    inner.touch = () => undefined
    const store = new StoreGuard(inner, { timeout: 10, onTouchError: failed })
    await called((done) => store.touch('a', session, () => done()))
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ name: 'DeadlineError' }))
    store.touch('a', session)
  })

  it('touches nothing where the store cannot, and that is no failure', async () => {
    const inner = new MemoryStore()
    Object.defineProperty(inner, 'touch', { value: undefined })
    const failed = jest.fn()
    const store = new StoreGuard(inner, { timeout: 10, onTouchError: failed, onFailure: failed })
    await called((done) => store.touch('a', session, () => done()))
    store.touch('a', session)
    expect(failed).not.toHaveBeenCalled()
  })

  it('is read all the same where the store cannot be told that a session is in use', async () => {
    const inner = new MemoryStore()
    Object.defineProperty(inner, 'touch', { value: undefined })
    inner.set('a', session)
    const store = new StoreGuard(inner, { timeout: 1000 })
    await expect(called((done) => store.fetch('a', done as never))).resolves.toEqual(session)
  })

  it('tells the store that a session without an end is in use, and gives it none', async () => {
    const inner = new MemoryStore()
    const touch = jest.spyOn(inner, 'touch')
    const endless = { cookie: { originalMaxAge: null } } as unknown as SessionData
    inner.set('a', endless)
    const store = new StoreGuard(inner, { timeout: 1000 })
    await expect(called((done) => store.fetch('a', done as never))).resolves.toEqual(endless)
    expect(
      touch.mock.calls.map(([, { cookie }]) => [cookie.maxAge, cookie.originalMaxAge]),
    ).toEqual([[null, null]])
  })

  it('says when the store loses and finds its connection', () => {
    const inner = new MemoryStore()
    const store = new StoreGuard(inner, { timeout: 10 })
    const heard: string[] = []
    store.on('disconnect', () => heard.push('disconnect'))
    store.on('connect', () => heard.push('connect'))
    inner.emit('disconnect')
    inner.emit('connect')
    expect(heard).toEqual(['disconnect', 'connect'])
  })
})

describe('a store', () => {
  const cookie = { originalMaxAge: 60_000 }
  const store = new expressSession.MemoryStore()
  const guard = new StoreGuard(store, { timeout: 1000 })
  const put = (sid: string, session: object): void => store.set(sid, session as SessionData)

  test('tells which sessions hold a login', async () => {
    put('a', { cookie, wx: login })
    put('b', { cookie })
    put('c', { cookie, wx: { ...login, v: 2 } })
    await expect(guard.alive(['a', 'b', 'c', 'gone'])).resolves.toEqual([true, false, false, false])
    await expect(guard.alive([])).resolves.toEqual([])
  })

  test('ends the sessions named, those that are gone already among them', async () => {
    for (const sid of ['a', 'b', 'c']) put(sid, { cookie, wx: login })
    await guard.remove(['a', 'gone', 'c'])
    await guard.remove([])
    await expect(guard.alive(['a', 'b', 'c'])).resolves.toEqual([false, true, false])
  })

  test('that fails for one session fails the whole', async () => {
    const failing = new (class extends expressSession.Store {
      destroy = (sid: string, done?: (error?: unknown) => void): void =>
        done?.(sid === 'b' ? new Error('x') : undefined)
      get = (sid: string, done: (error: unknown) => void): void =>
        done(sid === 'b' ? new Error('x') : null)
      set = (): void => undefined
    })()
    const failed = new StoreGuard(failing, { timeout: 1000 })
    await expect(failed.alive(['a', 'b'])).rejects.toMatchObject(unavailable)
    await expect(failed.remove(['a', 'b'])).rejects.toMatchObject(unavailable)
  })
})

/** A guarded store, as it is and as it answers `get`. */
function guarded(options: Partial<StoreGuardOptions> = {}, answer?: (done: Done<unknown>) => void) {
  const inner = new MemoryStore()
  if (answer) jest.spyOn(inner, 'get').mockImplementation((_sid, done) => answer(done as never))
  const destroy = jest.spyOn(inner, 'destroy')
  const touch = jest.spyOn(inner, 'touch')
  const guard = new StoreGuard(inner, { timeout: 1000, ...options })
  return { inner, guard, destroy, touch }
}

describe('a record that is no session', () => {
  const answers: [string, (done: Done<unknown>) => void][] = [
    ['text that is no JSON', (done) => done(new SyntaxError('x'))],
    ['a number', (done) => done(null, 5)],
    ['one without a cookie', (done) => done(null, { wx: login })],
    ['one whose cookie is null', (done) => done(null, { cookie: null })],
    ['one whose cookie is a string', (done) => done(null, { cookie: 'x' })],
    ['one with a lifetime that is text', (done) => done(null, { cookie: { maxAge: 'x' } })],
    ['one with a lifetime without end', (done) => done(null, { cookie: { maxAge: Infinity } })],
    ['one of no number', (done) => done(null, { cookie: { originalMaxAge: NaN } })],
  ]

  it.each(answers)('is none, and is dropped: %s', async (_, answer) => {
    const t = guarded({}, answer)
    await expect(t.guard.read('a')).resolves.toBeNull()
    expect(t.destroy.mock.calls.map(([sid]) => sid)).toEqual(['a'])
  })

  it('is a failure where it cannot be dropped', async () => {
    const t = guarded({}, (done) => done(null, 5))
    t.destroy.mockImplementation((_sid, done) => done?.(new Error('away')))
    await expect(t.guard.read('a')).rejects.toMatchObject(unavailable)
  })

  it('is what the store itself says that no retry will read', async () => {
    const wrong = new Error('WRONGTYPE')
    const t = guarded({ unreadable: (error) => error === wrong }, (done) => done(wrong))
    await expect(t.guard.read('a')).resolves.toBeNull()
    expect(t.destroy).toHaveBeenCalledTimes(1)
  })

  it('is none of those with a lifetime that is a number, null or missing', async () => {
    for (const cookie of [{}, { originalMaxAge: null, maxAge: null }, { maxAge: 5 }]) {
      const t = guarded({}, (done) => done(null, { cookie }))
      await expect(t.guard.read('a')).resolves.toEqual({ cookie })
      expect(t.destroy).not.toHaveBeenCalled()
    }
  })

  it('is no session that is not there, for which nothing is done', async () => {
    const t = guarded()
    await expect(t.guard.read('a')).resolves.toBeNull()
    expect(t.destroy).not.toHaveBeenCalled()
  })
})

describe('a login that is older than absoluteTtl', () => {
  const logged = (secondsAgo: number): object => ({
    cookie: { originalMaxAge: 60_000 },
    wx: { ...login, loginAt: 1_800_000_000_000 - secondsAgo * 1000 },
  })
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000)
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })

  it('is none, and is dropped', async () => {
    for (const [seconds, kept] of [
      [599, true],
      [600, true],
      [601, false],
    ] as const) {
      const t = guarded({ absoluteTtl: 600 }, (done) => done(null, logged(seconds)))
      expect((await t.guard.read('a')) !== null).toBe(kept)
      expect(t.destroy).toHaveBeenCalledTimes(kept ? 0 : 1)
    }
  })

  it('is one for ever where there is no absoluteTtl', async () => {
    const t = guarded({}, (done) => done(null, logged(1e9)))
    await expect(t.guard.read('a')).resolves.toEqual(logged(1e9))
  })
})

describe('the session of a request', () => {
  const fetched = (guard: StoreGuard): Promise<unknown> =>
    new Promise((resolve) => {
      guard.fetch('a', (error, found) => resolve(error ?? found))
    })

  it.each([
    [7200, 60_000],
    [600, 30_000],
    [undefined, 60_000],
  ])(
    'is told to the store as in use, once in a step, to which its end is added: ttl %j',
    async (ttl, step) => {
      const t = guarded(ttl === undefined ? {} : { ttl })
      t.inner.set('a', session)
      const now = jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000)
      const ends: number[] = []
      t.touch.mockImplementation((_sid, { cookie }, done) => {
        ends.push(cookie.expires!.getTime() - Date.now(), cookie.originalMaxAge!)
        done?.()
      })
      await fetched(t.guard)
      await fetched(t.guard)
      expect(ends).toEqual([60_000 + step, 60_000])
      now.mockReturnValue(1_800_000_000_000 + step)
      await fetched(t.guard)
      expect(ends).toHaveLength(4)
      now.mockRestore()
    },
  )

  it('is not told of where there is none, or where it cannot be read', async () => {
    const none = guarded()
    await expect(fetched(none.guard)).resolves.toBeNull()
    const failing = guarded({}, (done) => done(new Error('away')))
    await expect(fetched(failing.guard)).resolves.toMatchObject(unavailable)
    expect([...none.touch.mock.calls, ...failing.touch.mock.calls]).toEqual([])
  })

  it('is extended by the store itself as it is read, where it can do that', async () => {
    const t = guarded()
    const sliding = Object.assign(t.inner, {
      getAndExtend: jest.fn((_sid: string, done: Done<SessionData>) => done(null, session)),
    })
    await expect(fetched(t.guard)).resolves.toEqual(session)
    expect(sliding.getAndExtend.mock.calls.map(([sid]) => sid)).toEqual(['a'])
    expect(t.touch).not.toHaveBeenCalled()
    // To read is not to use.
    await expect(t.guard.read('a')).resolves.toBeNull()
    expect(sliding.getAndExtend).toHaveBeenCalledTimes(1)
  })

  it('cannot have its login changed', () => {
    const { guard } = guarded()
    const made = guard.createSession({} as never, { ...session, wx: { ...login } } as never)
    expect(() => Object.assign(made, { wx: 5 })).toThrow(TypeError)
    expect(() => Object.assign(made.wx!, { openid: 'x' })).toThrow(TypeError)
    expect(Reflect.deleteProperty(made, 'wx')).toBe(false)
    expect(made.wx).toEqual(login)
    const other = guard.createSession({} as never, { ...session } as never)
    expect(Object.assign(other, { n: 1 })).toMatchObject({ n: 1 })
    expect(other).not.toHaveProperty('wx')
  })
})

test('a lifetime slides by a twentieth of it, and by a minute at most', () => {
  expect([10, 1200, 1201, 604_800].map(slideStep)).toEqual([500, 60_000, 60_000, 60_000])
})

describe('an operation that fails', () => {
  const broken = new Error('broken')
  const operations: [string, (guard: StoreGuard) => void][] = [
    ['get', (guard) => void guard.read('a').catch(() => undefined)],
    ['set', (guard) => guard.set('a', session)],
    ['destroy', (guard) => guard.destroy('a')],
    ['touch', (guard) => guard.touch('a', session)],
  ]
  const told: unknown[] = []
  const hear = (message: unknown): void => void told.push(message)
  beforeEach(() => {
    told.length = 0
    subscribe('express-wx-login:store:failed', hear)
  })
  afterEach(() => {
    unsubscribe('express-wx-login:store:failed', hear)
  })

  it.each(operations)('is told by its name: %s', (operation, call) => {
    const inner = new MemoryStore()
    jest.spyOn(inner, operation as 'get').mockImplementation(() => {
      throw broken
    })
    const onFailure = jest.fn()
    call(new StoreGuard(inner, { timeout: 1000, onFailure }))
    expect(told).toEqual([{ operation, late: false }])
    expect(onFailure).toHaveBeenCalledTimes(1)
  })

  it('is told as late where there is no answer', async () => {
    const t = guarded({ timeout: 5 }, () => undefined)
    await expect(t.guard.read('a')).rejects.toMatchObject(unavailable)
    expect(told).toEqual([{ operation: 'get', late: true }])
  })

  it('is not told of where it is the record that is broken, or where all is well', async () => {
    const t = guarded({ onFailure: () => undefined }, (done) => done(new SyntaxError('x')))
    await t.guard.read('a')
    await guarded().guard.read('a')
    expect(told).toEqual([])
  })
})

describe('assertAlive', () => {
  const ended = {
    code: 'WX_SESSION_REQUIRED',
    status: 401,
    reason: 'the session ended during the request',
  }

  it('lets a session through that is still there', async () => {
    const t = guarded({}, (done) => done(null, session))
    const req = { session: {}, sessionID: 'a' }
    await assertAlive(t.guard, req)
    expect(req.session).toEqual({})
  })

  it.each<[string, { session?: unknown; sessionID?: string }]>([
    ['that has ended', { session: {}, sessionID: 'a' }],
    ['that is off the request', { sessionID: 'b' }],
    ['without an id, of which the store is not asked', { session: {} }],
  ])('refuses a session %s, and takes it off the request', async (_, req) => {
    const t = guarded()
    t.inner.set('b', session)
    const get = jest.spyOn(t.inner, 'get')
    await expect(assertAlive(t.guard, req)).rejects.toMatchObject(ended)
    expect(req).not.toHaveProperty('session')
    expect(get).toHaveBeenCalledTimes(req.sessionID === 'a' ? 1 : 0)
  })
})
