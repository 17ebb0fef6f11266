import { once } from 'node:events'
import { createServer, IncomingMessage, request as send } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import type { Express } from 'express'
import expressSession, { MemoryStore } from 'express-session'
import fc from 'fast-check'
import { getWx, requireWxSession, wxErrorHandler, WxLoginError } from '../../src/index.js'
import { listen } from '../support/listen.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js'

const appid = 'wx0123456789abcdef'
const otherAppid = 'wxfedcba9876543210'
const openid = 'oGZUI0egBJY1zhBYw2KhdUfwVJJE'
const unionid = 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA'

/** What the gateway adds to a call of `wx.cloud.callContainer`. */
const gateway = {
  'X-WX-OPENID': openid,
  'X-WX-APPID': appid,
  'X-WX-UNIONID': unionid,
  'X-WX-ENV': 'prod-01',
  'X-WX-SOURCE': 'wx_client',
  'X-WX-CLOUDBASE-ACCESS-TOKEN': 'cloudbase-token',
}
/** The same for a mini program that shares the environment of another one. */
const shared = {
  'X-WX-FROM-OPENID': openid,
  'X-WX-FROM-APPID': otherAppid,
  'X-WX-FROM-UNIONID': unionid,
  'X-WX-APPID': appid,
  'X-WX-ENV': 'prod-01',
  'X-WX-SOURCE': 'wx_client',
  'X-WX-FROM-CLOUDBASE-ACCESS-TOKEN': 'cloudbase-token',
}
const without = (headers: Record<string, string>, ...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))

type Headers = Record<string, string | string[]>

/** Routes that show what of the headers is left for the app. */
function routes(app: Express): void {
  app.get('/headers', (req, res) => {
    const named = (name: string): boolean => name.toLowerCase().startsWith('x-wx-')
    res.json({
      openid: req.wx?.openid ?? null,
      seen: [
        ...Object.keys(req.headers).filter(named),
        ...Object.keys(req.headersDistinct).filter(named),
        ...req.rawHeaders.filter((_, i) => i % 2 === 0).filter(named),
      ].map((name) => name.toLowerCase()),
      get: req.get('x-wx-openid') ?? null,
    })
  })
  app.get('/who', requireWxSession, (req, res) => {
    const wx = getWx(req)
    res.json({ ...wx, age: Date.now() - wx.loginAt.getTime() })
  })
  app.get('/fresh', requireWxSession({ maxAge: 60 }), (req, res) => {
    res.json(getWx(req).openid)
  })
  app.get('/key', requireWxSession, (req, res) => {
    res.json(getWx(req).sessionKey.length)
  })
  app.post('/steps', requireWxSession, (req, res, next) => {
    let text = ''
    req.on('data', (chunk) => (text += String(chunk)))
    req.on('end', () => {
      const data = JSON.parse(text) as { encryptedData: string; iv: string }
      getWx(req)
        .decrypt(data)
        .then((steps) => res.json(steps), next)
    })
  })
  app.use(wxErrorHandler)
}

const start = (options: TestAppOptions['wx'], more: TestAppOptions = {}): Promise<TestApp> =>
  startTestApp({
    sandbox: { apps: [{ appid, secret: 'a'.repeat(32) }] },
    routes,
    ...more,
    wx: { ...options },
  })

async function withApp(
  options: TestAppOptions['wx'],
  body: (t: TestApp) => Promise<void>,
  more?: TestAppOptions,
): Promise<void> {
  const t = await start(options, more)
  try {
    await body(t)
  } finally {
    await t.close()
  }
}

/** A request with these headers, the same one as often as it is in the list. */
async function ask(
  t: TestApp,
  path: string,
  headers: Headers | string[],
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { port } = new URL(t.url)
  const req = send({ port, path, headers: headers as Headers, host: '127.0.0.1' })
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of res) text += String(chunk)
  return { status: res.statusCode!, body: JSON.parse(text) as Record<string, unknown> }
}

beforeAll(() => {
  process.env['CBR_ENV_ID'] = 'prod-01'
})
afterAll(() => {
  delete process.env['CBR_ENV_ID']
})

