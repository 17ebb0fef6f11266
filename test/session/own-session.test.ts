import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import expressSession, { type SessionData, type Store } from 'express-session'
import { createOwnSession, type OwnSessionOptions } from '../../src/session/own-session.js'
import type { WxSessionRecord } from '../../src/session/record.js'
import type { Loaded, SessionHost } from '../../src/session/session-host.js'
import { StoreGuard } from '../../src/session/store-guard.js'
import { createTokenCodec } from '../../src/session/token.js'
import type { WxCommonOptions, WxSessionOptions } from '../../src/option-types.js'
import { settingsOf } from '../../src/settings.js'
import { type Exchange, exchange, load } from './http.js'

// What requests over HTTP cannot show, or only with luck: events of the store, errors of every kind,
// what a request looks like while express-session has it.

const secret = 'a secret of thirty-two characters'
const record: WxSessionRecord = {
  v: 1,
  appid: 'wx1',
  openid: 'oAlice',
  loginAt: 1_800_000_000_000,
  key: 'v1.sealed',
  keyId: '0123abcd',
}
const codec = createTokenCodec([secret])
const sid = Buffer.alloc(24, 'alice').toString('base64url')
const token = codec.issue(sid)
const bearer = { Authorization: `Bearer ${token}` }
const unavailable = expect.objectContaining({
  code: 'WX_STORE_UNAVAILABLE',
  status: 503,
}) as unknown

interface Setup extends OwnSessionOptions {
  store?: Store
  options?: Omit<WxCommonOptions, 'session'>
  session?: Partial<WxSessionOptions>
}

function hostWith({
  store = new expressSession.MemoryStore(),
  options,
  session,
  ...more
}: Setup): SessionHost {
  const settings = settingsOf({
    ...{ appid: 'wx1', secret: 'x', ...options },
    session: { secret, ...session },
  })
  const guard = new StoreGuard(store, { timeout: settings.storeTimeout })
  return createOwnSession(settings, settings.session!, guard, more)
}

const stored = (more: object = {}): SessionData =>
  ({ cookie: { originalMaxAge: 60_000, path: '/' }, wx: record, ...more }) as unknown as SessionData

/** What a store in memory has under an id. */
function contentOf(store: expressSession.MemoryStore, id: string): unknown {
  const { sessions } = store as unknown as { sessions: Record<string, string> }
  return JSON.parse(sessions[id]!)
}

/** A store in memory that counts what it is asked, and answers `get` as it is told. */
class Told extends expressSession.MemoryStore {
  readonly asked: string[] = []
  constructor(
    readonly answer?: (done: (error: unknown, session?: SessionData | null) => void) => void,
  ) {
    super()
  }
  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.asked.push(`get ${id}`)
    if (this.answer) this.answer(done)
    else super.get(id, done)
  }
  override destroy(id: string, done?: (error?: unknown) => void): void {
    this.asked.push(`destroy ${id}`)
    super.destroy(id, done)
  }
}
const holding = (session: SessionData): Told => {
  const store = new Told()
  store.set(sid, session)
  return store
}

