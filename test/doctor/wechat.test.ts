import { type AddressInfo, createServer } from 'node:net'
import * as fc from 'fast-check'
import { compareClock } from '../../src/doctor/clock.js'
import { type Patient, wechatAt } from '../../src/doctor/patient.js'
import { checkSandbox } from '../../src/doctor/sandbox.js'
import { checkSession } from '../../src/doctor/set-up.js'
import { checkWeChat } from '../../src/doctor/wechat.js'
import type { WxFinding } from '../../src/index.js'
import { createSandbox, SANDBOX_APPID, type Sandbox } from '../../src/sandbox/index.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { raw } from '../sandbox/support.js'
import { finding, troubles } from './run-doctor.js'

const app = { appid: 'wx1234567890abcdef', secret: 'f00dfeedf00dfeed1234deadbeef5678' }
const token = { access_token: '57_token', expires_in: 7200 }

let wechat: LocalWeChat
beforeEach(async () => {
  wechat = await startLocalWeChat()
})
afterEach(() => wechat.close())

const patient = (changes: Partial<NonNullable<Patient['wechat']>> = {}, apps = [app]): Patient => ({
  apps,
  wechat: { ...wechatAt(wechat.baseUrl), ...changes },
  sessionSecrets: [],
  store: 'other',
  redis: undefined,
})
const asked = (changes?: Parameters<typeof patient>[0]): Promise<WxFinding[]> =>
  checkWeChat(patient(changes), 2000)

async function inProduction<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    return await work()
  } finally {
    process.env['NODE_ENV'] = before
  }
}