describe.each<[string, TestAppOptions['wx']]>([
  ['is left out', {}],
  ['is false', { cloudHosting: false }],
])('where cloudHosting %s', (_, options) => {
  let t: TestApp
  beforeAll(async () => {
    t = await start(options)
  })
  afterAll(() => t.close())

  it.each([
    ['the headers of the gateway', gateway],
    ['those of a mini program that shares the environment', shared],
    ['all of them', { ...shared, ...gateway }],
  ])('%s name nobody, and nothing behind the plugin sees them', async (__, headers) => {
    expect((await ask(t, '/headers', headers)).body).toEqual({ openid: null, seen: [], get: null })
    const refused = await ask(t, '/me', headers)
    expect(refused).toEqual({ status: 401, body: errorReply('WX_SESSION_REQUIRED', 'login') })
  })

  it('they make no session either', async () => {
    const reply = await t.http.post('/wx/login').set(gateway).send({})
    expect(reply.status).toBe(400)
    expect(reply.body).toMatchObject({
      error: { message: expect.stringContaining('code') as string },
    })
  })

  it('a session is the session of its token, whatever headers come with it', async () => {
    const { token } = await t.login('alice')
    const reply = await ask(t, '/headers', { ...gateway, Authorization: `Bearer ${token}` })
    expect(reply.body).toMatchObject({ openid: t.sandbox.user('alice').openid(), seen: [] })
  })

  it('other headers stay, also those that look alike', async () => {
    const headers = { 'X-WX-SERVICE': 'api', 'X-WX-Code': 'of wafer', 'X-Request-Id': '7' }
    const { body } = await ask(t, '/headers', { ...headers, ...gateway })
    expect(new Set(body['seen'] as string[])).toEqual(new Set(['x-wx-service', 'x-wx-code']))
  })

  it('any spelling and number of them is taken off', async () => {
    const word = fc.constantFrom(...Object.keys({ ...gateway, ...shared }), 'X-WX-SOURCES')
    const spelled = fc
      .tuple(word, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }))
      .map(([name, upper]) =>
        [...name].map((c, i) => (upper[i] ? c.toUpperCase() : c.toLowerCase())).join(''),
      )
    const values = fc.oneof(
      fc.constantFrom(openid, appid, 'wx_client', ''),
      fc.array(fc.constantFrom(openid, appid), { minLength: 1, maxLength: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(spelled, values, { maxKeys: 8 }), async (headers) => {
        const { body } = await ask(t, '/headers', headers)
        expect(body).toEqual({ openid: null, seen: [], get: null })
      }),
      { numRuns: 60 },
    )
  })
})

