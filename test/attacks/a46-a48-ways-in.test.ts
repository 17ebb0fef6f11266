import { wxLogin, WxLoginError } from '../../src/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { runToEnd } from '../example-app/spawn-app.js'
import { errorReply, sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'
import { rawRequest } from './raw-request.js'

const one = { appid: 'wx1111111111111111', secret: '1'.repeat(32) }
const two = { appid: 'wx2222222222222222', secret: '2'.repeat(32) }
const notServed = { appid: 'wx3333333333333333', secret: '3'.repeat(32) }
const referer = (appid: string): string => `https://servicewechat.com/${appid}/12/page-frame.html`

let sandbox: Sandbox
/** Serves the first app only. */
let t: AttackedApp
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, apps: [one, two, notServed], journalSize: 10_000 })
  await sandbox.listen()
  t = await startAttackedApp({
    redis: null,
    wechat: { WX_API_BASE: sandbox.baseUrl, WX_APPID: one.appid, WX_SECRET: one.secret },
  })
})
afterAll(async () => {
  await t?.close()
  await sandbox?.close()
})

const logIn = async (name = 'alice'): Promise<string> => {
  const code = sandbox.user(name).login({ appid: one.appid })
  const answer = await t.ask('/wx/login', { body: { code } })
  expect(answer.status).toBe(200)
  return answer.body.token as string
}

const exchanges = (): string[] =>
  sandbox.requests
    .filter(({ path }) => path === '/sns/jscode2session')
    .map(({ query }) => query['appid']!)

describe('attack 46: a Referer that is made up, an app that the client chooses: it grants nothing', () => {
  test('a Referer is no login', async () => {
    for (const from of [referer(one.appid), referer(two.appid), 'https://servicewechat.com/'])
      for (const path of ['/me', '/me/notes', '/wx/session'])
        expect((await t.ask(path, { headers: { referer: from } })).status).toBe(401)
  })

  test('a Referer of another app changes neither the app nor the user of a session', async () => {
    const token = await logIn()
    for (const { appid } of [two, notServed]) {
      const answer = await t.ask('/me', { token, headers: { referer: referer(appid) } })
      expect(answer.body).toMatchObject({
        appid: one.appid,
        openid: sandbox.user('alice').openid(one.appid),
      })
    }
  })

  test.each([
    ['one that WeChat knows and this server does not serve', two.appid],
    ['one that nobody knows', 'wx0000000000000000'],
    ['in capitals', one.appid.toUpperCase()],
    ['a prefix', one.appid.slice(0, -1)],
    ['a path', `${one.appid}/../${two.appid}`],
    ['a parameter', `${one.appid}&secret=x`],
    ['a prototype', '__proto__'],
    ['empty', ''],
    ['a list', [one.appid]],
    ['an object', { appid: one.appid }],
    ['null', null],
  ])('an appid in the body: %s: 400, and WeChat is not asked', async (_what, appid) => {
    const before = exchanges().length
    const code = sandbox.user('alice').login({ appid: one.appid })
    for (const headers of [{}, { referer: referer(one.appid) }, { referer: referer(two.appid) }]) {
      const answer = await t.ask('/wx/login', { body: { code, appid }, headers })
      expect(answer.status).toBe(400)
      expect(['WX_APP_UNKNOWN', 'WX_BAD_REQUEST']).toContain(answer.body.error.code)
    }
    expect(exchanges()).toHaveLength(before)
    expect((await t.ask('/wx/login', { body: { code } })).status).toBe(200)
  })

  test('a code of another app is not exchanged as that app, whatever Referer and body say', async () => {
    const before = exchanges().length
    for (const headers of [{}, { referer: referer(two.appid) }]) {
      const code = sandbox.user('alice').login({ appid: two.appid })
      const answer = await t.ask('/wx/login', { body: { code, openid: 'x' }, headers })
      expectRefusal(answer, 401, 'WX_CODE_INVALID', 'login', {
        errcode: 40029,
        rid: expect.any(String) as string,
      })
    }
    expect(exchanges().slice(before)).toEqual([one.appid, one.appid])
  })

  describe('a server for two apps', () => {
    let both: TestApp
    beforeAll(async () => {
      const apps = { appid: undefined, secret: undefined, apps: [one, two] } as object
      both = await startTestApp({ sandbox, wx: apps })
    })
    afterAll(() => both?.close())

    test('a Referer or an appid chooses among these, and only whose code it is gets in', async () => {
      const { http } = both
      const codeOf = (appid: string): string => sandbox.user('alice').login({ appid })
      const post = (body: object, from: string) =>
        http.post('/wx/login').set('Referer', from).send(body)
      await post({ code: codeOf(two.appid) }, referer(two.appid)).expect(200)
      await post({ code: codeOf(two.appid) }, referer(one.appid)).expect(401)
      await post({ code: codeOf(one.appid), appid: two.appid }, referer(one.appid)).expect(401)
      for (const from of [
        referer(notServed.appid),
        `http://servicewechat.com/${one.appid}/1/`,
        `https://servicewechat.com.evil.example/${one.appid}/1/`,
        `https://evil.example/https://servicewechat.com/${one.appid}/1/`,
        `https://user@servicewechat.com/${one.appid}/1/`,
      ]) {
        const reply = await post({ code: codeOf(one.appid) }, from)
        expect([from, reply.status, reply.body]).toEqual([
          from,
          400,
          errorReply('WX_APP_UNKNOWN', 'none'),
        ])
      }
    })
  })
})

