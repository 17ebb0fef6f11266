import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'
import {
  type AttackedApp,
  expectLoginWanted,
  expectRefusal,
  startAttackedApp,
} from './attacked-app.js'

/** The package with cookies on; the example app has none. */
let cookies: TestApp
let t: AttackedApp
const events: string[] = []
beforeAll(async () => {
  cookies = await startTestApp({
    wx: {
      transport: { cookie: true },
      onUser: ({ reason }) => void events.push(reason),
      onLogout: () => void events.push('logout'),
    },
  })
  t = await startAttackedApp({ redis: null })
})
afterAll(async () => {
  await cookies?.close()
  await t?.close()
})

const setCookies = (reply: { headers: object }): string[] =>
  (reply.headers as { 'set-cookie'?: string[] })['set-cookie'] ?? []
const pair = (setCookie: string): string => setCookie.split(';')[0]!

async function logIn(name = 'victim'): Promise<string> {
  const code = cookies.sandbox.user(name).login()
  return setCookies(await cookies.post('/wx/login', { code }).expect(200))[0]!
}

describe('attack 43: the cookie’s flags: HttpOnly, Secure in production, SameSite, no Domain, a name of its own', () => {
  const flagsOf = (setCookie: string): string[] =>
    setCookie
      .split('; ')
      .slice(1)
      .map((flag) => flag.replace(/^Expires=.*/, 'Expires'))
      .toSorted()

  test('at login, at every use and at logout', async () => {
    const login = await logIn()
    const use = setCookies(await cookies.http.get('/me').set('Cookie', pair(login)).expect(200))
    const logout = setCookies(
      await cookies.http.post('/wx/logout').set('Cookie', pair(login)).expect(204),
    )
    for (const [cookie, ...more] of [[login], use, logout]) {
      expect(more).toEqual([])
      expect(cookie).toMatch(/^wx\.sid=/)
      expect(flagsOf(cookie!)).toEqual(['Expires', 'HttpOnly', 'Path=/', 'SameSite=Lax'])
    }
  })

  test('Secure in production', async () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const { createOwnCookieApp } = await import('../http/production-app.js')
      const cookie = await createOwnCookieApp('the session secret of attack 43, long enough')
      expect(flagsOf(cookie)).toEqual(['Expires', 'HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
    } finally {
      process.env['NODE_ENV'] = before
    }
  })

  test('nobody who was refused or is anonymous gets one', async () => {
    const { http } = cookies
    for (const reply of [
      await http.get('/public'),
      await http.get('/me'),
      await http.post('/wx/login').send({ code: 'nobody’s' }),
      await http.post('/wx/login').send({ code: 'forged' }),
      await http.get('/me').set('Cookie', 'wx.sid=s%3Aforged.signature'),
    ])
      expect(setCookies(reply)).toEqual([])
  })

  test('the example app, like all that do not ask for cookies, sets none and reads none', async () => {
    const { token } = await t.login('victim')
    const answer = await t.ask('/wx/login', { body: { code: t.sandbox.user('victim').login() } })
    expect(answer.headers.get('set-cookie')).toBeNull()
    for (const cookie of [`wx.sid=${token}`, `wx.sid=s%3A${token}`, `connect.sid=s%3A${token}`]) {
      expectLoginWanted(await t.ask('/me', { headers: { cookie } }))
    }
  })
})