describe('a request with a token', () => {
  test('gets its session, its record and its user', async () => {
    const made = exchange(bearer)
    await expect(load(hostWith({ store: holding(stored({ wxUser: 5 })) }), made)).resolves.toEqual({
      record,
    })
    expect(made.req.sessionID).toBe(sid)
    expect(made.req.session).toMatchObject({ wx: record, wxUser: 5 })
  })

  test('costs the store nothing where the token is forged', async () => {
    const store = new Told()
    const host = hostWith({ store })
    for (const forged of [`${token}x`, codec.toCookie(token), sid, `${sid}.${'x'.repeat(43)}`]) {
      const made = exchange({ Authorization: `Bearer ${forged}` })
      await expect(load(host, made)).resolves.toEqual({ record: null })
      expect(made.req.session).toBeUndefined()
    }
    expect(store.asked).toEqual([])
  })

  test('gets its session on every path, whatever the path of the cookie', async () => {
    const host = hostWith({ store: holding(stored()), session: { cookie: { path: '/h5' } } })
    await expect(load(host, exchange(bearer, '/orders'))).resolves.toEqual({ record })
  })

  test('leaves no session on the request where there is none under it', async () => {
    const store = new Told()
    const made = exchange(bearer)
    await expect(load(hostWith({ store }), made)).resolves.toEqual({ record: null })
    expect([made.req.session, made.req.sessionID]).toEqual([undefined, undefined])
    expect(store.asked).toEqual([`get ${sid}`])
  })

  test.each([false, true])(
    'is told which session it has, and where that keeps the user (cookies: %j)',
    async (cookie) => {
      const store = holding(stored({ wxUser: { name: 'x' } }))
      const { req, res } = exchange(bearer)
      const host = hostWith({ store, options: { transport: { cookie } } })
      const loaded = await new Promise<Loaded>((resolve) => {
        host.load(req, res, resolve)
      })
      expect(loaded).toMatchObject({ record, sid, slot: { wxUser: { name: 'x' } } })
    },
  )

  test('whose session cannot be stored as the response ends is told of', async () => {
    const store = holding(stored())
    const told: unknown[] = []
    const { req, res } = exchange(bearer)
    await load(hostWith({ store, onLateError: (...what) => void told.push(what) }), { req, res })
    jest.spyOn(store, 'set').mockImplementation((_id, _session, done) => done?.(new Error('full')))
    Object.assign(req.session!, { n: 1 })
    res.end()
    expect(told).toEqual([[unavailable, req]])
    expect(res.writableEnded).toBe(false)
    await new Promise(setImmediate)
    expect(res.writableEnded).toBe(true)
  })
})

describe('where cookies are on, a request', () => {
  const options = { transport: { cookie: true } }
  type Parsed = ReturnType<typeof exchange>['req'] & { cookies?: unknown; signedCookies?: unknown }

  test('is shown to express-session with its token as a cookie, and looks as it came before and after', async () => {
    const store = holding(stored())
    const made = exchange({ ...bearer, Cookie: 'a=1' })
    const req = made.req as Parsed
    const before = {
      cookies: { a: '1', 'wx.sid': 'forged' },
      signed: { 'wx.sid': 'of-somebody-else' },
    }
    req.cookies = before.cookies
    req.signedCookies = before.signed
    const waiting = load(hostWith({ store, options }), made)
    // The store has not answered yet: the loan was for one call.
    const looksAsItCame = (): void => {
      expect(req.headers.cookie).toBe('a=1')
      expect(req.cookies).toBe(before.cookies)
      expect(req.signedCookies).toBe(before.signed)
    }
    looksAsItCame()
    await expect(waiting).resolves.toEqual({ record })
    looksAsItCame()
    expect(store.asked).toEqual([`get ${sid}`])
  })

  test('without cookies has none afterwards either, also where the store answers at once', async () => {
    const host = hostWith({ store: new Told((done) => done(null, stored())), options })
    const made = exchange(bearer)
    await expect(load(host, made)).resolves.toEqual({ record })
    expect('cookie' in made.req.headers).toBe(false)
    expect('cookies' in made.req || 'signedCookies' in made.req).toBe(false)
  })

  test('gets no session by what cookie-parser made of its cookies', async () => {
    const store = holding(stored())
    const made = exchange({ Cookie: 'a=1' })
    const req = made.req as Parsed
    req.cookies = { 'wx.sid': codec.toCookie(token) }
    req.signedCookies = { 'wx.sid': sid }
    await expect(load(hostWith({ store, options }), made)).resolves.toEqual({ record: null })
    expect(store.asked).toEqual([])
    expect(req.sessionID).not.toBe(sid)
  })

  test('keeps what the next handlers make of its cookies', async () => {
    const host = hostWith({ store: new Told((done) => done(null, stored())), options })
    const { req, res } = exchange({ ...bearer, Cookie: 'a=1' })
    host.load(req, res, () => {
      req.headers.cookie = 'a=2'
    })
    expect(req.headers.cookie).toBe('a=2')
  })
})

