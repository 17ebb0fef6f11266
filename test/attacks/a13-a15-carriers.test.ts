import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import {
  type MonitoredApp,
  expectLoginWanted,
  expectRefusal,
  startMonitoredApp,
} from './attacked-app.js'
import { rawRequest, type RawRequest, sendRaw } from './raw-request.js'

type Headers = NonNullable<RawRequest['headers']>

let t: MonitoredApp
/** The package with cookies on, on the same Redis. */
let cookies: TestApp
let client: WxRedis
let alice: string
let mallory: string
/** The same two with cookies on: token and cookie. */
let withCookies: { token: string; cookie: string }[]
beforeAll(async () => {
  t = await startMonitoredApp()
  client = createRedis(t.redis.url)
  await client.connect()
  cookies = await startTestApp({
    wx: { redis: client, redisPrefix: 'cookies:', transport: { cookie: true } },
    routes(app) {
      app.get('/headers', (req, res) => res.json({ cookie: req.headers.cookie ?? null }))
    },
  })
  ;[alice, mallory] = [(await t.login('alice')).token, (await t.login('mallory')).token]
  withCookies = []
  for (const name of ['alice', 'mallory']) {
    const code = cookies.sandbox.user(name).login()
    const reply = await cookies.post('/wx/login', { code }).expect(200)
    const [cookie = ''] = (reply.headers['set-cookie'] as unknown as string[])[0]!.split(';')
    withCookies.push({ token: (reply.body as { token: string }).token, cookie })
  }
})
afterAll(async () => {
  await cookies?.close()
  await client?.close()
  await t?.close()
})