// A page elsewhere can have a browser send these three content types, and an empty body, without asking. That the
// cookie does not come along is the browser's part (SameSite=Lax); here it comes all the same.
describe('attack 44: requests that a page elsewhere makes a browser send', () => {
  const crossSite = {
    Origin: 'https://evil.example',
    Referer: 'https://evil.example/page',
    'Sec-Fetch-Site': 'cross-site',
    'Sec-Fetch-Mode': 'no-cors',
  }
  const alive = async (cookie: string): Promise<number> =>
    (await cookies.http.get('/me').set('Cookie', pair(cookie))).status

  test.each([
    ['text/plain', '{"nickName":"x","everywhere":true,"code":"CODE"}'],
    ['text/plain;charset=application/json', '{"nickName":"x","everywhere":true,"code":"CODE"}'],
    ['application/x-www-form-urlencoded', 'nickName=x&everywhere=true&code=CODE'],
    ['application/x-www-form-urlencoded', '{"nickName":"x","code":"CODE","everywhere":"=true"}'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="code"\r\n\r\nCODE\r\n--b--\r\n',
    ],
    ['', '{"nickName":"x","everywhere":true,"code":"CODE"}'],
  ])('%j: 415, changes nothing, spends no code', async (type, text) => {
    const cookie = await logIn()
    const code = cookies.sandbox.user('mallory').login()
    const before = [events.length, cookies.exchanges()]
    for (const path of ['/wx/login', '/wx/profile', '/wx/phone', '/wx/logout']) {
      const reply = await cookies.http
        .post(path)
        .set({ ...crossSite, Cookie: pair(cookie), 'Content-Type': type })
        .send(text.replace('CODE', code))
      expect([path, reply.status]).toEqual([path, 415])
      expect(reply.body).toEqual(errorReply('WX_BAD_REQUEST', 'none'))
      expect(setCookies(reply).some((set) => pair(set) !== pair(cookie))).toBe(false)
    }
    expect([events.length, cookies.exchanges()]).toEqual(before)
    expect(await alive(cookie)).toBe(200)
    // Login CSRF: the code of the attacker was not spent on the victim's browser.
    await cookies.post('/wx/login', { code }).expect(200)
  })

  test('an empty body logs nobody in and saves nothing', async () => {
    const cookie = await logIn()
    for (const path of ['/wx/login', '/wx/profile', '/wx/phone']) {
      const reply = await cookies.http.post(path).set({ ...crossSite, Cookie: pair(cookie) })
      expect([path, reply.status]).toEqual([path, 400])
    }
    expect(await alive(cookie)).toBe(200)
  })

  // The one request that means something without a body. A page elsewhere can have it sent; a browser sends it without
  // the cookie, and from there it is the logout of nobody.
  test('an empty body to /wx/logout: SameSite is what keeps the session, and a logout all that it keeps off', async () => {
    const cookie = await logIn()
    const other = await logIn()
    expect(cookie).toMatch(/; SameSite=Lax(;|$)/)
    const before = events.length
    const withoutCookie = await cookies.http.post('/wx/logout').set(crossSite)
    expect([withoutCookie.status, setCookies(withoutCookie)]).toEqual([204, []])
    expect([await alive(cookie), events.length]).toEqual([200, before])

    // With `sameSite: 'none'`, or a browser that knows no SameSite: this session ends, and no other.
    await cookies.http
      .post('/wx/logout')
      .set({ ...crossSite, Cookie: pair(cookie) })
      .expect(204)
    expect([await alive(cookie), await alive(other)]).toEqual([401, 200])
    expect(events.slice(before)).toEqual(['logout'])
  })

  test.each(['GET', 'HEAD', 'OPTIONS'] as const)('%s changes nothing', async (method) => {
    const cookie = await logIn()
    const code = cookies.sandbox.user('mallory').login()
    const before = [events.length, cookies.exchanges()]
    for (const path of ['login', 'logout', 'profile', 'phone'])
      for (const query of ['', `?code=${code}&everywhere=true&nickName=x&_method=POST`]) {
        const { status } = await cookies.http[method.toLowerCase() as 'get'](`/wx/${path}${query}`)
          .set({ ...crossSite, Cookie: pair(cookie) })
          .set('X-HTTP-Method-Override', 'POST')
        expect([path, status]).toEqual([path, method === 'OPTIONS' ? 200 : 404])
      }
    expect([events.length, cookies.exchanges()]).toEqual(before)
    expect(await alive(cookie)).toBe(200)
  })

  test('where no cookies are on, a browser brings nothing that opens anything', async () => {
    const { token } = await t.login('victim')
    for (const path of ['/wx/profile', '/wx/phone', '/me/notes']) {
      const headers = { ...crossSite, cookie: `wx.sid=s%3A${token}` }
      const answer = await t.ask(path, { body: { nickName: 'x', text: 'x' }, headers })
      expectLoginWanted(answer)
    }
    const text = { 'content-type': 'text/plain', ...crossSite }
    const body = JSON.stringify({ code: t.sandbox.user('mallory').login() })
    expectRefusal(
      await t.ask('/wx/login', { body, headers: text }),
      ...([415, 'WX_BAD_REQUEST', 'none'] as const),
    )
  })
})

describe('attack 45: CORS: nobody elsewhere may read an answer', () => {
  const origins = ['https://evil.example', 'null', 'https://servicewechat.com', 'http://localhost']

  test.each(origins)('Origin: %s', async (origin) => {
    const cookie = pair(await logIn())
    const { token } = await t.login('victim')
    const expectClosed = (name: string, value: string | null | undefined): void =>
      expect([name, value ?? null]).toEqual([name, null])
    const headers = { Origin: origin, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }
    const preflight = {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    }
    const allowing = [
      'access-control-allow-origin',
      'access-control-allow-credentials',
      'access-control-allow-headers',
      'access-control-allow-methods',
      'access-control-expose-headers',
    ]
    for (const path of ['/me', '/public', '/wx/session', '/wx/login', '/wx/profile', '/nowhere']) {
      const replies = [
        await cookies.http.get(path).set({ ...headers, Cookie: cookie }),
        await cookies.http
          .post(path)
          .set({ ...headers, Cookie: cookie })
          .send({ code: 'x' }),
        await cookies.http.options(path).set({ ...headers, ...preflight }),
      ]
      for (const reply of replies)
        for (const name of allowing)
          expectClosed(name, (reply.headers as Record<string, string>)[name])
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await t.ask(path, {
          method,
          token,
          headers: { ...headers, ...(method === 'OPTIONS' && preflight) },
        })
        for (const name of allowing) expectClosed(name, answer.headers.get(name))
      }
    }
  })
})