describe('where cookies are on, a token', () => {
  const options = { transport: { cookie: true } }

  test('whose session the store fails to read is 503, and ends no session', async () => {
    const store = new Told((done) => setImmediate(done, new Error('away')))
    const made = exchange(bearer)
    await expect(load(hostWith({ store, options }), made)).resolves.toEqual({
      record: null,
      failure: unavailable,
    })
    expect([made.req.session, made.req.sessionID]).toEqual([undefined, undefined])
    expect(store.asked).toEqual([`get ${sid}`])
  })

  test.each<[string, object]>([
    ['with a login of another format', { wx: { ...record, v: 2 } }],
    // As a store gives it whose database knows such numbers.
    ['that express-session can make nothing of', { count: 5n }],
  ])('has no session where it is one %s, which is dropped', async (_, more) => {
    const store = new Told((done) => setImmediate(done, null, stored(more)))
    const made = exchange(bearer)
    await expect(load(hostWith({ store, options }), made)).resolves.toEqual({ record: null })
    expect([made.req.session, made.req.sessionID]).toEqual([undefined, undefined])
    expect(store.asked).toEqual([`get ${sid}`, `destroy ${sid}`])
  })

  test('has no session outside the path of the cookie, and costs nothing there', async () => {
    const store = holding(stored())
    const host = hostWith({ store, options, session: { cookie: { path: '/h5' } } })
    const outside = exchange(bearer, '/orders')
    await expect(load(host, outside)).resolves.toEqual({ record: null })
    expect(outside.req.session).toBeUndefined()
    expect(store.asked).toEqual([])
    await expect(load(host, exchange(bearer, '/h5/orders'))).resolves.toEqual({ record })
  })
})

describe('a store that is known to be away', () => {
  test('is not asked until it says that it is back', async () => {
    const store = holding(stored())
    const host = hostWith({ store })
    store.emit('disconnect')
    await expect(load(host, exchange(bearer))).resolves.toEqual({
      record: null,
      failure: unavailable,
    })
    expect(() => host.prepare(exchange(bearer).req)).toThrow(unavailable as Error)
    await expect(host.authenticate(exchange(bearer).req)).rejects.toEqual(unavailable)
    expect(store.asked).toEqual([])
    store.emit('connect')
    await expect(load(host, exchange(bearer))).resolves.toEqual({ record })
    expect(host.prepare(exchange(bearer).req)).toBe(sid)
  })

  test('is not asked while its client is not ready', async () => {
    const store = holding(stored())
    let ready = false
    const host = hostWith({ store, ready: () => ready })
    await expect(load(host, exchange(bearer))).resolves.toEqual({
      record: null,
      failure: unavailable,
    })
    expect(store.asked).toEqual([])
    ready = true
    await expect(load(host, exchange(bearer))).resolves.toEqual({ record })
  })

  test.each([false, true])(
    'fails no request without a token, or with a forged one (cookies: %j)',
    async (cookie) => {
      const host = hostWith({ ready: () => false, options: { transport: { cookie } } })
      for (const headers of [{}, { Authorization: `Bearer ${token}x` }]) {
        await expect(load(host, exchange(headers))).resolves.toEqual({ record: null })
        await expect(host.authenticate(exchange(headers).req)).resolves.toBeNull()
      }
      const failed = { record: null, failure: unavailable }
      await expect(load(host, exchange(bearer))).resolves.toEqual(failed)
    },
  )

  test('is told of on the channel of outages, when it goes and when it is back', () => {
    const told: [string, unknown][] = []
    const channels = ['begin', 'end'].map((what) => `express-wx-login:store:outage:${what}`)
    const hear = (message: unknown, name: string | symbol): void => {
      told.push([String(name), message])
    }
    for (const name of channels) subscribe(name, hear)
    const store = new Told()
    hostWith({ store })
    store.emit('disconnect')
    store.emit('connect')
    for (const name of channels) unsubscribe(name, hear)
    expect(told).toEqual([
      [channels[0], { scope: 'all' }],
      [channels[1], { durationMs: expect.any(Number) as number }],
    ])
  })
})

