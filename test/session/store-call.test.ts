import expressSession, { type SessionData } from 'express-session'
import { DeadlineError } from '../../src/deadline.js'
import { WxLoginError } from '../../src/errors.js'
import {
  disconnected,
  storeCall,
  StoreGuard,
  storeUnavailable,
} from '../../src/session/store-guard.js'

const unavailable = { code: 'WX_STORE_UNAVAILABLE', status: 503, action: 'retry' }

describe('storeUnavailable', () => {
  test.each<[string, unknown, string]>([
    [
      'a late answer',
      new DeadlineError('no answer within 5 ms'),
      'the session store gave no answer within 5 ms',
    ],
    ['an error', new RangeError('canary'), 'the session store failed: RangeError'],
    [
      'an error with a code',
      Object.assign(new Error('canary'), { code: 'ECONNREFUSED' }),
      'the session store failed: Error ECONNREFUSED',
    ],
    ['a string', 'canary', 'the session store failed: unknown error'],
    ['an object', { name: 'canary' }, 'the session store failed: unknown error'],
    ['undefined', undefined, 'the session store failed: unknown error'],
    ['null', null, 'the session store failed: unknown error'],
  ])('is one answer for %s, without its text', (_, error, reason) => {
    const made = storeUnavailable(error)
    expect(made).toMatchObject({ ...unavailable, reason })
    expect(made.cause).toBeUndefined()
    expect(String(made.stack)).not.toContain('canary')
  })

  test('leaves a WxLoginError as it is', () => {
    const error = new WxLoginError('WX_SESSION_MISSING')
    expect(storeUnavailable(error)).toBe(error)
  })

  test('is what a store known to be away gives', () => {
    expect(disconnected()).toMatchObject(unavailable)
  })
})

describe('storeCall', () => {
  test('gives what the store calls back with; nothing becomes null', async () => {
    await expect(storeCall(1000, (done) => done(null, { a: 1 }))).resolves.toEqual({ a: 1 })
    await expect(storeCall(1000, (done) => setImmediate(done, undefined, 5))).resolves.toBe(5)
    await expect(storeCall(1000, (done) => done())).resolves.toBeNull()
    await expect(storeCall(1000, (done) => done(null, null))).resolves.toBeNull()
  })

  test('is unavailable where the store calls back with an error or throws', async () => {
    await expect(storeCall(1000, (done) => done(new Error('x')))).rejects.toMatchObject(unavailable)
    await expect(
      storeCall(1000, () => {
        throw new TypeError('x')
      }),
    ).rejects.toMatchObject({ ...unavailable, reason: 'the session store failed: TypeError' })
  })

  test('is unavailable where the store never calls back', async () => {
    await expect(storeCall(10, () => undefined)).rejects.toMatchObject({
      ...unavailable,
      reason: 'the session store gave no answer within 10 ms',
    })
  })

  test('takes the first of two answers', async () => {
    await expect(
      storeCall(1000, (done) => {
        done(null, 1)
        done(new Error('again'))
      }),
    ).resolves.toBe(1)
  })
})

describe('a store', () => {
  const login = { v: 1, appid: 'wx1', openid: 'o', loginAt: 1, key: 'k', keyId: 'i' }
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
