import expressSession, { MemoryStore, type SessionData } from 'express-session'
import { StoreGuard } from '../../src/session/store-guard.js'

const session = { cookie: { originalMaxAge: 60_000 } } as unknown as SessionData

type Done<T> = (error?: unknown, value?: T) => void
const called = <T>(call: (done: Done<T>) => void): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

const unavailable = { code: 'WX_STORE_UNAVAILABLE' }

describe('a guarded store', () => {
  it('does what the store does', async () => {
    const store = new StoreGuard(new MemoryStore(), { timeout: 1000 })
    await called((done) => store.set('a', session, done))
    await called((done) => store.touch('a', session, () => done()))
    await expect(called<SessionData | null>((done) => store.get('a', done))).resolves.toEqual(
      session,
    )
    await called((done) => store.destroy('a', done))
    expect(await called<SessionData | null>((done) => store.get('a', done))).toBeNull()
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

  it('touches nothing where the store cannot', async () => {
    const inner = new MemoryStore()
    Object.defineProperty(inner, 'touch', { value: undefined })
    const store = new StoreGuard(inner, { timeout: 10 })
    await called((done) => store.touch('a', session, () => done()))
    store.touch('a', session)
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