describe('a store that fails', () => {
  test.each<[string, unknown]>([
    ['an error', new Error('away')],
    ['a TypeError, as fetch has for a network that is away', new TypeError('fetch failed')],
    ['an error with a code', Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    ['a string', 'away'],
  ])('is 503 and never "no session": %s', async (_, error) => {
    const store = new Told((done) => setImmediate(done, error))
    const made = exchange(bearer)
    await expect(load(hostWith({ store }), made)).resolves.toEqual({
      record: null,
      failure: unavailable,
    })
    expect(made.req.session).toBeUndefined()
    // And nobody's session ends because the store was away.
    expect(store.asked).toEqual([`get ${sid}`])
  })

  test.each<[string, unknown]>([
    ['an error', new Error('away')],
    ['a TypeError', new TypeError('fetch failed')],
  ])('is 503 outside Express too: %s', async (_, error) => {
    const store = new Told((done) => setImmediate(done, error))
    await expect(hostWith({ store }).authenticate(exchange(bearer).req)).rejects.toEqual(
      unavailable,
    )
  })

  test('is 503 outside Express where it never answers', async () => {
    const store = new Told(() => undefined)
    const host = hostWith({ store, options: { storeTimeout: 10 } })
    await expect(host.authenticate(exchange(bearer).req)).rejects.toEqual(unavailable)
  })
})

describe('a record that cannot be read', () => {
  test.each<[string, object]>([
    ['a session without a login', { wx: undefined }],
    ['a login of another format', { wx: { ...record, v: 2 } }],
    ['a login that is a string', { wx: 'x' }],
  ])('is no session, and is dropped: %s', async (_, more) => {
    const store = holding(stored(more))
    const made = exchange(bearer)
    await expect(load(hostWith({ store }), made)).resolves.toEqual({ record: null })
    expect(made.req.session).toBeUndefined()
    expect(store.asked).toEqual([`get ${sid}`, `destroy ${sid}`])
  })

  test.each<[string, Told]>([
    ['broken JSON', new Told((done) => setImmediate(done, new SyntaxError('canary')))],
    ['a number', new Told((done) => done(null, 5 as never))],
    ['a string', new Told((done) => done(null, 'x' as never))],
    ['no cookie', new Told((done) => done(null, { wx: record } as never))],
    [
      'a cookie that is null',
      new Told((done) => done(null, { wx: record, cookie: null } as never)),
    ],
    [
      'a cookie with a lifetime that is none',
      new Told((done) => done(null, stored({ cookie: { maxAge: 'long' } }))),
    ],
  ])('is no session, and is dropped: %s', async (_, store) => {
    const made = exchange(bearer)
    await expect(load(hostWith({ store }), made)).resolves.toEqual({ record: null })
    expect(made.req.session).toBeUndefined()
    expect(store.asked).toEqual([`get ${sid}`, `destroy ${sid}`])
  })

  test('is no session outside Express either', async () => {
    for (const found of [
      null,
      undefined,
      5,
      'x',
      [],
      {},
      { wx: {} },
      { wx: { ...record, v: 2 } },
    ]) {
      const store = new Told((done) => done(null, found as never))
      await expect(hostWith({ store }).authenticate(exchange(bearer).req)).resolves.toBeNull()
    }
    const broken = new Told((done) => done(new SyntaxError('x')))
    await expect(hostWith({ store: broken }).authenticate(exchange(bearer).req)).resolves.toBeNull()
  })

  test('that cannot be dropped either is still no session', async () => {
    const store = holding(stored({ wx: 'x' }))
    jest.spyOn(store, 'destroy').mockImplementation((_id, done) => done?.(new Error('away')))
    await expect(load(hostWith({ store }), exchange(bearer))).resolves.toEqual({ record: null })
    await new Promise(setImmediate)
  })
})

describe('another session on the request', () => {
  test('is a conflict, before anything else is looked at', async () => {
    const store = new Told()
    const host = hostWith({ store })
    const made = exchange(bearer)
    made.req.session = {} as never
    const conflict = expect.objectContaining({ code: 'WX_SESSION_CONFLICT', status: 500 }) as Error
    await expect(load(host, made)).resolves.toEqual({ record: null, failure: conflict })
    expect(() => host.prepare(made.req)).toThrow(conflict)
    expect(store.asked).toEqual([])
  })
})

describe('two tokens', () => {
  test('are refused wherever a token is read', async () => {
    const host = hostWith({})
    const made = exchange({ Authorization: `Bearer ${token}, Bearer other` })
    const refused = expect.objectContaining({
      ...{ code: 'WX_BAD_REQUEST', status: 400, message: 'Two different tokens in one request.' },
    }) as Error
    await expect(load(host, made)).resolves.toEqual({ record: null, failure: refused })
    expect(() => host.prepare(made.req)).toThrow(refused)
    await expect(host.authenticate(made.req)).rejects.toEqual(refused)
  })
})

describe('a new session', () => {
  test('has an id of its own, is not there before it is saved, and opens with its token', async () => {
    const store = new Told()
    const host = hostWith({ store })
    const { req, res } = exchange(bearer)
    const made = host.make(req, res, record, { name: 'x' })
    expect(made.sid).toMatch(/^[\w-]{32}$/)
    expect(made.sid).not.toBe(sid)
    await expect(host.alive([made.sid])).resolves.toEqual([false])
    await made.save()
    await expect(host.alive([made.sid])).resolves.toEqual([true])
    const again = exchange({ Authorization: `Bearer ${made.token!}` })
    await expect(host.authenticate(again.req)).resolves.toEqual({
      sid: made.sid,
      record,
      slot: { wxUser: { name: 'x' } },
    })
    // The request it was made in has the session it had: none.
    expect([req.session, req.sessionID]).toEqual([undefined, undefined])
    // Nor does a response carry it where cookies are off.
    made.deliver()
    expect(res.hasHeader('set-cookie')).toBe(false)
    made.abandon()
    await host.destroy([made.sid])
    await expect(host.authenticate(again.req)).resolves.toBeNull()
  })

  test.each([
    // Once a process: what is not warned of comes first.
    ['is not warned of', { cookie: true, tls: true, times: 0 }],
    ['is not warned of', { cookie: false, tls: false, times: 0 }],
    ['is not warned of', { cookie: false, tls: true, times: 0 }],
    ['is warned of, for no browser keeps it,', { cookie: true, tls: false, times: 1 }],
  ])('%s where cookie and connection are secure or not: %j', (_, { cookie, tls, times }) => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
    const host = hostWith({
      options: { transport: { cookie: true } },
      session: { cookie: { secure: cookie } },
    })
    const { req, res } = exchange()
    const sent = jest.fn()
    Object.assign(req, { secure: tls })
    Object.assign(res, { cookie: sent })
    const made = host.make(req, res, record, null)
    warn.mockClear()
    made.deliver()
    expect(sent.mock.calls).toEqual([
      ['wx.sid', codec.toCookie(made.token!), expect.objectContaining({ secure: cookie })],
    ])
    expect(warn).toHaveBeenCalledTimes(times)
    warn.mockRestore()
  })

  test('keeps no user where there is none', async () => {
    const store = new Told()
    const host = hostWith({ store })
    const { req, res } = exchange()
    const made = host.make(req, res, record, null)
    await made.save()
    expect(contentOf(store, made.sid)).not.toHaveProperty('wxUser')
  })

  test('has the whole lifetime, also where the clock goes on while it is made', async () => {
    const store = new Told()
    const host = hostWith({ store, session: { ttl: 60 } })
    const { req, res } = exchange()
    let now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => (now += 7))
    try {
      const made = host.make(req, res, record, null)
      await made.save()
      expect(contentOf(store, made.sid)).toMatchObject({ cookie: { originalMaxAge: 60_000 } })
    } finally {
      clock.mockRestore()
    }
  })

  test('cannot be made by another express-session on the same store', async () => {
    const store = new expressSession.MemoryStore()
    const host = hostWith({ store, session: { ttl: 60 } })
    expressSession({
      secret: 'x',
      store,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 1 },
    })
    const { req, res } = exchange()
    const made = host.make(req, res, record, null)
    await made.save()
    const { cookie } = contentOf(store, made.sid) as { cookie: { originalMaxAge: number } }
    expect(cookie.originalMaxAge).toBeGreaterThan(30_000)
  })

  test('is unavailable where the store fails to save it', async () => {
    const store = new Told()
    jest.spyOn(store, 'set').mockImplementation((_id, _session, done) => done?.(new Error('OOM')))
    const { req, res } = exchange()
    await expect(hostWith({ store }).make(req, res, record, null).save()).rejects.toEqual(
      unavailable,
    )
  })
})

