import { wxLogin, WxLoginError } from '../../src/index.js'
import { runToEnd } from '../example-app/spawn-app.js'
import { sessionSecret } from '../support/test-app.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'

const one = { appid: 'wx1111111111111111', secret: '1'.repeat(32) }

describe('attack 48: requests to where the attacker wants them: the address comes from the configuration alone', () => {
  let canary: LocalWeChat
  let wechat: LocalWeChat
  let t: AttackedApp
  beforeAll(async () => {
    ;[canary, wechat] = [await startLocalWeChat(), await startLocalWeChat()]
    canary.say({ openid: 'oEvil', session_key: Buffer.alloc(16, 'key').toString('base64') })
    t = await startAttackedApp({
      redis: null,
      wechat: { ...one, baseUrl: wechat.baseUrl },
    })
  })
  afterAll(async () => {
    await t?.close()
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
      const answer = await t.ask('/wx/login', { body: { code: newCode() } })
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
      const answer = await t.ask('/wx/login', { body: { code: newCode() } })
      expectRefusal(answer, 502, 'WX_UPSTREAM', 'login')
    }
    expect(canary.requests).toEqual([])
  })

  test('no header, query or field says where to ask', async () => {
    wechat.say({ errcode: 40029, errmsg: 'invalid code' })
    const { host } = new URL(canary.baseUrl)
    const fields = ['baseUrl', 'base_url', 'url', 'WX_API_BASE', 'wechat', 'host', 'proxy', 'fetch']
    const claims = Object.fromEntries(fields.map((name) => [name, canary.baseUrl]))
    const answer = await t.ask(`/wx/login?${new URLSearchParams(claims).toString()}`, {
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
    await t.ask('/wx/login', { body: { code } })
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