describe('where cloudHosting is true', () => {
  let t: TestApp
  const users: unknown[] = []
  const loggedOut: unknown[] = []
  const errors: WxLoginError[] = []
  beforeAll(async () => {
    t = await start({
      cloudHosting: true,
      onLogout: (event) => void loggedOut.push(event),
      onUser: (event) => {
        users.push(event)
        return { id: event.openid.slice(0, 4) }
      },
      onError: (error) => void errors.push(error),
    })
  })
  beforeEach(() => {
    users.length = 0
    loggedOut.length = 0
    errors.length = 0
  })
  afterAll(() => t.close())

  it('a call of callContainer is the user that WeChat names, without any login', async () => {
    const { status, body } = await ask(t, '/who', gateway)
    expect(status).toBe(200)
    expect(body).toMatchObject({ appid, openid, unionid, sessionId: '', user: null })
    expect(body['age']).toBeLessThan(60_000)
    expect((await ask(t, '/fresh', gateway)).body).toBe(openid)
    expect(users).toEqual([])
    expect(t.exchanges()).toBe(0)
  })

  it('without a unionid there is none', async () => {
    const { body } = await ask(t, '/who', without(gateway, 'X-WX-UNIONID'))
    expect(body).not.toHaveProperty('unionid')
    expect((await ask(t, '/who', { ...gateway, 'X-WX-UNIONID': '' })).body).not.toHaveProperty(
      'unionid',
    )
  })

  it('what the gateway says stays on the request, but for what is of other mini programs', async () => {
    const { body } = await ask(t, '/headers', { ...shared, ...gateway })
    expect(body['openid']).toBe(openid)
    expect(new Set(body['seen'] as string[])).toEqual(
      new Set(Object.keys(gateway).map((name) => name.toLowerCase())),
    )
  })

  it('without X-WX-SOURCE, which requests of the public network lack, nobody is named', async () => {
    const forged = without({ ...shared, ...gateway }, 'X-WX-SOURCE')
    expect((await ask(t, '/headers', forged)).body).toEqual({ openid: null, seen: [], get: null })
    expect((await ask(t, '/me', forged)).status).toBe(401)
    expect((await ask(t, '/me', { ...forged, 'X-WX-SOURCE': '' })).status).toBe(401)
    expect((await t.http.post('/wx/login').set(forged).send({})).status).toBe(400)
  })

  it('with it alone nobody is named: an H5 page whose user is not logged in', async () => {
    const anonymous = without(gateway, 'X-WX-OPENID')
    expect((await ask(t, '/me', anonymous)).status).toBe(401)
    const { body } = await ask(t, '/headers', anonymous)
    expect(body).toMatchObject({ openid: null, get: null })
    expect(body['seen']).not.toContain('x-wx-unionid')
    expect(body['seen']).toContain('x-wx-cloudbase-access-token')
  })

  it('callers of other mini programs are not believed', async () => {
    expect((await ask(t, '/me', shared)).status).toBe(401)
    expect((await ask(t, '/headers', shared)).body['seen']).not.toContain('x-wx-from-openid')
  })

  it('a mini program that is not served here is refused', async () => {
    const reply = await ask(t, '/me', { ...gateway, 'X-WX-APPID': otherAppid })
    expect(reply).toEqual({ status: 400, body: errorReply('WX_APP_UNKNOWN', 'none') })
    expect(
      (await ask(t, '/headers', { ...gateway, 'X-WX-APPID': otherAppid })).body['openid'],
    ).toBe(null)
  })

  it.each<[string, Headers | string[], string]>([
    ['two openids', { ...gateway, 'X-WX-OPENID': [openid, openid] }, 'x-wx-openid is there twice'],
    [
      'an openid spelled twice',
      ['Host', 'x', ...Object.entries(gateway).flat(), 'x-wx-openid', 'o'],
      'x-wx-openid is there twice',
    ],
    [
      'two openids in one header',
      { ...gateway, 'X-WX-OPENID': `${openid}, ${openid}` },
      'x-wx-openid is no openid',
    ],
    [
      'two sources',
      { ...gateway, 'X-WX-SOURCE': ['wx_client', 'wx_client'] },
      'x-wx-source is there twice',
    ],
    ['two appids', { ...gateway, 'X-WX-APPID': [appid, appid] }, 'x-wx-appid is there twice'],
    ['no appid', without(gateway, 'X-WX-APPID'), 'x-wx-appid is no appid'],
    [
      'an openid with other characters',
      { ...gateway, 'X-WX-OPENID': 'o|{}:*' },
      'x-wx-openid is no openid',
    ],
    [
      'an openid without end',
      { ...gateway, 'X-WX-OPENID': 'o'.repeat(129) },
      'x-wx-openid is no openid',
    ],
    [
      'an appid with other characters',
      { ...gateway, 'X-WX-APPID': `${appid} x` },
      'x-wx-appid is no appid',
    ],
    [
      'a unionid with other characters',
      { ...gateway, 'X-WX-UNIONID': 'o"' },
      'x-wx-unionid is no unionid',
    ],
    ...['<script>', '<wx_client', 'wx_client>', 'scf;wx_client', 'scf,<script>', 'scf,,wx_client']
      .concat('x'.repeat(65), Array.from({ length: 9 }, () => 'scf').join())
      .map((source): [string, Headers, string] => [
        `the source ${source}`,
        { ...gateway, 'X-WX-SOURCE': source },
        'x-wx-source is no source',
      ]),
  ])('%s: 400, and nothing behind sees the headers', async (_, headers, what) => {
    const reply = await ask(t, '/me', headers)
    expect(reply).toEqual({ status: 400, body: errorReply('WX_BAD_REQUEST', 'none') })
    expect(errors.at(-1)!.reason).toBe(`cloudHosting: ${what}`)
    expect((await ask(t, '/headers', headers)).body).toEqual({ openid: null, seen: [], get: null })
  })

  it.each(['scf,wx_client', 'scf, wx_client', Array.from({ length: 8 }, () => 'wx.a-b').join()])(
    'the source %s, a chain, is believed',
    async (source) => {
      expect((await ask(t, '/who', { ...gateway, 'X-WX-SOURCE': source })).body).toMatchObject({
        openid,
      })
    },
  )

  it('other headers may come twice', async () => {
    const twice = ['Host', 'x', 'X-Forwarded-For', '10.0.0.1', 'X-Forwarded-For', '10.0.0.2']
    const { body } = await ask(t, '/who', [...twice, ...Object.entries(gateway).flat()])
    expect(body).toMatchObject({ openid })
  })

  it('only a well-formed pair with a source is ever believed', async () => {
    const noise = fc.string({ unit: fc.constantFrom(...'oA-_9|, "{}*:/'), maxLength: 12 })
    const value = fc.oneof(noise, fc.constantFrom(openid, appid, otherAppid, unionid, 'wx_client'))
    const names = Object.keys({ ...gateway, ...shared })
    const headers = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 2 })),
    )
    await fc.assert(
      fc.asyncProperty(headers, async (some) => {
        const { status, body } = await ask(t, '/who', some)
        const believed =
          typeof some['X-WX-SOURCE'] === 'string' &&
          some['X-WX-SOURCE'].trim() !== '' &&
          some['X-WX-APPID'] === appid &&
          typeof some['X-WX-OPENID'] === 'string' &&
          /^[\w-]+$/.test(some['X-WX-OPENID'].trim())
        if (!believed) expect([400, 401]).toContain(status)
        else if (status === 200) expect(body['openid']).toBe((some['X-WX-OPENID'] as string).trim())
      }),
      { numRuns: 200 },
    )
  })

  describe('the session key', () => {
    it('is not there: sessionKey says so, and what brings one', async () => {
      const reply = await ask(t, '/key', gateway)
      expect(reply.status).toBe(409)
      expect(reply.body).toMatchObject({
        error: {
          code: 'WX_STALE_KEY',
          action: 'login',
          message: expect.stringMatching(/no session key.*wx\.login/) as string,
        },
      })
    })

    it('is not there for encrypted data either', async () => {
      const user = t.sandbox.user('eve')
      user.login()
      const reply = await t.http
        .post('/steps')
        .set(gateway)
        .send(user.encrypt({ steps: 1 }))
      expect(reply.status).toBe(409)
      expect(reply.body).toMatchObject({
        error: { message: expect.stringMatching(/no session key/) as string },
      })
    })

    it('is there once the user has logged in by code, also for calls without the token', async () => {
      const user = t.sandbox.user('alice')
      const mine = { ...without(gateway, 'X-WX-UNIONID'), 'X-WX-OPENID': user.openid() }
      const login = await t.http.post('/wx/login').set(mine).send({ code: user.login() })
      expect(login.status).toBe(200)
      expect(login.body).toMatchObject({ keyId: expect.stringMatching(/^[\da-f]{8}$/) as string })
      const reply = await t.http
        .post('/steps')
        .set(mine)
        .send(user.encrypt({ steps: 7 }))
      expect(reply.body).toMatchObject({ steps: 7 })
    })
  })

  describe('POST /wx/login', () => {
    it('takes data with a code, whose key it is made with', async () => {
      const user = t.sandbox.user('lea')
      const mine = { ...without(gateway, 'X-WX-UNIONID'), 'X-WX-OPENID': user.openid() }
      const body = { code: user.login(), ...user.userInfo() }
      expect((await t.http.post('/wx/login').set(mine).send(body)).status).toBe(200)
      expect(users).toMatchObject([{ openid: user.openid(), profile: { source: 'encrypted' } }])
    })

    it('makes a session of the user that WeChat names, without a code and without a body', async () => {
      const before = t.exchanges()
      for (const body of [{}, undefined, { appid }]) {
        users.length = 0
        const reply = await t.http.post('/wx/login').set(gateway).send(body)
        expect(reply.status).toBe(200)
        expect(reply.body).toEqual({
          token: expect.any(String) as string,
          expiresIn: 604800,
          keyId: null,
          user: { id: 'oGZU' },
        })
        expect(users).toEqual([{ appid, openid, unionid, reason: 'login' }])
        const { token } = reply.body as { token: string }
        // The token is good without the headers: from a web-view, which has no callContainer.
        const me = await t.get('/me', token)
        expect(me.body).toEqual({ appid, openid, unionid, user: { id: 'oGZU' } })
        const session = await t.get('/wx/session', token)
        expect(session.body).toMatchObject({ keyId: null, user: { id: 'oGZU' } })
        const key = await t.get('/key', token)
        expect(key.body).toMatchObject({
          error: { message: expect.stringMatching(/no session key/) as string },
        })
      }
      expect(t.exchanges()).toBe(before)
      expect(await t.wx.sessions.list({ appid, openid })).toHaveLength(3)
    })

    it('takes no data that needs a key, and no other appid', async () => {
      const data = t.sandbox.user('eve').encrypt({ steps: 1 })
      const withData = await t.http.post('/wx/login').set(gateway).send(data)
      expect(withData.status).toBe(400)
      const { error } = withData.body as { error: { message: string } }
      expect(error.message).toBe('code: is missing; signed and encrypted data need one.')
      const other = await t.http.post('/wx/login').set(gateway).send({ appid: otherAppid })
      expect(other.status).toBe(400)
      expect(users).toEqual([])
    })

    it('refuses the code of another user', async () => {
      const code = t.sandbox.user('mallory').login()
      const reply = await t.http.post('/wx/login').set(gateway).send({ code })
      expect(reply.status).toBe(400)
      expect(reply.body).toEqual(errorReply('WX_BAD_REQUEST', 'none'))
      expect(users).toEqual([])
    })

    it('refuses headers that are not as WeChat sends them, and an app that is not served', async () => {
      const login = (headers: Headers): Promise<number> =>
        new Promise((resolve, reject) => {
          const req = send({
            port: new URL(t.url).port,
            path: '/wx/login',
            method: 'POST',
            headers,
          })
          req.on('response', (res) => {
            res.resume()
            resolve(res.statusCode!)
          })
          req.on('error', reject)
          req.end()
        })
      expect(await login({ ...gateway, 'X-WX-OPENID': [openid, openid] })).toBe(400)
      expect(await login({ ...gateway, 'X-WX-APPID': otherAppid })).toBe(400)
      expect(users).toEqual([])
    })
  })

  it('a token beside the headers counts where both are of one user, and is 400 where not', async () => {
    const { body } = await t.http.post('/wx/login').set(gateway).send({})
    const { token } = body as { token: string }
    const both = await t.get('/me', token).set(gateway)
    expect(both.body).toMatchObject({ openid, user: { id: 'oGZU' } })
    const other = { ...gateway, 'X-WX-OPENID': 'oAnotherUser' }
    const mixed = await t.get('/me', token).set(other)
    expect(mixed.status).toBe(400)
    expect(mixed.body).toMatchObject({ error: { code: 'WX_BAD_REQUEST' } })
    expect((await t.get('/public', token).set(other)).body).toEqual({
      openid: null,
      session: false,
    })
    // One that has ended says nothing.
    await t.post('/wx/logout', undefined, token)
    expect((await t.get('/me', token).set(other)).body).toMatchObject({ openid: 'oAnotherUser' })
  })

  it('a token beside the headers is 503 while nobody can say whose it is', async () => {
    const store = new MemoryStore()
    const cloudHosting = { cloudHosting: true, session: { secret: sessionSecret, store } }
    await withApp(cloudHosting, async (away) => {
      const { body } = await away.http.post('/wx/login').set(gateway).send({})
      const { token } = body as { token: string }
      store.emit('disconnect')
      const reply = await away.get('/me', token).set(gateway)
      expect([reply.status, reply.body]).toMatchObject([
        503,
        { error: { code: 'WX_STORE_UNAVAILABLE' } },
      ])
      // Who brings no token is known by the headers alone.
      expect((await away.http.get('/me').set(gateway)).body).toMatchObject({ openid })
      store.emit('connect')
      expect((await away.get('/me', token).set(gateway)).status).toBe(200)
    })
  })

  it('the routes of a session say that there is none', async () => {
    const session = await t.http.get('/wx/session').set(gateway)
    expect([session.status, session.body]).toEqual([
      401,
      errorReply('WX_SESSION_REQUIRED', 'login'),
    ])
    expect(errors).toMatchObject([
      { reason: 'a call through cloud hosting that brings no session' },
    ])
    const profile = await t.http.post('/wx/profile').set(gateway).send({ nickName: 'Ann' })
    expect(profile.body).toEqual({ user: { id: 'oGZU' } })
    expect(users).toMatchObject([{ openid, reason: 'profile', profile: { nickName: 'Ann' } }])
    const phone = await t.http
      .post('/wx/phone')
      .set(gateway)
      .send({ code: 'f'.repeat(64) })
    expect(phone.status).toBe(401)
  })

  it('logout ends nothing but with everywhere, which ends every session of the user', async () => {
    const sessions = await Promise.all(
      [1, 2].map(async () => {
        const { body } = await t.http.post('/wx/login').set(gateway).send({})
        return (body as { token: string }).token
      }),
    )
    const listed = await t.wx.sessions.list({ appid, openid })
    const ids = listed.map(({ id }) => id)
    const ear = listen()
    expect((await t.http.post('/wx/logout').set(gateway)).status).toBe(204)
    for (const token of sessions) expect((await t.get('/me', token)).status).toBe(200)
    expect(ear.of('session:ended')).toEqual([])
    expect(loggedOut).toEqual([])
    expect((await t.http.post('/wx/logout').set(gateway).send({ everywhere: true })).status).toBe(
      204,
    )
    for (const token of sessions) expect((await t.get('/me', token)).status).toBe(401)
    expect(ear.of('session:ended')).toEqual([{ sessionIds: ids, reason: 'logout' }])
    expect(loggedOut).toMatchObject([{ appid, openid, unionid, everywhere: true }])
    ear.stop()
  })

  it('wx.sessions.onEnd has nothing to wait for', async () => {
    const { req, end } = await upgrade(gateway)
    const who = await t.wx.authenticate(req)
    expect(() => t.wx.sessions.onEnd(who!, () => undefined)).toThrow(/wx\.authenticate/)
    end()
  })
})