describe('what WeChat says to AppID and AppSecret', () => {
  it('a token: all is well; the token is not kept, and a new one is not forced', async () => {
    let body = ''
    wechat.answer((req, res) => {
      req.on('data', (chunk: Buffer) => (body += chunk.toString()))
      req.on('end', () => res.end(JSON.stringify(token)))
    })
    const findings = await asked()
    expect(troubles(findings)).toEqual([])
    expect(findings.map(({ check }) => check)).toEqual(['wechat', 'clock', 'app', 'ip-list'])
    expect(JSON.stringify(findings)).not.toContain(token.access_token)
    expect(wechat.requests).toEqual(['POST /cgi-bin/stable_token'])
    expect(JSON.parse(body)).toEqual({
      grant_type: 'client_credential',
      ...app,
      force_refresh: false,
    })
  })

  it.each<[number | string, 'warning' | 'error', RegExp, RegExp]>([
    [40125, 'error', /AppSecret is not the one of wx1234567890abcdef/, /开发者密码.*开发设置/],
    [40001, 'error', /AppSecret is not the one/, /reset it/],
    ['40125', 'error', /AppSecret is not the one/, /开发设置/],
    [40013, 'error', /does not know the AppID wx1234567890abcdef/, /Copy the AppID/],
    [40243, 'error', /is frozen/, /解冻.*ten minutes/],
    [45009, 'warning', /quota .* is used up/, /what asks for them so often/],
    [45011, 'warning', /quota .* is used up/, /what asks for them so often/],
    [
      50007,
      'error',
      /wx1234567890abcdef: .* errcode 50007: .*frozen \(rid 6a-b-c1\)/,
      /全局返回码/,
    ],
    [12345, 'error', /wx1234567890abcdef: WeChat answered errcode 12345 \(rid/, /support/],
  ])('errcode %p is a %s', async (errcode, level, message, fix) => {
    wechat.say({ errcode, errmsg: 'no rid: 6a-b-c1' })
    expect(troubles(await asked())).toEqual([finding('app', level, message, fix)])
  })

  it('without a rid none is told', async () => {
    wechat.say({ errcode: 50007, errmsg: 'frozen' })
    const [found] = troubles(await asked())
    expect(found).toEqual(finding('app', 'error', /^WeChat refuses wx1234567890abcdef: .*50007/))
    expect(found!.message).not.toContain('rid')
  })

  it('the AppID of the sandbox, asked of somebody else, is recognised', async () => {
    wechat.say({ errcode: 40013, errmsg: 'invalid appid' })
    const sandboxApp = { ...app, appid: 'wx000000000sandbox' }
    expect(troubles(await checkWeChat(patient({}, [sandboxApp]), 2000))).toEqual([
      finding('app', 'error', /wx000000000sandbox/, /AppID of the sandbox: set WX_API_BASE/),
    ])
  })

  it('busy is a warning', async () => {
    wechat.say({ errcode: -1, errmsg: 'system error' })
    expect(troubles(await asked())).toEqual([finding('wechat', 'warning', /busy/, /Try again/)])
  })

  it('each app of several is named; what is the same for all need not be', async () => {
    const sandbox = createSandbox({ apps: [app, { ...app, appid: 'wxsecond' }] })
    const apps = [app, { appid: 'wxsecond', secret: 'wrong' }]
    const findings = await checkWeChat(patient({ fetch: sandbox.fetch }, apps), 2000)
    expect(findings).toContainEqual(finding('app', 'ok', /wx1234567890abcdef/))
    expect(troubles(findings)).toEqual([finding('app', 'error', /wxsecond/)])
  })

  it('of very many apps the first ten are asked about, and that is said', async () => {
    wechat.say(token)
    const apps = Array.from({ length: 25 }, (_, i) => ({ ...app, appid: `wx${String(i)}` }))
    const findings = await checkWeChat(patient({}, apps), 2000)
    expect(wechat.requests).toHaveLength(10)
    expect(findings).toContainEqual(finding('app', 'ok', /^Of 25 apps the first 10/))
  })

  it('where an own exchange of codes does not need the AppSecret, a wrong one is a warning', async () => {
    wechat.say({ errcode: 40125, errmsg: 'invalid appsecret' })
    const code2Session = (): never => {
      throw new Error('not called')
    }
    expect(troubles(await asked({ code2Session }))).toEqual([
      finding('app', 'warning', /AppSecret is not the one/),
    ])
  })

  it('where codes and tokens are the app’s own business, nobody is asked', async () => {
    const own = (): never => {
      throw new Error('not called')
    }
    const findings = await asked({ code2Session: own, accessToken: own })
    expect(findings).toEqual([finding('app', 'ok', /^Not asked/)])
    expect(wechat.requests).toEqual([])
  })

  it('where a function finds the apps, nobody is asked', async () => {
    expect(await checkWeChat(patient({}, []), 2000)).toEqual([finding('app', 'ok', /^Not asked/)])
  })
})

describe('an IP that is not on the list', () => {
  it('is named, as WeChat sees it; the login works all the same', async () => {
    wechat.say({
      errcode: 40164,
      errmsg: 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1-2-3',
    })
    expect(troubles(await asked())).toEqual([
      finding('ip-list', 'warning', /IP 203\.0\.113\.7 .*the login works all the same/, /IP白名单/),
    ])
  })

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7,', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['999.1.1.1', undefined],
    [app.secret, undefined],
    ['<script>', undefined],
    ['', undefined],
  ])('of WeChat’s words only an IP is quoted: %p', async (said, quoted) => {
    wechat.say({ errcode: 40164, errmsg: `invalid ip ${said}, not in whitelist` })
    const [found] = troubles(await asked())
    const who = quoted === undefined ? 'This server’s IP is' : `This server’s IP ${quoted} is`
    expect(found!.message.startsWith(who)).toBe(true)
    expect(found!.message).not.toContain(app.secret)
  })

  it('where WeChat has no words at all, no IP is quoted', async () => {
    wechat.say({ errcode: 40164 })
    expect(troubles(await asked())).toEqual([
      finding('ip-list', 'warning', /^This server’s IP is not on/),
    ])
  })

  it.each<[number, RegExp, RegExp]>([
    [61004, /not on the app’s IP list/, /IP白名单/],
    [89501, /waits for an administrator/, /Let an administrator/],
    [89503, /must be confirmed by an administrator/, /Let an administrator/],
    [89506, /refused twice/, /IP白名单/],
    [89507, /refused by an administrator, for one hour/, /IP白名单/],
  ])('errcode %i', async (errcode, message, fix) => {
    wechat.say({ errcode, errmsg: 'ip' })
    expect(troubles(await asked())).toEqual([finding('ip-list', 'warning', message, fix)])
  })

  it('does not matter where access tokens come from elsewhere', async () => {
    wechat.say({ errcode: 40164, errmsg: 'invalid ip 203.0.113.7' })
    const findings = await asked({ accessToken: () => 'token' })
    expect(troubles(findings)).toEqual([])
    expect(findings).toContainEqual(finding('ip-list', 'ok', /203\.0\.113\.7.*accessToken/))
  })
})

