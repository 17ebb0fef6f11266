import expressSession, { MemoryStore } from 'express-session'
import type { Express } from 'express'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

const cookieOf = (reply: { headers: object }): string =>
  (reply.headers as { 'set-cookie': string[] })['set-cookie'][0]!.split(';')[0]!

/** The app's own express-session, in front of the plugin. */
const own =
  (store = new MemoryStore(), cookie: object = {}) =>
  (app: Express): void => {
    app.use(
      expressSession({
        secret: 'the app’s own',
        resave: false,
        saveUninitialized: false,
        store,
        cookie,
      }),
    )
    app.get('/cart', (req, res) => {
      ;(req.session as { cart?: number }).cart = 1
      res.json({})
    })
  }

describe('the app’s own express-session', () => {
  let t: TestApp
  const store = new MemoryStore()
  beforeAll(async () => {
    t = await startTestApp({ before: own(store), wx: { session: undefined } })
  })
  afterAll(() => t.close())

  const logIn = async (name: string, cookie = ''): Promise<string> => {
    const reply = await t.http
      .post('/wx/login')
      .set('Cookie', cookie)
      .send({ code: t.sandbox.user(name).login() })
    expect(reply.body).toMatchObject({ token: null, expiresIn: 86400, user: null })
    return cookieOf(reply)
  }

  it('keeps the login, in the app’s cookie and without a token', async () => {
    const cookie = await logIn('alice')
    const reply = await t.http.get('/me').set('Cookie', cookie)
    expect(reply.body).toMatchObject({ openid: t.sandbox.user('alice').openid() })
    expect((await t.http.get('/wx/session').set('Cookie', cookie)).body).toMatchObject({
      expiresIn: 86400,
    })
    expect((await t.http.get('/me')).status).toBe(401)
  })

  it('gets a new id at login, and the old one ends', async () => {
    const before = cookieOf(await t.http.get('/cart'))
    const after = await logIn('alice', before)
    expect(after).not.toBe(before)
    expect((await t.http.get('/me').set('Cookie', before)).status).toBe(401)
    expect((await t.http.get('/me').set('Cookie', after)).status).toBe(200)
  })

  it('is left as it was where the login cannot be saved', async () => {
    const before = await logIn('alice')
    const save = jest
      .spyOn(store, 'set')
      .mockImplementation((_sid, _session, done) => done?.(new Error('disk full')))
    const reply = await t.http
      .post('/wx/login')
      .set('Cookie', before)
      .send({ code: t.sandbox.user('bob').login() })
    save.mockRestore()
    expect(reply.status).toBe(503)
    expect(reply.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
    expect((await t.http.get('/me').set('Cookie', before)).body).toMatchObject({
      openid: t.sandbox.user('alice').openid(),
    })
  })

  it('takes profiles, logs out here and everywhere', async () => {
    const [a, b] = [await logIn('carol'), await logIn('carol')]
    await t.http.post('/wx/profile').set('Cookie', a).send({ nickName: 'C' }).expect(200)
    await t.http.post('/wx/logout').set('Cookie', a).expect(204)
    expect((await t.http.get('/me').set('Cookie', a)).status).toBe(401)
    await t.http.post('/wx/logout').set('Cookie', b).send({ everywhere: true }).expect(204)
    expect((await t.http.get('/me').set('Cookie', b)).status).toBe(401)
  })

  it('lists and revokes sessions', async () => {
    const cookie = await logIn('dave')
    const user = { appid: t.sandbox.appid, openid: t.sandbox.user('dave').openid() }
    await expect(t.wx.sessions.list(user)).resolves.toHaveLength(1)
    await expect(t.wx.sessions.revokeAll(user)).resolves.toBe(1)
    expect((await t.http.get('/me').set('Cookie', cookie)).status).toBe(401)
  })

  it('has no token to authenticate by', async () => {
    await expect(t.wx.authenticate({ headers: {}, rawHeaders: [] } as never)).rejects.toMatchObject(
      {
        code: 'WX_SESSION_MISSING',
      },
    )
  })

  it('decides how long the session lives', async () => {
    await withTestApp(
      { before: own(undefined, { maxAge: 60_000 }), wx: { session: undefined } },
      async (short) => {
        const reply = await short.post('/wx/login', { code: short.sandbox.user('a').login() })
        expect((reply.body as { expiresIn: number }).expiresIn).toBeGreaterThan(58)
        expect((reply.body as { expiresIn: number }).expiresIn).toBeLessThanOrEqual(60)
      },
    )
  })
})

describe('set-up mistakes', () => {
  it('neither: no session option and no express-session in front', async () => {
    await withTestApp({ wx: { session: undefined } }, async (t) => {
      const code = t.sandbox.user('alice').login()
      for (const reply of [await t.post('/wx/login', { code }), await t.get('/me')]) {
        expect(reply.status).toBe(500)
        expect(reply.body).toEqual(errorReply('WX_SESSION_MISSING', 'none'))
        expect(reply.text).toMatch(/session: \{ secret \}/)
      }
      expect(t.exchanges()).toBe(0)
      expect((await t.get('/public')).status).toBe(200)
      await expect(t.wx.sessions.list({ appid: 'a', openid: 'b' })).rejects.toMatchObject({
        code: 'WX_SESSION_MISSING',
      })
    })
  })

  it('both: a session option and another express-session in front', async () => {
    await withTestApp({ before: own(), wx: { session: { secret: sessionSecret } } }, async (t) => {
      const code = t.sandbox.user('alice').login()
      for (const reply of [await t.post('/wx/login', { code }), await t.get('/me')]) {
        expect(reply.body).toEqual(errorReply('WX_SESSION_CONFLICT', 'none'))
      }
      expect(t.exchanges()).toBe(0)
    })
  })

  it('a store that lost its connection is 503, not a mistake', async () => {
    const store = new MemoryStore()
    await withTestApp({ before: own(store), wx: { session: undefined } }, async (t) => {
      await t.get('/public').expect(200)
      store.emit('disconnect')
      expect((await t.get('/me')).body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      store.emit('connect')
      expect((await t.get('/me')).status).toBe(401)
    })
  })
})