/** A WebSocket upgrade with these headers, as the server gets it. */
async function upgrade(headers: Headers): Promise<{ req: IncomingMessage; end: () => void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const asked = once(server, 'upgrade') as Promise<[IncomingMessage, { destroy(): void }]>
  const client = send({
    port,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...headers },
  })
  client.on('error', () => undefined)
  client.end()
  const [req, socket] = await asked
  return {
    req,
    end() {
      socket.destroy()
      server.close()
    },
  }
}

describe('wx.authenticate', () => {
  it.each<[string, TestAppOptions['wx'], Headers, string | null]>([
    ['believes the gateway where it may', { cloudHosting: true }, gateway, openid],
    ['believes nobody where it may not', {}, gateway, null],
    ['wants the source', { cloudHosting: true }, without(gateway, 'X-WX-SOURCE'), null],
  ])('%s', async (_, options, headers, expected) => {
    await withApp(options, async (t) => {
      const { req, end } = await upgrade(headers)
      const who = await t.wx.authenticate(req)
      expect(who?.openid ?? null).toBe(expected)
      expect(req.headers['x-wx-openid'] ?? null).toBe(expected)
      // Asked again it says the same.
      expect((await t.wx.authenticate(req))?.openid ?? null).toBe(expected)
      end()
    })
  })

  it.each([{}, { cloudHosting: true }])(
    'believes nobody in a request that an adapter made without rawHeaders (%j)',
    async (options) => {
      await withApp(options, async (t) => {
        const req = new IncomingMessage(new Socket())
        Object.assign(req.headers, { host: 'x', 'x-wx-openid': openid, 'x-wx-source': 'wx_client' })
        await expect(t.wx.authenticate(req)).resolves.toBeNull()
        expect(req.headers).toEqual({ host: 'x' })
      })
    },
  )

  it('rejects a token of another user, an app that is not served, and headers that are malformed', async () => {
    await withApp({ cloudHosting: true }, async (t) => {
      const { token } = await t.login()
      const bearer = { Authorization: `Bearer ${token}` }
      for (const headers of [
        { ...gateway, ...bearer },
        { ...gateway, 'X-WX-APPID': otherAppid },
        { ...gateway, 'X-WX-OPENID': [openid, openid] },
      ]) {
        const { req, end } = await upgrade(headers)
        await expect(t.wx.authenticate(req)).rejects.toMatchObject({ status: 400 })
        // Asked again it says the same.
        await expect(t.wx.authenticate(req)).rejects.toMatchObject({ status: 400 })
        end()
      }
    })
  })
})