describe('attack 47: other ways to write a route: no way past the guard, and no side effect', () => {
  const paths = [
    ...['/me', '/ME', '/Me', '/me/', '//me', '///me', '/me//', '/./me', '/public/../me'],
    ...['/%6de', '/%6D%65', '/me%2f', '/me%00', '/me%20', '/me;x=1', '/me.json', '/me?', '/me?x'],
    ...['/public/%2e%2e/me', '/public/..%2fme', '/public;/../me', '/%2e/me', '/me/%2e', '/me#x'],
    ...['/me/notes', '/ME/NOTES', '/me//notes', '/me/%6eotes', '/me/notes/', '/me/./notes'],
    ...['/me/avatar', '/me/events', '/ME/EVENTS', '/wx/session', '/WX/SESSION', '/wx//session'],
    ...['/wx/%73ession', '/wx/session/', '\\me', '/\\me', '/me\\', 'http://evil.example/me'],
  ]
  const overrides: [string, string][] = [
    ['X-Original-URL', '/public'],
    ['X-Rewrite-URL', '/public'],
    ['X-Forwarded-Prefix', '/public'],
    ['X-HTTP-Method-Override', 'GET'],
  ]

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY'])(
    '%s: without a session nothing behind the guard answers',
    async (method) => {
      for (const path of paths) {
        const headers: [string, string][] = [...overrides, ['Connection', 'close']]
        const answer = await rawRequest(t.url, { method, path, headers })
        // OPTIONS tells which methods a route has, and nothing else.
        const open = method === 'OPTIONS' && answer.status === 200
        expect([path, open || [400, 401, 404].includes(answer.status), answer.status]).toEqual([
          path,
          true,
          answer.status,
        ])
        if (!open) expect(answer.text).not.toMatch(/"(openid|notes|keyId|user)"/)
      }
    },
  )

  test('what the router takes for /me it takes for /me with a token, too', async () => {
    const token = await logIn()
    const headers: [string, string][] = [
      ['Authorization', `Bearer ${token}`],
      ['Connection', 'close'],
    ]
    const open = []
    for (const path of ['/me', '/ME', '/me/', '/%6de', '//me', '/./me', '/me%2f', '/me.json'])
      open.push((await rawRequest(t.url, { path, headers })).status)
    // The guard and the route are of one mind: who gets past one is at the other. Encoded letters are none to Express 5.
    expect(open).toEqual([200, 200, 200, 404, 404, 404, 404, 404])
  })

  test.each([
    ['GET', '/wx/login'],
    ['HEAD', '/wx/login'],
    ['PUT', '/wx/login'],
    ['DELETE', '/wx/login'],
    ['GET', '/wx/logout'],
    ['HEAD', '/wx/logout'],
    ['DELETE', '/wx/logout'],
    ['GET', '/wx/profile'],
    ['PUT', '/wx/profile'],
    ['GET', '/wx/phone'],
    ['POST', '/wx/session'],
    ['POST', '/wx%2flogin'],
    ['POST', '//wx/login'],
    ['POST', '/wx//login'],
    ['POST', '/wx/login;x'],
    ['POST', '/public/../wx/login'],
    ['POST', '/wx/login/x'],
  ])('%s %s does nothing', async (method, path) => {
    const token = await logIn()
    const code = sandbox.user('alice').login({ appid: one.appid })
    const before = exchanges().length
    const body = JSON.stringify({ code, nickName: 'of attack 47', everywhere: true })
    const answer = await rawRequest(t.url, {
      method,
      path: `${path}?code=${code}&_method=POST`,
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
        ['X-HTTP-Method-Override', 'POST'],
        ['X-Method-Override', 'POST'],
        ['Connection', 'close'],
      ],
      body,
    })
    expect(answer.status).toBe(404)
    expect(exchanges()).toHaveLength(before)
    const me = await t.ask('/me', { token })
    expect(me.status).toBe(200)
    expect(me.body.user.nickname).not.toBe('of attack 47')
    expect((await t.ask('/wx/login', { body: { code } })).status).toBe(200)
  })

  test('a POST in another spelling of its path is the same POST', async () => {
    for (const path of ['/WX/LOGIN', '/wx/login/', '/Wx/Login/']) {
      const code = sandbox.user('alice').login({ appid: one.appid })
      expect([path, (await t.ask(path, { body: { code } })).status]).toEqual([path, 200])
      expect([path, (await t.ask(path, { body: { code: '' } })).status]).toEqual([path, 400])
    }
  })
})

