import { IncomingMessage, type ServerResponse } from 'node:http'
import expressSession, { type Session, type SessionData } from 'express-session'
import { detachSession, LazySession, shareSession } from '../../src/session/lazy-session.js'
import { StoreGuard } from '../../src/session/store-guard.js'
import { exchange } from './http.js'

// `req.session` is held against express-session over HTTP in test/http/req-session.test.ts. Here is what only the store
// sees: what is written, when, and for how long a session lives afterwards.

const sid = 'session of alice'
const minute = 60_000
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString()

type Bag = Session & Record<string, unknown>

interface Setup {
  cookie?: object
  /** What else is in the session. */
  data?: object
}

/** A session that is stored, and a request that it stands on. */
function start(
  { cookie = { originalMaxAge: 10 * minute }, data = {} }: Setup = {},
  requests: object = IncomingMessage.prototype,
) {
  const store = new expressSession.MemoryStore()
  const session = JSON.parse(JSON.stringify({ cookie, ...data })) as SessionData
  store.set(sid, session)
  const set = jest.spyOn(store, 'set')
  const touch = jest.spyOn(store, 'touch')
  const { req, res } = exchange()
  Object.setPrototypeOf(req, requests)
  const tellLate = jest.fn()
  const guard = new StoreGuard(store, { timeout: 1000 })
  const lazy = new LazySession(sid, { req, res, store: guard, data: session, tellLate })
  lazy.attach()
  const { sessions } = store as unknown as { sessions: Record<string, string> }
  return {
    ...{ req, res, lazy, store, guard, set, touch, tellLate },
    session: () => req.session as Bag,
    stored: () => JSON.parse(sessions[sid]!) as SessionData & Record<string, unknown>,
  }
}

/** Ends a response, and waits for that. */
async function answer(res: ServerResponse): Promise<void> {
  res.end()
  for (let turn = 0; !res.writableEnded && turn < 100; turn++) await new Promise(setImmediate)
  expect(res.writableEnded).toBe(true)
}

const called = (call: (done: (error?: unknown) => void) => void): Promise<unknown> =>
  new Promise((resolve) => {
    call(resolve)
  })