describe('where cloudHosting has resourceSharing', () => {
  const apps = [appid, otherAppid].map((id) => ({ appid: id, secret: `secret-of-${id}` }))
  const options = {
    cloudHosting: { resourceSharing: true },
    appid: undefined,
    secret: undefined,
    apps,
  }

  it('a caller of another mini program that is served is believed', () =>
    withApp(options as never, async (t) => {
      const { body } = await ask(t, '/who', shared)
      expect(body).toMatchObject({ appid: otherAppid, openid, unionid })
      expect((await ask(t, '/who', gateway)).body).toMatchObject({ appid, openid })
      const { seen } = (await ask(t, '/headers', shared)).body
      expect(seen).toEqual(
        expect.arrayContaining(Object.keys(shared).map((name) => name.toLowerCase())),
      )
      const login = await t.http.post('/wx/login').set(shared).send({})
      expect(login.status).toBe(200)
      expect(await t.wx.sessions.list({ appid: otherAppid, openid })).toHaveLength(1)
    }))

  it('a code of another mini program than WeChat names is refused before it is spent', () =>
    withApp(
      options as never,
      async (t) => {
        const code = t.sandbox.user('alice').login({ appid: otherAppid })
        const login = await t.http.post('/wx/login').set(gateway).send({ code, appid: otherAppid })
        expect([login.status, login.body]).toEqual([400, errorReply('WX_BAD_REQUEST', 'none')])
        expect(t.exchanges()).toBe(0)
        await t.post('/wx/login', { code, appid: otherAppid }).expect(200)
      },
      { sandbox: { apps } },
    ))

  it('one that is not served is refused, and so are both kinds at once', () =>
    withApp({ cloudHosting: { resourceSharing: true } }, async (t) => {
      expect((await ask(t, '/me', shared)).body).toEqual(errorReply('WX_APP_UNKNOWN', 'none'))
      expect((await ask(t, '/me', { ...shared, ...gateway })).body).toEqual(
        errorReply('WX_BAD_REQUEST', 'none'),
      )
      expect((await ask(t, '/me', without(shared, 'X-WX-SOURCE'))).status).toBe(401)
    }))
})