const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`]

describe('attack 13: two tokens in one request: refused, and never silently one of them', () => {
  /** Everywhere the same: no session is used and none is ended. */
  async function refusesBoth(url: string, headers: Headers): Promise<void> {
    const json: Headers = [...headers, ['Content-Type', 'application/json']]
    const requests: RawRequest[] = [
      { path: '/me', headers },
      { path: '/wx/session', headers },
      { method: 'POST', path: '/wx/logout', headers: json, body: '{"everywhere":true}' },
      { method: 'POST', path: '/wx/profile', headers: json, body: '{"nickName":"x"}' },
      { method: 'POST', path: '/wx/login', headers: json, body: '{"code":"never-exchanged"}' },
    ]
    for (const request of requests)
      expectRefusal(await rawRequest(url, request), 400, 'WX_BAD_REQUEST', 'none')
  }

  test.each<[string, () => Headers]>([
    ['two headers', () => [bearer(alice), bearer(mallory)]],
    ['two headers, the other way round', () => [bearer(mallory), bearer(alice)]],
    [
      'two headers in two spellings',
      () => [bearer(alice), ['aUTHORIZATION', `bearer   ${mallory}`]],
    ],
    [
      'headers that a proxy has joined',
      () => [['Authorization', `Bearer ${alice}, Bearer ${mallory}`]],
    ],
    [
      'a good and a forged one',
      () => [bearer(alice), bearer(`${'A'.repeat(32)}.${'B'.repeat(43)}`)],
    ],
    ['a forged and a good one', () => [bearer('forged'), bearer(alice)]],
  ])('%s', async (_what, headers) => {
    const before = t.exchanges()
    await refusesBoth(t.url, headers())
    expect(t.exchanges()).toBe(before)
    // A route for everybody answers, to nobody in particular.
    expect((await rawRequest(t.url, { path: '/public', headers: headers() })).status).toBe(200)
    expect(await t.me(alice)).toBe(200)
    expect(await t.me(mallory)).toBe(200)
  })

  test('one token said twice is one token', async () => {
    const answer = await rawRequest(t.url, { headers: [bearer(alice), bearer(alice)] })
    expect(answer.status).toBe(200)
  })

  test.each<[string, () => Headers]>([
    ['two cookies', () => [['Cookie', withCookies.map(({ cookie }) => cookie).join('; ')]]],
    ['two Cookie headers', () => withCookies.map(({ cookie }) => ['Cookie', cookie] as const)],
    [
      'header and cookie of different users',
      () => [bearer(withCookies[0]!.token), ['Cookie', withCookies[1]!.cookie]],
    ],
    [
      'cookie and header of different users',
      () => [['Cookie', withCookies[0]!.cookie], bearer(withCookies[1]!.token)],
    ],
  ])('with cookies on: %s', async (_what, headers) => {
    await refusesBoth(cookies.url, headers())
    const anonymous = await rawRequest(cookies.url, { path: '/public', headers: headers() })
    expect(anonymous.body).toEqual({ openid: null, session: false })
    for (const { token } of withCookies) await cookies.get('/me', token).expect(200)
  })
})

describe('attack 14: a cookie smuggled in through the token: refused by its form', () => {
  const smuggled: [string, (token: string, cookie: string) => string][] = [
    ['behind a good token', (token, cookie) => `${token}; ${cookie}`],
    ['behind a good token, without a space', (token, cookie) => `${token};${cookie}`],
    ['behind nothing', (_token, cookie) => `; ${cookie}`],
    ['behind a word', (_token, cookie) => `x; ${cookie}`],
    ['behind a comma', (token, cookie) => `${token}, ${cookie}`],
    [
      'as the name of express-session',
      (token, cookie) => `${token}; connect.sid=${cookie.split('=')[1]}`,
    ],
    ['instead of a token', (_token, cookie) => cookie],
    ['as its value', (_token, cookie) => cookie.split('=')[1]!],
    ['as its value, decoded', (_token, cookie) => decodeURIComponent(cookie.split('=')[1]!)],
  ]

  test.each(smuggled)('%s', async (_what, make) => {
    const [first, second] = withCookies as [(typeof withCookies)[0], (typeof withCookies)[0]]
    const value = make(first.token, second.cookie)
    const commands = await t.monitor.during(async () => {
      const answer = await rawRequest(cookies.url, { headers: [bearer(value)] })
      expectLoginWanted(answer)
      expectLoginWanted(await rawRequest(t.url, { headers: [bearer(value)] }))
      const headers: Headers = [bearer(value), ['Cookie', 'theme=dark']]
      // Nothing of it is ever among the cookies that the app sees.
      expect((await rawRequest(cookies.url, { path: '/headers', headers })).body).toEqual({
        cookie: 'theme=dark',
      })
    })
    expect(commands).toEqual([])
  })

  test('and a good token leaves the request’s own cookies as they are', async () => {
    const headers: Headers = [
      bearer(withCookies[0]!.token),
      ['Cookie', 'theme=dark; connect.sid=x'],
    ]
    const answer = await rawRequest(cookies.url, { path: '/headers', headers })
    expect(answer.body).toEqual({ cookie: 'theme=dark; connect.sid=x' })
  })
})

describe('attack 15: monstrous tokens: 401 without a look at Redis, and 431 where Node stops reading', () => {
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1')
  const monsters: [string, string][] = [
    ['8 kB', 'A'.repeat(8192)],
    ['8 kB of dots', '.'.repeat(8192)],
    ['8 kB of spaces in between', `a${' '.repeat(8190)}a`],
    ['8 kB of commas', ','.repeat(8192)],
    ['8 kB of schemes', 'Bearer '.repeat(1170)],
    ['another script', utf8('登录令牌')],
    ['an emoji', utf8('🔑'.repeat(20))],
    ['a lone surrogate in bytes', '\xed\xa0\x80'],
    ['bytes that are no UTF-8', '\xff\xfe\xc0\x80'],
    ['broken percent-encoding', '%E0%A4%A'],
    ['NUL in percent-encoding', '%00'],
    ['a percent sign', '%'],
    ['control characters that are allowed', '\t\x80\x9f'],
    ['the name of a property', '__proto__'],
    ['brackets', '[object Object]'],
  ]

  test.each(monsters)('%s, in the header and in the cookie', async (_what, token) => {
    const commands = await t.monitor.during(async () => {
      expectLoginWanted(await rawRequest(t.url, { headers: [bearer(token)] }))
      expectLoginWanted(await rawRequest(cookies.url, { headers: [bearer(token)] }))
      const value = token.replaceAll(/[;,\s]/g, '_')
      for (const cookie of [value, `s%3A${value}`, `"${value}"`])
        expectLoginWanted(
          await rawRequest(cookies.url, { headers: [['Cookie', `wx.sid=${cookie}`]] }),
        )
    })
    expect(commands).toEqual([])
  })

  test('NUL itself and line breaks do not come past Node', async () => {
    for (const token of ['a\0b', 'a\rb', 'a\nb']) {
      const answer = await sendRaw(
        t.url,
        `GET /me HTTP/1.1\r\nHost: app\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      )
      expect(answer.status).toBe(400)
    }
  })

  test('20 kB is 431, and the server is there for the next', async () => {
    const answer = await rawRequest(t.url, { headers: [bearer('A'.repeat(20_000))] })
    expect(answer.status).toBe(431)
    expect(await t.me(alice)).toBe(200)
  })

  // Time is not measured here. What takes long for its length shows in what a hundred of them at once hold up:
  // all are answered, and a good token in their midst is good.
  test('a hundred of 8 kB at once hold nobody up', async () => {
    const all = monsters.filter(([, token]) => token.length > 8000)
    const asked = Array.from({ length: 100 }, (_, i) =>
      rawRequest(t.url, { headers: [bearer(all[i % all.length]![1])] }),
    )
    expect(await t.me(alice)).toBe(200)
    for (const answer of await Promise.all(asked)) expectLoginWanted(answer)
  })
})