describe('a session that was changed', () => {
  it('is stored before the response ends, and lives its whole lifetime from then on', async () => {
    const t = start({ cookie: { originalMaxAge: 10 * minute, expires: inMs(minute) } })
    t.session()['n'] = 1
    await answer(t.res)
    expect(t.set).toHaveBeenCalledTimes(1)
    const { n, cookie } = t.stored()
    expect(n).toBe(1)
    expect(new Date(cookie.expires!).getTime()).toBeGreaterThan(Date.now() + 5 * minute)
  })

  it('is not stored again where the app has saved it', async () => {
    const t = start()
    t.session()['n'] = 1
    await called((done) => void t.session().save(done))
    await answer(t.res)
    expect(t.set).toHaveBeenCalledTimes(1)
  })

  it('is not stored where the app has read it anew since, and is where it is changed after that', async () => {
    for (const again of [false, true]) {
      const t = start()
      t.session()['n'] = 1
      await called((done) => void t.session().reload(done))
      if (again) t.session()['m'] = 2
      await answer(t.res)
      expect(t.set).toHaveBeenCalledTimes(again ? 1 : 0)
      expect(t.stored()['m']).toBe(again ? 2 : undefined)
    }
  })

  it('is not written over what another request wrote, once it was read anew', async () => {
    const t = start()
    t.session()['n'] = 1
    t.store.set(sid, { cookie: { originalMaxAge: minute }, m: 2 } as never)
    t.set.mockClear()
    await called((done) => void t.session().reload(done))
    expect(t.session()['m']).toBe(2)
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })

  it('is stored where it could not be read anew, if it is still on the request', async () => {
    for (const on of [true, false]) {
      const t = start()
      const session = t.session()
      session['n'] = 1
      if (!on) delete t.req.session
      const get = jest.spyOn(t.store, 'get').mockImplementation((_id, done) => done(null, null))
      await expect(called((done) => void session.reload(done))).resolves.toMatchObject({
        message: 'failed to load session',
      })
      get.mockRestore()
      expect(t.req.session).toBe(on ? session : undefined)
      await answer(t.res)
      expect(t.set).toHaveBeenCalledTimes(on ? 1 : 0)
    }
  })

  it('is stored under its new id where it was made anew', async () => {
    const t = start()
    // Has the store make sessions.
    expressSession({ secret: 'x', store: t.guard, resave: false, saveUninitialized: false })
    const session = t.session()
    await called((done) => void session.regenerate(done))
    const { sessionID } = t.req
    expect(sessionID).not.toBe(sid)
    await answer(t.res)
    expect(t.set.mock.calls.map(([id]) => id)).toEqual([sessionID])
  })

  it('is not stored where the app has put something else in its place', async () => {
    for (const other of [null, {}, 'x']) {
      const t = start()
      t.session()['n'] = 1
      t.req.session = other as never
      await answer(t.res)
      expect(t.set).not.toHaveBeenCalled()
    }
  })

  it('holds back the one answer until it is stored, whose head is sent', async () => {
    const t = start()
    const end = jest.spyOn(t.res, 'end').mockReturnValue(t.res)
    t.session()['n'] = 1
    t.res.statusCode = 201
    expect(t.res.end('first')).toBe(t.res)
    expect(t.res.headersSent).toBe(true)
    t.res.statusCode = 500
    expect(t.res.end('second')).toBe(t.res)
    expect(end).not.toHaveBeenCalled()
    await new Promise(setImmediate)
    expect(end.mock.calls).toEqual([['first']])
  })

  it('is stored where the head of the answer was sent before', async () => {
    const t = start()
    t.session()['n'] = 1
    t.res.writeHead(200)
    await answer(t.res)
    expect(t.stored()['n']).toBe(1)
  })

  it('and cannot be stored makes the end of the answer throw, once', async () => {
    const t = start()
    t.session()['self'] = t.session()
    expect(() => t.res.end()).toThrow(/circular/)
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })

  it('that the store does not take is told of, and the response ends all the same', async () => {
    const t = start()
    t.set.mockImplementation((_id, _session, done) => done?.(new Error('full')))
    t.session()['n'] = 1
    await answer(t.res)
    expect(t.tellLate.mock.calls).toEqual([
      [expect.objectContaining({ code: 'WX_STORE_UNAVAILABLE' }), t.req],
    ])
  })

  it('that the store takes is told to nobody', async () => {
    const t = start()
    t.session()['n'] = 1
    await answer(t.res)
    expect(t.tellLate).not.toHaveBeenCalled()
  })

  it('is not stored without its id on the request, as with express-session', async () => {
    const t = start()
    t.session()['n'] = 1
    delete t.req.sessionID
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })

  it('is not stored after the response, also where that is ended twice', async () => {
    const t = start()
    await answer(t.res)
    t.session()['n'] = 1
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })
})

describe('a session that was not changed', () => {
  it('is not written, whether it is used or not', async () => {
    for (const use of [true, false]) {
      const t = start({ data: { n: 1, wxUser: { name: 'alice' } } })
      if (use) expect(t.session()['n']).toBe(1)
      expect(t.lazy.wxUser).toEqual({ name: 'alice' })
      await answer(t.res)
      expect([t.set.mock.calls, t.touch.mock.calls]).toEqual([[], []])
    }
  })

  it('is not written where the clock goes on while it is opened, and keeps its lifetime where it is', async () => {
    let now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => (now += 7))
    try {
      const t = start({ data: { n: 1 } })
      expect(t.session()['n']).toBe(1)
      await answer(t.res)
      expect([t.set.mock.calls, t.touch.mock.calls]).toEqual([[], []])
      const other = start({ data: { n: 1 } })
      other.session()['n'] = 2
      await answer(other.res)
      expect(other.stored().cookie.originalMaxAge).toBe(10 * minute)
    } finally {
      clock.mockRestore()
    }
  })

  it('is not written where its user was read before it was used', async () => {
    const t = start({ data: { wxUser: { name: 'alice' } } })
    expect(t.lazy.wxUser).toEqual({ name: 'alice' })
    expect(t.session().wxUser).toEqual({ name: 'alice' })
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })

  it('keeps no answer waiting', () => {
    const t = start()
    t.session()
    expect(t.res.end()).toBe(t.res)
    expect(t.res.writableEnded).toBe(true)
  })

  it('lives as long as the app says once it has given it a lifetime', async () => {
    const t = start({ cookie: { originalMaxAge: 10 * minute, expires: inMs(minute) } })
    t.session().cookie.maxAge = 100 * minute
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
    const { cookie } = t.stored()
    expect(cookie.originalMaxAge).toBe(100 * minute)
    expect(new Date(cookie.expires!).getTime()).toBeGreaterThan(Date.now() + 50 * minute)
  })

  it('shows when it ends, as it is stored, or its lifetime from now on', () => {
    const expires = inMs(minute)
    const cookie = { originalMaxAge: 10 * minute, expires }
    expect(start({ cookie }).session().cookie.expires).toEqual(new Date(expires))
    const { maxAge } = start().session().cookie
    expect(maxAge).toBeGreaterThan(9 * minute)
  })
})

