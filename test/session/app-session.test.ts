import expressSession from 'express-session'
import { createAppSession } from '../../src/session/app-session.js'
import type { WxSessionRecord } from '../../src/session/record.js'
import { type Exchange, exchange, load } from './http.js'

// What requests over HTTP cannot show: the moments before the first request, and a store that goes away.

const record: WxSessionRecord = {
  ...{ v: 1, appid: 'wx1', openid: 'oAlice', loginAt: 1, key: 'k', keyId: 'i' },
}
const missing = expect.objectContaining({ code: 'WX_SESSION_MISSING', status: 500 }) as Error
const unavailable = expect.objectContaining({ code: 'WX_STORE_UNAVAILABLE', status: 503 }) as Error

const middleware = (
  store: expressSession.Store,
  cookie: expressSession.CookieOptions = {},
): ((made: Exchange) => Promise<Exchange>) => {
  const session = expressSession({
    ...{ secret: 'x', store, resave: false, saveUninitialized: false, cookie },
  })
  return (made) =>
    new Promise((resolve, reject) => {
      session(made.req as never, made.res as never, (error?: unknown) => {
        if (error) reject(error)
        else resolve(made)
      })
    })
}

describe('before any request', () => {
  test('the store is not known, and what needs it says so', async () => {
    const host = createAppSession(1000)
    for (const operation of [() => host.alive(['a']), () => host.destroy(['a'])]) {
      await expect(operation()).rejects.toEqual(missing)
      await expect(operation()).rejects.toThrow(/known from the first request on/)
    }
  })

  test('a request that no express-session has seen is a mistake of the set-up', async () => {
    const host = createAppSession(1000)
    const made = exchange()
    await expect(load(host, made)).resolves.toEqual({ record: null, failure: missing })
    expect(() => host.prepare(made.req)).toThrow(missing)
  })
})