describe('attack 48: requests to where the attacker wants them: the address comes from the configuration alone', () => {
  let canary: LocalWeChat
  let wechat: LocalWeChat
  let own: AttackedApp
  beforeAll(async () => {
    ;[canary, wechat] = [await startLocalWeChat(), await startLocalWeChat()]
    canary.say({ openid: 'oEvil', session_key: Buffer.alloc(16, 'key').toString('base64') })
    own = await startAttackedApp({
      redis: null,
      wechat: { WX_API_BASE: wechat.baseUrl, WX_APPID: one.appid, WX_SECRET: one.secret },
    })
  })
  afterAll(async () => {
    await own?.close()
    await wechat?.close()
    await canary?.close()
  })
  let codes = 0
  const newCode = (): string => `code-of-attack-48-${String(codes++)}`

  test.each([301, 302, 303, 307, 308])('HTTP %i is not followed', async (status) => {
    for (const location of [
      `${canary.baseUrl}/sns/jscode2session?x=1`,
      `//${new URL(canary.baseUrl).host}/`,
    ]) {
      wechat.answer((_req, res) => res.writeHead(status, { location }).end())
      const answer = await own.ask('/wx/login', { body: { code: newCode() } })
      expectRefusal(answer, 502, 'WX_UPSTREAM', 'login')
      expect(wechat.requests).toHaveLength(1)
    }
    expect(canary.requests).toEqual([])
  })

  test('nor are Location and Refresh of a 200, nor pages that send on', async () => {
    const go = `${canary.baseUrl}/x`
    for (const body of [
      `<meta http-equiv="refresh" content="0;url=${go}">`,
      JSON.stringify({ location: go, url: go }),
    ]) {
      wechat.answer((_req, res) =>
        res.writeHead(200, { location: go, refresh: `0;url=${go}` }).end(body),
      )
      const answer = await own.ask('/wx/login', { body: { code: newCode() } })
      expectRefusal(answer, 502, 'WX_UPSTREAM', 'login')
    }
    expect(canary.requests).toEqual([])
  })

  test('no header, query or field says where to ask', async () => {
    wechat.say({ errcode: 40029, errmsg: 'invalid code' })
    const { host } = new URL(canary.baseUrl)
    const fields = ['baseUrl', 'base_url', 'url', 'WX_API_BASE', 'wechat', 'host', 'proxy', 'fetch']
    const claims = Object.fromEntries(fields.map((name) => [name, canary.baseUrl]))
    const answer = await own.ask(`/wx/login?${new URLSearchParams(claims).toString()}`, {
      body: { code: newCode(), ...claims, wechat: { baseUrl: canary.baseUrl } },
      headers: {
        'x-forwarded-host': host,
        'x-forwarded-server': host,
        forwarded: `host=${host}`,
        'x-original-host': host,
        'x-wx-api-base': canary.baseUrl,
        'proxy-connection': host,
        origin: canary.baseUrl,
        referer: `${canary.baseUrl}/`,
      },
    })
    expect(answer.status).toBe(401)
    expect(wechat.requests).toHaveLength(1)
    expect(canary.requests).toEqual([])
  })

  test.each([
    '/../../evil',
    '@evil.example/',
    '\\\\evil.example',
    'x#@evil.example/',
    'http://evil.example/',
  ])('the code %j stays one parameter at WeChat', async (code) => {
    wechat.say({ errcode: 40029, errmsg: 'invalid code' })
    await own.ask('/wx/login', { body: { code } })
    const url = new URL(wechat.requests[0]!.slice('GET '.length), wechat.baseUrl)
    expect([url.origin, url.pathname]).toEqual([wechat.baseUrl, '/sns/jscode2session'])
    expect(url.searchParams.getAll('js_code')).toEqual([code])
  })

  test.each([
    'ftp://api.weixin.qq.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'api.weixin.qq.com',
    '',
    'https://',
  ])('a base URL that is none (%j) is refused at the start', (baseUrl) => {
    const start = (): unknown =>
      wxLogin({ ...one, session: { secret: sessionSecret }, wechat: { baseUrl } })
    expect(start).toThrow(WxLoginError)
    expect(start).toThrow(/wechat\.baseUrl/)
  })

  test('http to another machine is refused in production', async () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const wechatOf = (baseUrl: string) => ({ wechat: { baseUrl } })
      const session = { secret: sessionSecret }
      expect(() => wxLogin({ ...one, session, ...wechatOf('http://api.weixin.qq.com') })).toThrow(
        /wechat\.baseUrl: must be an https URL/,
      )
    } finally {
      process.env['NODE_ENV'] = before
    }
    const { code, output } = await runToEnd({
      NODE_ENV: 'production',
      WX_APPID: one.appid,
      WX_SECRET: one.secret,
      WX_API_BASE: 'http://wechat.evil.example',
      SESSION_SECRET: sessionSecret,
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    })
    expect(code).not.toBe(0)
    expect(output).toMatch(/https/)
    expect(output).not.toContain(one.secret)
  })
})