describe('with other parts of the set-up', () => {
  it('logins without a code leave the only key that is remembered, whatever comes of them', async () => {
    let refusal: WxLoginError | undefined
    const onUser = (): void => {
      if (refusal) throw refusal
    }
    await withApp({ cloudHosting: true, keyHistory: { size: 1 }, onUser }, async (t) => {
      const user = t.sandbox.user('kim')
      const mine = { ...without(gateway, 'X-WX-UNIONID'), 'X-WX-OPENID': user.openid() }
      const login = (body: object): Promise<{ status: number }> =>
        t.http.post('/wx/login').set(mine).send(body)
      const read = async (steps: number): Promise<void> => {
        const data = user.encrypt({ steps })
        expect((await t.http.post('/steps').set(mine).send(data)).body).toMatchObject({ steps })
      }
      expect((await login({ code: user.login() })).status).toBe(200)
      expect((await login({})).status).toBe(200)
      await read(1)
      refusal = WxLoginError.reject('This account is closed.')
      expect((await login({})).status).toBe(403)
      await read(2)
    })
  })

  it('an app resolver says which mini programs are served', () =>
    withApp(
      {
        cloudHosting: true,
        appid: undefined,
        secret: undefined,
        apps: async (id: string | undefined) => (id === appid ? { appid: id, secret: 'x' } : null),
      } as never,
      async (t) => {
        expect((await ask(t, '/who', gateway)).body).toMatchObject({ appid, openid })
        const other = { ...gateway, 'X-WX-APPID': otherAppid }
        expect((await ask(t, '/me', other)).body).toEqual(errorReply('WX_APP_UNKNOWN', 'none'))
      },
    ))

  it('a session of the app’s own takes the login without a code', () =>
    withApp(
      { cloudHosting: true, session: undefined, onUser: () => ({ id: 5 }) },
      async (t) => {
        const login = await t.http.post('/wx/login').set(gateway).send({})
        expect(login.body).toMatchObject({ token: null, keyId: null, user: { id: 5 } })
        const cookie = login.headers['set-cookie']![0]!.split(';')[0]!
        expect((await t.http.get('/me').set('Cookie', cookie)).body).toMatchObject({ openid })
        expect((await t.http.get('/me').set(gateway)).body).toMatchObject({ openid, user: null })
        const { req, end } = await upgrade(gateway)
        expect(await t.wx.authenticate(req)).toMatchObject({ openid })
        end()
      },
      {
        before: (app) =>
          void app.use(
            expressSession({ secret: sessionSecret, resave: false, saveUninitialized: false }),
          ),
      },
    ))

  it('a plugin that believes nobody lets another one remember whom it believes', async () => {
    const { wxLogin } = await import('../../src/index.js')
    await withApp(
      { cloudHosting: true },
      async (t) => {
        expect((await ask(t, '/again', gateway)).body).toEqual([openid, openid])
      },
      {
        routes(app, wx) {
          app.use(
            wxLogin({
              ...{ appid: otherAppid, secret: 'x', session: { secret: sessionSecret } },
              routes: { login: '/second/login' },
            }),
          )
          app.get('/again', async (req, res) => {
            res.json([req.wx?.openid, (await wx.authenticate(req))?.openid])
          })
        },
      },
    )
  })

  it('of two plugins in one app each believes what it was told to', async () => {
    const { wxLogin } = await import('../../src/index.js')
    await withApp(
      { cloudHosting: true, appid: otherAppid },
      async (t) => {
        // The first serves another mini program, the second may not believe anybody.
        expect((await ask(t, '/headers', gateway)).body).toEqual({
          openid: null,
          seen: [],
          get: null,
        })
      },
      {
        routes(app, wx) {
          app.use(
            wxLogin({
              ...{ appid, secret: 'x', session: { secret: sessionSecret } },
              routes: { login: '/second/login' },
            }),
          )
          routes(app)
          void wx
        },
      },
    )
  })
})

describe('the option cloudHosting', () => {
  it('warns outside of a container of cloud hosting, once', async () => {
    delete process.env['CBR_ENV_ID']
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
    try {
      await withApp({ cloudHosting: true }, async () => undefined)
      await withApp({ cloudHosting: {} }, async () => undefined)
      const said = warn.mock.calls.filter(([text]) => String(text).includes('CBR_ENV_ID'))
      expect(said).toEqual([
        [
          expect.stringContaining('X-WX-OPENID'),
          { type: 'WxLoginWarning', code: 'WX_CLOUD_HOSTING' },
        ],
      ])
    } finally {
      warn.mockRestore()
      process.env['CBR_ENV_ID'] = 'prod-01'
    }
  })

  it.each([['yes'], [1], [null], [{ resourceSharing: 'yes' }]])('%j is no value', async (value) => {
    await expect(start({ cloudHosting: value } as never)).rejects.toThrow(/cloudHosting: must be/)
  })
})
