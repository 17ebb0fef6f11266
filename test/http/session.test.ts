import { sign } from 'cookie-signature'
import fc from 'fast-check'
import { MemoryStore } from 'express-session'
import { requireWxSession, wxErrorHandler } from '../../src/index.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

describe('a session', () => {
  let t: TestApp
  const store = new MemoryStore()
  const reads = jest.spyOn(store, 'get')
  beforeAll(async () => {
    t = await startTestApp({
      wx: { session: { secret: sessionSecret, store } },
      routes(app) {
        app.get('/count', requireWxSession, (req, res) => {
          const session = req.session as { count?: number }
          session.count = (session.count ?? 0) + 1
          res.json({ count: session.count })
        })
        app.get('/cookies', (req, res) => res.json({ cookie: req.headers.cookie ?? null }))
        app.get('/fresh', requireWxSession({ maxAge: 60 }), (_req, res) => res.json({}))
        app.get('/stale', requireWxSession({ maxAge: 0.000_001 }), (_req, res) => res.json({}))
      },
    })
  })
  afterAll(() => t.close())

  it('is described by GET /wx/session', async () => {
    const { token, keyId } = await t.login()
    const reply = await t.get('/wx/session', token)
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ expiresIn: 604800, keyId, user: null })
    expect(reply.headers['cache-control']).toBe('no-store')
  })

  it('keeps what the app writes to req.session, and never sets a cookie', async () => {
    const { token } = await t.login()
    expect((await t.get('/count', token)).body).toEqual({ count: 1 })
    const second = await t.get('/count', token)
    expect(second.body).toEqual({ count: 2 })
    expect(second.headers).not.toHaveProperty('set-cookie')
  })

  it('leaves the request’s own Cookie header as it came', async () => {
    const { token } = await t.login()
    expect((await t.get('/cookies', token).set('Cookie', 'a=1')).body).toEqual({ cookie: 'a=1' })
    expect((await t.get('/cookies', token)).body).toEqual({ cookie: null })
  })

  it('does not exist without a token, and public routes do not need one', async () => {
    expect((await t.get('/public')).body).toEqual({ openid: null, session: false })
  })

  it('is known on public routes too', async () => {
    const { token } = await t.login()
    expect((await t.get('/public', token)).body).toEqual({
      openid: t.sandbox.user('alice').openid(),
      session: true,
    })
  })

  it('slides: every request extends it', async () => {
    const touched = jest.spyOn(store, 'touch')
    const { token } = await t.login()
    touched.mockClear()
    await t.get('/me', token).expect(200)
    expect(touched).toHaveBeenCalledTimes(1)
    touched.mockRestore()
  })

  it.each(['/me', '/wx/session'])('is required by %s: 401 with action login', async (path) => {
    const reply = await t.get(path)
    expect(reply.status).toBe(401)
    expect(reply.body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(reply.headers['cache-control']).toBe('no-store')
  })

  it('can be required to be fresh', async () => {
    const { token } = await t.login()
    expect((await t.get('/fresh', token)).status).toBe(200)
    expect((await t.get('/stale', token)).body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
  })

  it('the guard factory refuses a maxAge that is no number of seconds', () => {
    expect(() => requireWxSession({ maxAge: Number.NaN })).toThrow(/maxAge/)
    expect(() => requireWxSession({ maxAge: '5' as never })).toThrow(/maxAge/)
  })

  describe('a token', () => {
    it('of any other form, changed by a character, cut or extended, is 401 and costs no store access', async () => {
      const { token } = await t.login()
      reads.mockClear()
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.nat({ max: token.length - 1 }).map((i) => {
              const other = token[i] === 'A' ? 'B' : 'A'
              return token.slice(0, i) + other + token.slice(i + 1)
            }),
            fc.nat({ max: token.length - 1 }).map((n) => token.slice(0, n)),
            fc.constantFrom('=', '.', 'A', '%20', ';x=1', '%00', ',', ', x').map((s) => token + s),
            fc.constantFrom(
              token.toUpperCase(),
              token.toLowerCase(),
              encodeURIComponent(`s:${token}`),
            ),
          ),
          async (bad) => {
            const reply = await t.http.get('/me').set('Authorization', `Bearer ${bad}`)
            expect(reply.status).toBe(401)
          },
        ),
        { numRuns: 60 },
      )
      expect(reads).not.toHaveBeenCalled()
    })

    it('signed with another secret is 401 and costs no store access', async () => {
      reads.mockClear()
      const signed = sign('A'.repeat(32), 'another secret that is long enough, too')
      const forged = signed.replaceAll('+', '-').replaceAll('/', '_')
      expect((await t.get('/me', forged)).status).toBe(401)
      expect(reads).not.toHaveBeenCalled()
    })

    it.each(['?token=', '?access_token=', ';'])('in the URL (%s) is not read', async (at) => {
      const { token } = await t.login()
      expect((await t.http.get(`/me${at}${token}`)).status).toBeGreaterThanOrEqual(400)
    })

    it('in a cookie is not read', async () => {
      const { token } = await t.login()
      const reply = await t.http
        .get('/me')
        .set('Cookie', `wx.sid=s%3A${token}; connect.sid=${token}`)
      expect(reply.status).toBe(401)
    })

    it('in a body is not read', async () => {
      const { token } = await t.login()
      const reply = await t.post('/wx/profile', { nickName: 'x', token })
      expect(reply.status).toBe(401)
    })

    it('of another scheme is no token', async () => {
      const { token } = await t.login()
      expect((await t.http.get('/me').set('Authorization', `Basic ${token}`)).status).toBe(401)
      expect((await t.http.get('/me').set('Authorization', `bearer ${token}`)).status).toBe(200)
    })
  })

  describe('two different tokens in one request', () => {
    const raw = async (path: string, headers: [string, string][]): Promise<Response> => {
      const h = new Headers()
      for (const [name, value] of headers) h.append(name, value)
      return fetch(t.url + path, { headers: h })
    }

    it('are 400 on guarded and plugin routes, and no session elsewhere', async () => {
      const [a, b] = [await t.login('alice'), await t.login('bob')]
      const both: [string, string][] = [
        ['Authorization', `Bearer ${a.token}`],
        ['Authorization', `Bearer ${b.token}`],
      ]
      for (const path of ['/me', '/wx/session']) {
        const reply = await raw(path, both)
        expect(reply.status).toBe(400)
        expect(await reply.json()).toEqual(errorReply('WX_BAD_REQUEST', 'none'))
      }
      expect(await (await raw('/public', both)).json()).toEqual({ openid: null, session: false })
    })

    it('are 400 at a login too, before the code is spent', async () => {
      const [a, b] = [await t.login('alice'), await t.login('bob')]
      const before = t.exchanges()
      const code = t.sandbox.user('alice').login()
      const reply = await t.http
        .post('/wx/login')
        .set('Authorization', `Bearer ${a.token}, Bearer ${b.token}`)
        .send({ code })
      expect(reply.status).toBe(400)
      expect(t.exchanges()).toBe(before)
      await t.post('/wx/login', { code }).expect(200)
    })

    it('the same token twice is one token', async () => {
      const { token } = await t.login()
      const reply = await raw('/me', [
        ['Authorization', `Bearer ${token}`],
        ['Authorization', `Bearer ${token}`],
      ])
      expect(reply.status).toBe(200)
    })
  })
})