describe('the session of a request', () => {
  const begin = async (store: Told): Promise<Exchange & { host: SessionHost }> => {
    const host = hostWith({ store })
    const made = exchange(bearer)
    await load(host, made)
    return { ...made, host }
  }

  test('is written when that is asked for', async () => {
    const store = holding(stored())
    const { req, host } = await begin(store)
    Object.assign(req.session!, { n: 1 })
    await host.save(req)
    expect(contentOf(store, sid)).toMatchObject({ wx: record, n: 1 })
  })

  test('is not written once it has ended, and is off the request then', async () => {
    const store = holding(stored())
    const { req, host } = await begin(store)
    Object.assign(req.session!, { n: 1 })
    store.destroy(sid)
    const ended = expect.objectContaining({ code: 'WX_SESSION_REQUIRED', status: 401 }) as unknown
    await expect(host.save(req)).rejects.toEqual(ended)
    expect(req.session).toBeUndefined()
    await expect(host.alive([sid])).resolves.toEqual([false])
    // Nor is there one to write on a request without.
    await expect(host.save(exchange().req)).rejects.toEqual(ended)
  })

  test('ends when that is asked for, and is off the request', async () => {
    const store = holding(stored())
    const { req, res, host } = await begin(store)
    await host.end(req, res)
    expect([req.session, req.sessionID]).toEqual([undefined, undefined])
    expect(store.asked).toContain(`destroy ${sid}`)
    expect(res.hasHeader('set-cookie')).toBe(false)
  })

  test('has not ended where the store fails to end it', async () => {
    const store = holding(stored())
    const { req, res, host } = await begin(store)
    jest.spyOn(store, 'destroy').mockImplementation((_id, done) => done?.(new Error('away')))
    await expect(host.end(req, res)).rejects.toEqual(unavailable)
  })
})

test('a session lives for ttl, but no longer than absoluteTtl after its login', () => {
  const host = hostWith({ session: { ttl: 600, absoluteTtl: 3600 } })
  const now = jest.spyOn(Date, 'now')
  const after = (seconds: number): number => {
    now.mockReturnValue(record.loginAt + seconds * 1000)
    return host.expiresIn(record, exchange().req)
  }
  expect([0, 3000, 3000.5, 3590, 3600, 5000].map(after)).toEqual([600, 600, 599, 10, 0, 0])
  now.mockRestore()
})