describe('a WeChat that is not reached', () => {
  const reached = async (baseUrl: string, ms = 2000): Promise<WxFinding[]> =>
    checkWeChat(patient({ baseUrl }), ms)

  it('the name is not known', async () => {
    expect(await reached('https://no-such-host.invalid')).toEqual([
      finding('wechat', 'error', /cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/, /DNS/),
    ])
  })

  it('nobody listens', async () => {
    expect(await reached('http://127.0.0.1:1')).toEqual([
      finding('wechat', 'error', /cannot be connected to \(/, /port 443.*start it/),
    ])
  })

  it('TLS fails', async () => {
    expect(await reached(wechat.baseUrl.replace('http:', 'https:'))).toEqual([
      finding('wechat', 'error', /TLS connection to WeChat failed/, /ca-certificates/),
    ])
  })

  it('it takes the connection and stays silent', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    expect(await reached(`http://127.0.0.1:${String(port)}`, 200)).toEqual([
      finding('wechat', 'error', /did not answer in time/, /wechat\.fetch/),
    ])
    silent.close()
  })

  it.each<[string, (w: LocalWeChat) => void, RegExp]>([
    ['HTTP 502', (w) => w.answer((_, res) => res.writeHead(502).end('<h1>502')), /HTTP 502/],
    ['a login page', (w) => w.say('<html>Log in to the Wi-Fi'), /no JSON object/],
    ['another JSON', (w) => w.say({ hello: 'world' }), /it cannot be read/],
    [
      'a redirect',
      (w) => w.answer((_, res) => res.writeHead(302, { location: '/' }).end()),
      /HTTP 302/,
    ],
  ])('something else answers: %s', async (_, prepare, message) => {
    prepare(wechat)
    expect(troubles(await asked())).toEqual([finding('wechat', 'error', message, /whatever proxy/)])
  })
})

describe('the clock', () => {
  const withDate = (date: string | undefined): void => {
    wechat.answer((_, res) => {
      res.sendDate = false
      if (date !== undefined) res.setHeader('date', date)
      res.end(JSON.stringify(token))
    })
  }
  const inMinutes = (minutes: number): string =>
    new Date(Date.now() + minutes * 60_000).toUTCString()

  it.each<[string, string | undefined, WxFinding[]]>([
    ['right', inMinutes(0), [finding('clock', 'ok', /agrees/)]],
    ['hardly off', inMinutes(0.8), [finding('clock', 'ok', /agrees/)]],
    ['two minutes behind', inMinutes(2), [finding('clock', 'warning', /1[12]\d s behind/, /NTP/)]],
    ['two minutes ahead', inMinutes(-2), [finding('clock', 'warning', /1[12]\d s ahead of/)]],
    ['an hour behind', inMinutes(60), [finding('clock', 'error', /3[56]\d\d s behind.*refused/)]],
    ['an hour ahead', inMinutes(-60), [finding('clock', 'error', /3[56]\d\d s ahead of/)]],
    ['not told', undefined, []],
    ['nonsense', 'yesterday', []],
  ])('%s', async (_, date, expected) => {
    withDate(date)
    const findings = await asked()
    expect(findings.filter(({ check }) => check === 'clock')).toEqual(expected)
  })

  it('is never called wrong for an answer that took long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (before, took, share) => {
          const date = new Date(before + took * share).toUTCString()
          expect(compareClock(date, before, before + took)).toEqual([
            expect.objectContaining({ level: 'ok' }),
          ])
        },
      ),
    )
  })
})