test('a session that no store keeps is a mistake of the set-up, and not of express-session', async () => {
  const host = createAppSession(1000)
  const made = exchange()
  made.req.session = { id: 'a' } as never
  const { failure } = await load(host, made)
  expect(failure).toEqual(missing)
  expect(failure!.message).toMatch(/is not of express-session.*#no-session$/)
})

describe('a store that goes away', () => {
  test('is 503, not a mistake of the set-up, once it has been seen', async () => {
    const store = new expressSession.MemoryStore()
    const session = middleware(store)
    const host = createAppSession(1000)
    await expect(load(host, await session(exchange()))).resolves.toEqual({ record: null })
    store.emit('disconnect')
    const made = await session(exchange())
    expect(made.req.session).toBeUndefined()
    await expect(load(host, made)).resolves.toEqual({ record: null, failure: unavailable })
    expect(() => host.prepare(made.req)).toThrow(unavailable)
  })

  test('is 503 for every operation, at its deadline where it hangs', async () => {
    const store = new expressSession.MemoryStore()
    const host = createAppSession(10)
    const { req, res } = await middleware(store)(exchange())
    host.prepare(req)
    for (const method of ['get', 'set', 'destroy'] as const) {
      jest.spyOn(store, method).mockImplementation(() => undefined)
    }
    const made = host.make(req, res, record, null)
    for (const operation of [
      () => made.save(),
      () => host.save(req),
      () => host.end(req, res),
      () => host.alive(['a']),
      () => host.destroy(['a']),
    ]) {
      await expect(operation()).rejects.toEqual(unavailable)
    }
  })
})

test('a store that is slow but in time is waited for', async () => {
  const store = new expressSession.MemoryStore()
  const host = createAppSession(5000)
  const { req, res } = await middleware(store)(exchange())
  for (const method of ['get', 'set', 'destroy'] as const) {
    const own = store[method].bind(store) as (...args: unknown[]) => void
    jest.spyOn(store, method).mockImplementation((...args: unknown[]) => {
      setTimeout(() => {
        own(...args)
      }, 30)
    })
  }
  const made = host.make(req, res, record, null)
  await made.save()
  await host.save(req)
  await expect(host.alive([made.sid])).resolves.toEqual([true])
  await host.end(req, res)
  await expect(host.alive([made.sid])).resolves.toEqual([false])
})

describe('a new session', () => {
  test('takes the place of the one on the request, and gives it back where it is abandoned', async () => {
    const store = new expressSession.MemoryStore()
    const host = createAppSession(1000)
    const { req, res } = await middleware(store)(exchange())
    const before = { session: req.session, id: host.prepare(req) }
    const made = host.make(req, res, record, { name: 'x' })
    expect(made.token).toBeNull()
    expect(req.sessionID).toBe(made.sid)
    expect(req.session).toMatchObject({ wx: record, wxUser: { name: 'x' } })
    made.deliver()
    made.abandon()
    expect(req.session).toBe(before.session)
    expect(req.sessionID).toBe(before.id)
    await expect(host.alive([made.sid])).resolves.toEqual([false])
  })

  test.each([
    // Once a process: what is not warned of comes first.
    ['is not warned of where its cookie was sent', true, ['connect.sid=x'], 0],
    ['is not warned of where that need not be secure', false, [], 0],
    ['is warned of where it has to be and was left out', true, [], 1],
  ])('%s', async (_, secure, cookies, times) => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
    const host = createAppSession(1000)
    const made = await middleware(new expressSession.MemoryStore(), { secure })(exchange())
    host.make(made.req, made.res, record, null).deliver()
    if (cookies.length > 0) made.res.setHeader('set-cookie', cookies)
    made.res.emit('finish')
    expect(warn).toHaveBeenCalledTimes(times)
    warn.mockRestore()
  })

  test('is alive once it is saved, and loads', async () => {
    const store = new expressSession.MemoryStore()
    const host = createAppSession(1000)
    const { req, res } = await middleware(store)(exchange())
    const made = host.make(req, res, record, null)
    await made.save()
    await expect(host.alive([made.sid, 'other'])).resolves.toEqual([true, false])
    expect(req.session).not.toHaveProperty('wxUser')
    const loaded = await new Promise((resolve) => {
      host.load(req, res, resolve)
    })
    expect(loaded).toEqual({ record, sid: made.sid, slot: req.session })
    await host.destroy([made.sid])
    await expect(host.alive([made.sid])).resolves.toEqual([false])
  })

  test('is written when that is asked for, but not once it has ended', async () => {
    const store = new expressSession.MemoryStore()
    const host = createAppSession(1000)
    const { req, res } = await middleware(store)(exchange())
    const made = host.make(req, res, record, null)
    await made.save()
    const set = jest.spyOn(store, 'set')
    await host.save(req)
    expect(set).toHaveBeenCalledTimes(1)
    await host.destroy([made.sid])
    await expect(host.save(req)).rejects.toMatchObject({ code: 'WX_SESSION_REQUIRED' })
    expect(req.session).toBeUndefined()
    expect(set).toHaveBeenCalledTimes(1)
  })
})

test.each<[string, expressSession.CookieOptions, number]>([
  ['a cookie with an end', { maxAge: 90_500 }, 90],
  ['a cookie without one, which ends with the day of the store', {}, 86_400],
])('expiresIn is what is left of %s', async (_, cookie, seconds) => {
  const host = createAppSession(1000)
  const { req } = await middleware(new expressSession.MemoryStore(), cookie)(exchange())
  expect(host.expiresIn(record, req)).toBeLessThanOrEqual(seconds)
  expect(host.expiresIn(record, req)).toBeGreaterThan(seconds - 60)
})

test('authenticate says that there are no tokens to read', async () => {
  const asked = createAppSession(1000).authenticate(exchange().req)
  await expect(asked).rejects.toEqual(missing)
  await expect(asked).rejects.toThrow(/^authenticate\(\) reads tokens .*`session: \{ secret \}`/)
})
