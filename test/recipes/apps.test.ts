import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { codeOf } from '../docs/markdown.js'
import { createWorkspace } from '../docs/workspace.js'
import { apps, onSandbox, type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

const block = (words: string): string => codeOf('docs/apps.md', words)

const [, first, second] = apps

/** The server around a block that makes `wx`: who one is, the calls of the page, and the reader's own part. */
const app = (makeWx: string, readersPart = ''): string => `import express from 'express'
import { getWx, requireWxSession, wxErrorHandler } from 'express-wx-login'
${makeWx}
const app = express().use(wx)
app.get('/who', requireWxSession, (req, res) => {
  const { appid, openid } = getWx(req)
  res.json({ appid, openid })
})
app.post('/calls', express.json(), async (req, res) => {
  const { appid, openid, code, content } = req.body
  ${block('msg_sec_check')}
  res.json({ token: await wx.api.accessToken({ appid }) })
})
${readersPart}
app.use(wxErrorHandler)
app.listen(Number(process.env.PORT), '127.0.0.1')
`

const files = {
  'package.json': '{ "type": "module" }',

  'list.js': onSandbox(block("appid: 'wx1111111111111111'")),
  'list-app.js': app(`import { wx } from './list.js'`),

  'function.js': onSandbox(block('db.findApp(appid)')),
  'function-app.js': app(
    `import { createWx } from './function.js'
const asked = []
const findApp = async (appid) => {
  asked.push(appid)
  return appid === '${first.appid}' ? { appid, secret: process.env.WX_SECRET_1 } : null
}
const wx = createWx({ findApp })`,
    `app.get('/asked', (req, res) => res.json(asked.splice(0)))`,
  ),

  'platform.js': onSandbox(block('createWx = (platform)')).replace(
    "'https://api.weixin.qq.com/sns",
    "process.env.WX_API_BASE + '/sns",
  ),
  'platform-app.js': app(`import { createWx } from './platform.js'
const wx = createWx({
  appid: 'wxplatform',
  serves: async (appid) => appid === '${first.appid}',
  accessToken: async () => 'component token',
  authorizerToken: async (appid, { not }) => (not ? 'new-' : 'old-') + appid,
})`),

  'central.js': onSandbox(block('createWx = (tokens)')),
  'central-app.js': app(`import { createWx } from './central.js'
const wx = createWx({
  get: async (appid, { not, signal }) => {
    if (!not) return 'ended'
    const body = JSON.stringify({ grant_type: 'client_credential', appid, secret: process.env.WX_SECRET })
    const url = process.env.WX_API_BASE + '/cgi-bin/stable_token'
    return (await (await fetch(url, { method: 'POST', body, signal })).json()).access_token
  },
})`),
}

const workspace = createWorkspace()

/** What of WeChat the sandbox does not play: answers by path, each told the whole request. */
type Endpoint = (url: URL) => object | undefined
let beyondSandbox: Record<string, Endpoint> = {}
let calls: URL[] = []

const wechat = createServer((req: IncomingMessage, res: ServerResponse) => {
  const url = new URL(req.url ?? '', 'http://wechat')
  calls.push(url)
  const answer = beyondSandbox[url.pathname]?.(url)
  if (answer) res.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  else recipe.sandbox.handler(req, res)
})

let recipe: RecipeRun
beforeAll(async () => {
  recipe = await startRecipeRun(workspace, files)
  wechat.listen(0, '127.0.0.1')
  await once(wechat, 'listening')
}, 60_000)
beforeEach(() => {
  beyondSandbox = {}
  calls = []
})
afterAll(async () => {
  await recipe?.stop()
  wechat.closeAllConnections()
  wechat.close()
})

const start = (file: keyof typeof files): Promise<RecipeServer> =>
  recipe.start(file, {
    WX_API_BASE: `http://127.0.0.1:${String((wechat.address() as AddressInfo).port)}`,
    WX_SECRET_1: first.secret,
    WX_SECRET_2: second.secret,
  })

/** Posts this login; the status, and the error's code or the token. */
async function login(
  server: RecipeServer,
  body: object,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const answer = await server.ask('/wx/login', { body, headers })
  return [answer.status, (answer.body.error?.code ?? answer.body.token) as string]
}

describe('a list of apps', () => {
  let server: RecipeServer
  beforeAll(async () => {
    server = await start('list-app.js')
  })
  const alice = (): ReturnType<typeof recipe.sandbox.user> => recipe.sandbox.user('alice')

  test('the login is for the app of the body, or of the Referer', async () => {
    const { appid } = second
    const code = (): string => alice().login({ appid })
    for (const attempt of [
      login(server, { code: code(), appid }),
      login(server, { code: code() }, { referer: alice().referer(appid) }),
    ]) {
      const [status, token] = await attempt
      expect(status).toBe(200)
      const { body } = await server.ask('/who', { token })
      expect(body).toEqual({ appid, openid: alice().openid(appid) })
    }
    expect(alice().openid(first.appid)).not.toBe(alice().openid(second.appid))
  })

  test('an app that is not in the list, no app, and the code of another app are refused', async () => {
    const { appid } = first
    const code = alice().login({ appid })
    const unknown = { code, appid: 'wx3333333333333333' }
    expect(await login(server, unknown)).toEqual([400, 'WX_APP_UNKNOWN'])
    const referer = alice().referer(appid).replace(appid, unknown.appid)
    expect(await login(server, { code }, { referer })).toEqual([400, 'WX_APP_UNKNOWN'])
    expect(await login(server, { code })).toEqual([400, 'WX_APP_UNKNOWN'])
    expect(await login(server, { code, appid: second.appid })).toEqual([401, 'WX_CODE_INVALID'])
  })

  test('the calls of wx.api name their app, and each is made with a token of that app', async () => {
    const { appid } = first
    const openid = alice().openid(appid)
    await login(server, { code: alice().login({ appid }), appid })
    const checked: (string | null)[] = []
    beyondSandbox['/wxa/msg_sec_check'] = (url) => {
      checked.push(url.searchParams.get('access_token'))
      return { errcode: 0, errmsg: 'ok', result: { suggest: 'pass', label: 100 } }
    }
    const { code } = alice().phoneNumber({ appid })
    const { status, body } = await server.ask('/calls', {
      body: { appid, openid, code, content: '你好' },
    })
    expect([status, body]).toEqual([200, { token: expect.any(String) }])
    expect(checked).toEqual([body.token])
    const paths = calls.map(({ pathname }) => pathname)
    expect(paths.filter((path) => path === '/cgi-bin/stable_token')).toHaveLength(1)
    expect(paths).toEqual(
      expect.arrayContaining(['/wxa/business/getuserphonenumber', '/wxa/checksession']),
    )
  })
})

test('a function is asked once a login, before the code is spent, and never by the guard', async () => {
  const server = await start('function-app.js')
  const asked = async (): Promise<unknown> => (await server.ask('/asked')).body
  const { appid } = first
  const code = recipe.sandbox.user('alice').login({ appid })
  expect(await login(server, { code, appid: second.appid })).toEqual([400, 'WX_APP_UNKNOWN'])
  expect(await login(server, { code })).toEqual([400, 'WX_APP_UNKNOWN'])
  expect(calls).toEqual([])
  await asked()
  const [status, token] = await login(server, { code, appid })
  expect(status).toBe(200)
  expect(await asked()).toEqual([appid])
  expect((await server.ask('/who', { token })).body).toMatchObject({ appid })
  expect(await asked()).toEqual([])
})

test('a third-party platform exchanges codes with its own token, and calls with the authorizer’s', async () => {
  const server = await start('platform-app.js')
  const { appid } = first
  const errcodes: Record<string, number> = {
    ...{ bad: 40029, spent: 40163, risky: 40226 },
    ...{ often: 45011, busy: -1, other: 61003 },
  }
  beyondSandbox['/sns/component/jscode2session'] = ({ searchParams }) => {
    const errcode = errcodes[searchParams.get('js_code')!]
    if (errcode) return { errcode, errmsg: 'no' }
    return { openid: 'oOfThePlatform', session_key: Buffer.alloc(16, 7).toString('base64') }
  }
  const used: (string | null)[] = []
  beyondSandbox['/wxa/business/getuserphonenumber'] = ({ searchParams }) => {
    const token = searchParams.get('access_token')
    used.push(token)
    if (token?.startsWith('old')) return { errcode: 40001, errmsg: 'invalid credential' }
    const watermark = { timestamp: Math.floor(Date.now() / 1000), appid }
    const number = { phoneNumber: '13800000000', purePhoneNumber: '13800000000', countryCode: '86' }
    return { errcode: 0, errmsg: 'ok', phone_info: { ...number, watermark } }
  }

  const [status, token] = await login(server, { code: 'good', appid })
  expect(status).toBe(200)
  expect((await server.ask('/who', { token })).body).toEqual({ appid, openid: 'oOfThePlatform' })
  expect(Object.fromEntries(calls[0]!.searchParams)).toEqual({
    appid,
    js_code: 'good',
    grant_type: 'authorization_code',
    component_appid: 'wxplatform',
    component_access_token: 'component token',
  })

  expect(await login(server, { code: 'bad', appid })).toEqual([401, 'WX_CODE_INVALID'])
  expect(await login(server, { code: 'spent', appid })).toEqual([401, 'WX_CODE_USED'])
  expect(await login(server, { code: 'risky', appid })).toEqual([403, 'WX_USER_BLOCKED'])
  expect(await login(server, { code: 'often', appid })).toEqual([429, 'WX_RATE_LIMITED'])
  expect(await login(server, { code: 'busy', appid })).toEqual([503, 'WX_BUSY'])
  expect(await login(server, { code: 'other', appid })).toEqual([502, 'WX_UPSTREAM'])
  const notOurs = { code: 'good', appid: second.appid }
  expect(await login(server, notOurs)).toEqual([400, 'WX_APP_UNKNOWN'])

  const phone = await server.ask('/wx/phone', { body: { code: 'tap' }, token })
  expect([phone.status, phone.body]).toMatchObject([200, { phoneNumber: '13800000000' }])
  expect(used).toEqual([`old-${appid}`, `new-${appid}`])
})

test('a central token service is asked at each call, and for another token where WeChat refuses one', async () => {
  const server = await start('central-app.js')
  const alice = recipe.sandbox.user('alice')
  const { token } = (await server.login('alice')).body
  for (let call = 0; call < 2; call += 1) {
    const { code } = alice.phoneNumber()
    const { status, body } = await server.ask('/wx/phone', { body: { code }, token })
    expect([status, body]).toEqual([200, expect.objectContaining({ countryCode: '86' })])
  }
  const paths = calls.map(({ pathname }) => pathname)
  const phone = '/wxa/business/getuserphonenumber'
  expect(paths.filter((path) => path === phone)).toHaveLength(4)
  // Only the service asks for tokens, never the plugin.
  expect(paths.filter((path) => path === '/cgi-bin/stable_token')).toHaveLength(2)
})
