import { MemoryStore } from 'express-session'
import cookieParser from './cookie-parser-like.js'
import { requireWxSession } from '../../src/index.js'
import { until } from '../support/until.js'
import { sessionSecret, startTestApp, type TestApp, withTestApp } from '../support/test-app.js'

const cookieOf = (reply: { headers: object }): string =>
  (reply.headers as { 'set-cookie': string[] })['set-cookie'][0]!

const pair = (setCookie: string): string => setCookie.split(';')[0]!

describe('cookie transport', () => {
  let t: TestApp
  beforeAll(async () => {
    t = await startTestApp({
      wx: { transport: { cookie: true } },
      routes(app) {
        app.get('/cart', (req, res) => {
          const session = req.session as { cart?: number }
          session.cart = (session.cart ?? 0) + 1
          res.json({ cart: session.cart })
        })
        app.post('/until-the-end', (req, res) => {
          req.session.cookie.expires = null
          res.status(204).end()
        })
      },
    })
  })
  afterAll(() => t.close())

  const logIn = async (name = 'alice'): Promise<{ cookie: string; token: string }> => {
    const reply = await t.post('/wx/login', { code: t.sandbox.user(name).login() }).expect(200)
    return { cookie: cookieOf(reply), token: (reply.body as { token: string }).token }
  }

  it('sets an HttpOnly SameSite cookie without a domain at login', async () => {
    const { cookie } = await logIn()
    expect(cookie).toMatch(
      /^wx\.sid=s%3A[\w-]{32}\.[\w%]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    )
  })

  it('knows the user by the cookie, by the header, and by both of one session', async () => {
    const { cookie, token } = await logIn()
    expect((await t.http.get('/me').set('Cookie', pair(cookie))).status).toBe(200)
    expect((await t.get('/me', token)).status).toBe(200)
    expect((await t.get('/me', token).set('Cookie', pair(cookie))).status).toBe(200)
  })

  it('slides: the cookie is sent again on every request', async () => {
    const { cookie } = await logIn()
    const reply = await t.http.get('/me').set('Cookie', `other=1; ${pair(cookie)}`)
    expect(pair(cookieOf(reply))).toBe(pair(cookie))
  })

  it('refuses header and cookie, or two cookies, of different sessions', async () => {
    const [a, b] = [await logIn('alice'), await logIn('bob')]
    expect((await t.get('/me', b.token).set('Cookie', pair(a.cookie))).status).toBe(400)
    const two = `${pair(a.cookie)}; ${pair(b.cookie)}`
    expect((await t.http.get('/me').set('Cookie', two)).status).toBe(400)
    expect((await t.http.get('/public').set('Cookie', two)).body).toEqual({
      openid: null,
      session: false,
    })
  })

  it('gives anonymous visitors a session when the app writes to it', async () => {
    const first = await t.http.get('/cart')
    const again = await t.http.get('/cart').set('Cookie', pair(cookieOf(first)))
    expect(again.body).toEqual({ cart: 2 })
    expect((await t.http.get('/me').set('Cookie', pair(cookieOf(first)))).status).toBe(401)
  })

  it('gives visitors of whom the app keeps nothing neither a session nor a cookie', async () => {
    const reply = await t.get('/public')
    expect(reply.body).toEqual({ openid: null, session: true })
    expect(reply.headers).not.toHaveProperty('set-cookie')
  })

  it('writes no session that a request only reads', async () => {
    const { token } = await logIn()
    const writes = jest.spyOn(MemoryStore.prototype, 'set')
    await t.get('/me', token).expect(200)
    expect(writes).not.toHaveBeenCalled()
    await t.get('/cart', token).expect(200)
    expect(writes).toHaveBeenCalledTimes(1)
    writes.mockRestore()
  })

  it('does not fix a session: the one before the login ends with it', async () => {
    const before = pair(cookieOf(await t.http.get('/cart')))
    const login = await t.http
      .post('/wx/login')
      .set('Cookie', before)
      .send({ code: t.sandbox.user('alice').login() })
    expect(pair(cookieOf(login))).not.toBe(before)
    expect((await t.http.get('/cart').set('Cookie', before)).body).toEqual({ cart: 1 })
  })

  it.each(['wx.sid=s%3Aforged.signature', 'wx.sid=%E0%A4%A', 'wx.sid=', 'wx.sid'])(
    'treats the cookie %s as no session',
    async (cookie) => {
      expect((await t.http.get('/me').set('Cookie', cookie)).status).toBe(401)
      expect((await t.http.get('/public').set('Cookie', cookie)).status).toBe(200)
    },
  )

  it('clears the cookie at logout', async () => {
    const { cookie } = await logIn()
    const reply = await t.http.post('/wx/logout').set('Cookie', pair(cookie)).expect(204)
    expect(cookieOf(reply)).toMatch(/^wx\.sid=; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect((await t.http.get('/me').set('Cookie', pair(cookie))).status).toBe(401)
  })

  it('clears the cookie at logout where the app lets it end with the browser', async () => {
    const { cookie } = await logIn()
    const kept = await t.http.post('/until-the-end').set('Cookie', pair(cookie)).expect(204)
    expect(cookieOf(kept)).not.toMatch(/Expires/)
    const reply = await t.http.post('/wx/logout').set('Cookie', pair(cookie)).expect(204)
    expect(cookieOf(reply)).toMatch(/^wx\.sid=; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect((await t.http.get('/me').set('Cookie', pair(cookie))).status).toBe(401)
  })

  it('while the store is away: 503 with a cookie, 401 without one, public routes answer', async () => {
    const store = new MemoryStore()
    await withTestApp(
      { wx: { transport: { cookie: true }, session: { secret: sessionSecret, store } } },
      async (away) => {
        const { token } = await away.login()
        store.emit('disconnect')
        expect((await away.get('/me', token)).status).toBe(503)
        expect((await away.get('/me')).status).toBe(401)
        expect((await away.get('/public')).status).toBe(200)
        store.emit('connect')
        expect((await away.get('/me', token)).status).toBe(200)
      },
    )
  })

  it('is not fooled by what cookie-parser made of a cookie', async () => {
    await withTestApp(
      {
        wx: { transport: { cookie: true } },
        before: (app) => app.use(cookieParser),
        routes(app) {
          app.get('/parsed', requireWxSession, (req, res) =>
            res.json((req as { cookies?: unknown }).cookies),
          )
        },
      },
      async (parsed) => {
        const { token } = await parsed.login()
        const forged = `wx.sid=${token.slice(0, 32)}`
        expect((await parsed.http.get('/me').set('Cookie', forged)).status).toBe(401)
        const seen = await parsed.get('/parsed', token).set('Cookie', 'theme=dark')
        expect(seen.body).toEqual({ theme: 'dark' })
      },
    )
  })

  it('tells onError of a save that fails at the end of the response, and handles no request twice', async () => {
    const store = new MemoryStore()
    const told: unknown[] = []
    let handled = 0
    await withTestApp(
      {
        wx: {
          transport: { cookie: true },
          session: { secret: sessionSecret, store },
          onError: (error) => void told.push(error.code),
        },
        routes(app) {
          app.get('/cart', (req, res) => {
            handled += 1
            Object.assign(req.session, { cart: handled })
            res.json({ cart: handled })
          })
        },
      },
      async (full) => {
        const { token } = await full.login()
        jest.spyOn(store, 'set').mockImplementation((_id, _data, done) => done?.(new Error('OOM')))
        expect((await full.get('/cart', token)).body).toEqual({ cart: 1 })
        expect(handled).toBe(1)
        await until(() => told.length > 0)
        expect(told).toEqual(['WX_STORE_UNAVAILABLE'])
      },
    )
  })

  it('is Secure in production', async () => {
    const env = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const { createOwnCookieApp } = await import('./production-app.js')
      const cookie = await createOwnCookieApp(sessionSecret)
      expect(cookie).toMatch(/; Secure/)
    } finally {
      process.env['NODE_ENV'] = env
    }
  })
})

describe('a record in the store that is no session', () => {
  it.each([
    ['nothing that express-session can read', {}],
    ['with a login that is none', { cookie: {}, wx: 5 }],
  ])('is 401, and goes: %s', async (_what, record) => {
    const store = new MemoryStore()
    const { sessions } = store as unknown as { sessions: Record<string, string> }
    const session = { secret: sessionSecret, store }
    await withTestApp({ wx: { transport: { cookie: true }, session } }, async (t) => {
      const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
      const { token } = reply.body as { token: string }
      const [sid] = Object.keys(sessions)
      for (const send of [
        () => t.get('/me', token),
        () => t.http.get('/me').set('Cookie', pair(cookieOf(reply))),
      ]) {
        sessions[sid!] = JSON.stringify(record)
        expect((await send()).status).toBe(401)
        expect(Object.keys(sessions)).not.toContain(sid)
      }
    })
  })
})