describe('secret rotation', () => {
  const oldSecret = 'the old session secret of these tests'
  const newSecret = 'the new session secret of these tests'

  it('accepts tokens of every listed secret, signs with the first, and reads old session keys', async () => {
    const store = new MemoryStore()
    let token = ''
    let key = ''
    await withTestApp({ wx: { session: { secret: oldSecret, store } } }, async (t) => {
      ;({ token } = await t.login())
      key = t.sandbox.user('alice').sessionKey()
    })
    await withTestApp(
      {
        wx: { session: { secret: [newSecret, oldSecret], store } },
        routes: (app) =>
          app.get('/key', requireWxSession, (req, res) => res.json(req.wx?.sessionKey)),
      },
      async (t) => {
        expect((await t.get('/key', token)).body).toBe(key)
        const fresh = await t.login('bob')
        await withTestApp({ wx: { session: { secret: newSecret, store } } }, async (later) => {
          expect((await later.get('/me', fresh.token)).status).toBe(200)
          expect((await later.get('/me', token)).status).toBe(401)
        })
      },
    )
  })

  it('answers 409 for data where the secret that sealed the key is gone', async () => {
    const store = new MemoryStore()
    await withTestApp(
      { wx: { session: { secret: oldSecret, store }, keySecret: oldSecret } },
      async (before) => {
        const { token } = await before.login()
        const data = before.sandbox.user('alice').userInfo()
        await withTestApp(
          {
            sandbox: before.sandbox,
            wx: { session: { secret: oldSecret, store }, keySecret: newSecret },
            routes(app) {
              app.get('/key', requireWxSession, (req, res) => res.json(req.wx?.session_key))
              app.use(wxErrorHandler)
            },
          },
          async (after) => {
            expect((await after.get('/me', token)).status).toBe(200)
            const key = await after.get('/key', token)
            expect([key.status, key.body]).toEqual([409, errorReply('WX_STALE_KEY', 'login')])
            const reply = await after.post('/wx/profile', data, token)
            expect(reply.body).toEqual(errorReply('WX_STALE_KEY', 'login'))
          },
        )
      },
    )
  })
})

describe('a custom header', () => {
  it('carries the bare token where the scheme is empty', async () => {
    await withTestApp({ wx: { transport: { header: 'X-WX-Token', scheme: '' } } }, async (t) => {
      const { token } = await t.login()
      expect((await t.http.get('/me').set('X-Wx-Token', token)).status).toBe(200)
      expect((await t.get('/me', token)).status).toBe(401)
      expect((await t.get('/me')).headers['www-authenticate']).toBe('Bearer')
    })
  })
})
