import expressSession, { MemoryStore, type SessionData, type Store } from 'express-session'
import { DeadlineError } from '../../src/deadline.js'
import { DeadlineStore } from '../../src/session/deadline-store.js'

const session = { cookie: { originalMaxAge: 60_000 } } as unknown as SessionData

type Done<T> = (error?: unknown, value?: T) => void
const called = <T>(call: (done: Done<T>) => void): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error as Error) : resolve(value)))
  })

describe('a store with a deadline', () => {
  it('does what the store does', async () => {
    const store = new DeadlineStore(new MemoryStore(), 1000, () => undefined)
    await called((done) => store.set('a', session, done))
    await called((done) => store.touch('a', session, () => done()))
    await expect(called<SessionData | null>((done) => store.get('a', done))).resolves.toEqual(
      session,
    )
    await called((done) => store.destroy('a', done))
    expect(await called<SessionData | null>((done) => store.get('a', done))).toBeUndefined()
  })

  it('passes the store’s own errors on', async () => {
    const inner = new MemoryStore()
    const broken = new Error('disk')
    inner.get = (_sid, done) => done(broken)
    const store = new DeadlineStore(inner, 1000, () => undefined)
    await expect(called((done) => store.get('a', done as never))).rejects.toBe(broken)
  })

  it('gives up operations of a store that hangs', async () => {
    const inner = new (class extends expressSession.Store {
      get = (): void => undefined
      set = (): void => undefined
      destroy = (): void => undefined
    })()
    const store = new DeadlineStore(inner as Store, 10, () => undefined)
    await expect(called((done) => store.get('a', done as never))).rejects.toThrow(DeadlineError)
    await expect(called((done) => store.set('a', session, done))).rejects.toThrow(DeadlineError)
    await expect(called((done) => store.destroy('a', done))).rejects.toThrow(DeadlineError)
    store.destroy('nobody waits')
  })

  it('reports a touch that failed, and lets the request go on', async () => {
    const failed = jest.fn()
    const inner = new MemoryStore()
    inner.touch = () => undefined
    const store = new DeadlineStore(inner, 10, failed)
    await called((done) => store.touch('a', session, () => done()))
    expect(failed).toHaveBeenCalledWith(expect.any(DeadlineError))
    store.touch('a', session)
  })

  it('touches nothing where the store cannot', async () => {
    const inner = new MemoryStore()
    Object.defineProperty(inner, 'touch', { value: undefined })
    const store = new DeadlineStore(inner, 10, () => undefined)
    await called((done) => store.touch('a', session, () => done()))
    store.touch('a', session)
  })

  it('says when the store loses and finds its connection', () => {
    const inner = new MemoryStore()
    const store = new DeadlineStore(inner, 10, () => undefined)
    const heard: string[] = []
    store.on('disconnect', () => heard.push('disconnect'))
    store.on('connect', () => heard.push('connect'))
    inner.emit('disconnect')
    inner.emit('connect')
    expect(heard).toEqual(['disconnect', 'connect'])
  })
})
