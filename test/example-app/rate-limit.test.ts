import { type FakeWeChat, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

let wechat: FakeWeChat
let direct: App
let proxied: App

beforeAll(async () => {
  wechat = await startFakeWeChat()
  const env = { ...wechat.env, LOGIN_RATE_LIMIT: '3' }
  ;[direct, proxied] = await Promise.all([startApp(env), startApp({ ...env, TRUST_PROXY: '1' })])
})

afterAll(async () => {
  await Promise.all([direct?.stop(), proxied?.stop()])
  await wechat?.close()
})

let codes = 0
const login = (app: App, o: { ip?: string; path?: string } = {}) =>
  http(app.url + (o.path ?? '/wx/login'), {
    body: { code: `ann-${codes++}` },
    ...(o.ip !== undefined && { headers: { 'x-forwarded-for': o.ip } }),
  })
const statuses = async (app: App, ips: string[]): Promise<number[]> => {
  const all: number[] = []
  for (const ip of ips) all.push((await login(app, { ip })).status)
  return all
}

describe('the rate limit on logins', () => {
  test('answers 429 in the shape of WeChat’s own limit, costs no code, and spares other routes', async () => {
    expect(await statuses(direct, ['198.51.100.1', '198.51.100.2', '198.51.100.3'])).toEqual([
      200, 200, 200,
    ])
    const exchanges = wechat.sessionKeys.size

    // Without TRUST_PROXY the header is only what a client claims.
    const { status, headers, body } = await login(direct, { ip: '198.51.100.4' })
    expect(status).toBe(429)
    expect(body).toEqual({
      error: {
        code: 'WX_RATE_LIMITED',
        message: expect.any(String),
        action: 'retry',
        requestId: headers.get('x-request-id'),
      },
    })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)

    for (const path of ['/WX/LOGIN', '/wx/login/', '//wx/login', '/wx/./login', '/wx/login?x=1'])
      expect([404, 429]).toContain((await login(direct, { path })).status)
    expect(wechat.sessionKeys.size).toBe(exchanges)

    expect((await http(`${direct.url}/public`)).status).toBe(200)
    expect((await http(`${direct.url}/metrics`)).body).toMatch(
      /app_errors_total\{code="WX_RATE_LIMITED"\} [1-9]/,
    )
  })

  test('counts by client behind a proxy, and IPv6 clients by their subnet', async () => {
    expect(
      await statuses(proxied, ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.1']),
    ).toEqual([200, 200, 200, 429])
    expect(await statuses(proxied, ['203.0.113.2'])).toEqual([200])
    expect(
      await statuses(proxied, [
        '2001:db8:1:1::1',
        '2001:db8:1:2::2',
        '2001:db8:1:3::3',
        '2001:db8:1:4::4',
      ]),
    ).toEqual([200, 200, 200, 429])
    expect(await statuses(proxied, ['2001:db8:2::1'])).toEqual([200])
    // What the client itself put in front of the proxy's entry does not count.
    expect(await statuses(proxied, ['10.9.9.9, 203.0.113.1'])).toEqual([429])
  })
})