describe('the address of WeChat', () => {
  const check = (baseUrl: string, apps = [app]): Promise<WxFinding[]> =>
    checkSandbox(patient({ baseUrl }, apps), 500)

  it.each([
    'https://api.weixin.qq.com',
    'https://sh.api.weixin.qq.com',
    'https://api2.weixin.qq.com/',
  ])('%s is WeChat’s own, and not asked whether it is a sandbox', async (baseUrl) => {
    expect(await inProduction(() => check(baseUrl))).toEqual([finding('sandbox', 'ok', /own/)])
  })

  it('is WeChat’s own, but the app is the one of the sandbox: an error in production', async () => {
    const apps = [{ ...app, appid: SANDBOX_APPID }]
    const found = await inProduction(() => check('https://api.weixin.qq.com', apps))
    expect(found).toEqual([finding('sandbox', 'error', /public one of the sandbox/, /WX_APPID/)])
  })

  describe('that leads to a sandbox', () => {
    let sandbox: Sandbox
    beforeEach(async () => {
      sandbox = createSandbox()
      await sandbox.listen()
    })
    afterEach(() => sandbox.close())

    it('is an error in production', async () => {
      expect(await inProduction(() => check(`${sandbox.baseUrl}/`))).toEqual([
        finding('sandbox', 'error', /A sandbox stands in for WeChat/, /unset/),
      ])
    })

    it('also under a name that the sandbox does not expect', async () => {
      const send = async (url: string): Promise<Response> => {
        const headers = { host: 'sandbox:3900' }
        const { status, body } = await raw(sandbox, new URL(url).pathname, { headers })
        expect(status).toBe(403)
        return new Response(body, { status })
      }
      const named = patient({ baseUrl: sandbox.baseUrl, fetch: send })
      expect(await inProduction(() => checkSandbox(named, 500))).toEqual([
        finding('sandbox', 'error', /A sandbox stands in for WeChat/),
      ])
    })

    it('is fine, and said, in development', async () => {
      expect(await check(sandbox.baseUrl)).toEqual([finding('sandbox', 'ok', /not WeChat/)])
    })
  })

  it.each<[string, (w: LocalWeChat) => void]>([
    ['answers everything with a page', (w) => w.say('<html>')],
    ['answers everything with JSON', (w) => w.say({ now: 'a text', error: 'another' })],
    ['is silent', (w) => w.answer(() => undefined)],
  ])('that leads elsewhere is a warning: one that %s', async (_, prepare) => {
    prepare(wechat)
    expect(await check(wechat.baseUrl)).toEqual([
      finding('sandbox', 'warning', /not WeChat’s: the AppSecret goes there/, /proxy of your own/),
    ])
  })

  it('of another machine without TLS is a second warning', async () => {
    expect(await check('http://no-such-host.invalid')).toEqual([
      finding('sandbox', 'warning', /not WeChat’s/),
      finding('sandbox', 'warning', /in the clear/, /https/),
    ])
  })

  it('WeChat’s own name without TLS, and a name that only ends like it, are not WeChat’s', async () => {
    for (const baseUrl of [
      'http://api.weixin.qq.com.invalid',
      'https://evilweixin.qq.com.invalid',
    ]) {
      expect((await check(baseUrl))[0]).toEqual(finding('sandbox', 'warning', /not WeChat’s/))
    }
  })
})

describe('a store of the app’s own without Redis', () => {
  const judged = (): WxFinding[] => troubles(checkSession(patient()), 'session')

  it('is a warning in production: each process knows its own logins only', async () => {
    expect(await inProduction(async () => judged())).toEqual([
      finding('session', 'warning', /know this process only/, /option redis/),
    ])
  })

  it('is fine in development', () => {
    expect(judged()).toEqual([])
  })
})

describe('the session secret', () => {
  const judged = (...sessionSecrets: string[]): WxFinding[] =>
    troubles(checkSession({ ...patient(), store: 'redis', sessionSecrets }), 'session')

  it.each([
    'keyboard cat keyboard cat keyboard cat',
    'change-me-change-me-change-me-change-me',
    'a session secret of the consumers, long enough',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '0123456789abcdef0123456789abcdef',
    'abababcdabababcdabababcdabababcdabab',
  ])('is easy to guess: %s', (secret) => {
    expect(judged(secret)).toEqual([finding('session', 'warning', /easy to guess/, /openssl/)])
    expect(judged('9c1f6a0d7be24583a1c07d5e8f3b6429', secret)).toHaveLength(1)
  })

  it('is none of these where it is random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        // Hardly any random bytes are that few.
        fc.pre(new Set(bytes).size > 24)
        const secret = Buffer.from(bytes)
        expect(judged(secret.toString('hex'), secret.toString('base64'))).toEqual([])
      }),
    )
  })

  it('is the AppSecret', () => {
    expect(judged(app.secret)).toEqual([finding('session', 'warning', /is the AppSecret/)])
  })
})