describe('what the session keeps of the user', () => {
  const data = { wxUser: { name: 'alice' } }
  const rename = (t: ReturnType<typeof start>): void => {
    ;(t.lazy.wxUser as { name: string }).name = 'renamed'
  }

  it.each<[string, (t: ReturnType<typeof start>) => void]>([
    ['and req.session is not used', rename],
    [
      'and req.session is used afterwards',
      (t) => {
        rename(t)
        t.session()
      },
    ],
    [
      'and req.session was used before',
      (t) => {
        t.session()
        rename(t)
      },
    ],
  ])('is stored where it was changed in place, %s', async (_, change) => {
    const t = start({ data })
    change(t)
    await answer(t.res)
    expect(t.stored().wxUser).toEqual({ name: 'renamed' })
  })

  it('is stored where it was replaced', async () => {
    const t = start({ data })
    t.lazy.wxUser = 5
    expect(t.lazy.wxUser).toBe(5)
    expect(t.session().wxUser).toBe(5)
    await answer(t.res)
    expect(t.stored().wxUser).toBe(5)
  })

  it.each([null, 'alice', 5])('may be %j', async (wxUser) => {
    const t = start({ data: { wxUser } })
    expect(t.lazy.wxUser).toBe(wxUser)
    await answer(t.res)
    expect(t.set).not.toHaveBeenCalled()
  })
})

describe('a session that was taken off the request', () => {
  it('is not brought back by a change to its user, in place or not', async () => {
    for (const replace of [true, false]) {
      const t = start({ data: { wxUser: { name: 'alice' } } })
      ;(t.lazy.wxUser as { name: string }).name = 'renamed'
      detachSession(t.req)
      if (replace) t.lazy.wxUser = 5
      expect([t.req.session, t.req.sessionID, t.req.sessionStore]).toEqual([
        undefined,
        undefined,
        replace ? t.guard : undefined,
      ])
      await answer(t.res)
      expect(t.set).not.toHaveBeenCalled()
    }
  })

  it('is off it, used or not', () => {
    for (const use of [true, false]) {
      const t = start()
      if (use) t.session()
      detachSession(t.req)
      expect([t.req.session, t.req.sessionID]).toEqual([undefined, undefined])
    }
  })
})

test('the request has what express-session puts on it, before and after it is used', () => {
  const t = start()
  const { req } = t
  expect([req.sessionID, req.sessionStore]).toEqual([sid, t.guard])
  const { session } = req
  expect(session!.id).toBe(sid)
  expect(req.session).toBe(session)
  expect(t.lazy.open()).toBe(session)
  expect(Object.keys(req)).toEqual(
    expect.arrayContaining(['session', 'sessionID', 'sessionStore']) as string[],
  )
})

describe('where all requests inherit what stands for a session, a request', () => {
  const names = ['session', 'sessionID', 'sessionStore']
  const requests = Object.create(IncomingMessage.prototype) as object
  shareSession(requests)

  it('has nothing of its own before its session is used', () => {
    const t = start(undefined, requests)
    expect(names.filter((name) => Object.hasOwn(t.req, name))).toEqual([])
    expect([t.req.sessionID, t.req.sessionStore]).toEqual([sid, t.guard])
    expect(t.session().id).toBe(sid)
    expect(names.filter((name) => Object.hasOwn(t.req, name))).toEqual(names)
  })

  it.each(names)('has the app’s own %s once the app has set it', (name) => {
    const t = start(undefined, requests)
    Object.assign(t.req, { [name]: 'own' })
    expect(Reflect.get(t.req, name)).toBe('own')
  })

  it('without a session has none of it', () => {
    const t = start(undefined, requests)
    detachSession(t.req)
    expect([t.req.session, t.req.sessionID, t.req.sessionStore]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    const { req } = exchange()
    detachSession(Object.setPrototypeOf(req, requests))
    expect(req.session).toBeUndefined()
  })
})

test('save and reload of a session may be replaced, as tracers do', () => {
  const session = start().session()
  for (const name of ['save', 'reload']) {
    expect(Object.getOwnPropertyDescriptor(session, name)).toMatchObject({
      ...{ configurable: true, enumerable: false, writable: true },
    })
  }
})
