import { createContext, runInContext } from 'node:vm'
import { codeOf } from '../docs/markdown.js'
import { createWorkspace, run } from '../docs/workspace.js'
import { apps, onSandbox, type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

const page = 'docs/cloud-hosting.md'
const orders = codeOf(page, "app.get('/orders'")
const sharing = `import express from 'express'
import { getWx, requireWxSession, wxErrorHandler } from 'express-wx-login'
import { wx } from './sharing.js'

const app = express().use(wx)
app.get('/who', requireWxSession, (req, res) => {
  const { appid, openid } = getWx(req)
  res.json({ appid, openid })
})
app.use(wxErrorHandler)
app.listen(Number(process.env.PORT))
`
const [app, other, stranger] = apps
const openid = 'oTestUser'

const workspace = createWorkspace()

let recipe: RecipeRun
let server: RecipeServer
beforeAll(async () => {
  recipe = await startRecipeRun(workspace, {
    'package.json': '{ "type": "module" }',
    'orders.js': onSandbox(orders),
    'off.js': orders.replace('cloudHosting: true,', ''),
    'sharing.js': onSandbox(codeOf(page, 'resourceSharing: true')),
    'shared.js': sharing,
  })
  server = await recipe.start('orders.js')
}, 60_000)
afterAll(() => recipe?.stop())

/** What WeChat's gateway adds to a call of this user. */
const gateway = (of: string): Record<string, string> => ({
  'x-wx-source': 'wx_client',
  'x-wx-appid': app.appid,
  'x-wx-openid': of,
})

interface Call {
  path: string
  method: string
  header: Record<string, string>
  data?: object
}

/** What an answer says. */
interface Said {
  [name: string]: unknown
}

/** Runs a block for the phone of this user, with the gateway between it and the server; what it gets. */
function onPhone(code: string, of: string): Promise<{ statusCode: number; data: Said }> {
  const callContainer = async ({ path, method, header, data }: Call): Promise<object> => {
    const headers = { ...header, ...gateway(of) }
    const answer = await server.ask(path, { method, headers, ...(data && { body: data }) })
    return { statusCode: answer.status, data: answer.body as unknown }
  }
  const call = code.replace(/^await /, '')
  return runInContext(call, createContext({ wx: { cloud: { callContainer } } })) as ReturnType<
    typeof onPhone
  >
}

/** The line for the shell, at this server; what curl prints. */
async function curl(change: (line: string) => string, at = server): Promise<Said> {
  const line = codeOf(page, 'curl -H').replace('http://127.0.0.1:80', at.url)
  const { stdout } = await run('bash', ['-c', `WX_APPID=${app.appid}\n${change(line)}`])
  return JSON.parse(stdout) as Said
}

test('a call through the gateway needs no login', async () => {
  const { statusCode, data } = await onPhone(codeOf(page, "path: '/orders'"), openid)
  expect([statusCode, data]).toEqual([200, { of: openid }])
})

test('the line for the shell plays the gateway, and is refused without X-WX-SOURCE', async () => {
  expect(await curl((line) => line)).toEqual({ of: openid })
  const refused = await server.ask('/orders', {
    headers: { 'x-wx-appid': app.appid, 'x-wx-openid': openid },
  })
  expect(refused.status).toBe(401)
  const without = await curl((line) => line.replace("-H 'X-WX-SOURCE: wx_client' ", ''))
  expect(without).toMatchObject({ error: { code: 'WX_SESSION_REQUIRED' } })
})

test('a server without the option believes none of it', async () => {
  const off = await recipe.start('off.js')
  expect((await off.ask('/orders', { headers: gateway(openid) })).status).toBe(401)
})

test('the warning of a server that is not in cloud hosting does not come where it is', async () => {
  expect(server.output()).toContain('WX_CLOUD_HOSTING')
  const hosted = await recipe.start('orders.js', { CBR_ENV_ID: 'prod-01' })
  expect((await hosted.ask('/orders', { headers: gateway(openid) })).status).toBe(200)
  expect(hosted.output()).not.toContain('WX_CLOUD_HOSTING')
})

test('a login without a code makes a session, whose token is good without the gateway too', async () => {
  const { statusCode, data } = await onPhone(codeOf(page, "path: '/wx/login'"), openid)
  expect([statusCode, data]).toMatchObject([200, { keyId: null, token: expect.any(String) }])
  const token = data.token as string
  expect((await server.ask('/orders', { token })).body).toEqual({ of: openid })
  const strange = await server.ask('/orders', { token, headers: gateway('oOther') })
  expect([strange.status, strange.body.error?.code]).toEqual([400, 'WX_BAD_REQUEST'])
})

test('a login with a code is a whole one, and the code has to be of the user of the headers', async () => {
  const alice = recipe.sandbox.user('alice').openid()
  const { status, body } = await server.login('alice', gateway(alice))
  expect([status, body.keyId]).toEqual([200, expect.stringMatching(/^[0-9a-f]{8}$/)])
  expect((await server.login('bob', gateway(alice))).status).toBe(400)
})

test('the users of a mini program that shares the environment come in where it is named', async () => {
  const shared = await recipe.start('shared.js', {
    WX_OTHER_APPID: other.appid,
    WX_OTHER_SECRET: other.secret,
  })
  const from = (appid: string): Record<string, string> => ({
    'x-wx-source': 'wx_client',
    'x-wx-appid': app.appid,
    'x-wx-from-appid': appid,
    'x-wx-from-openid': openid,
  })
  const who = async (at: RecipeServer, path: string, headers: Record<string, string>) => {
    const { status, body } = await at.ask(path, { headers })
    return [status, body.error?.code ?? body]
  }
  expect(await who(shared, '/who', from(other.appid))).toEqual([
    200,
    { appid: other.appid, openid },
  ])
  expect(await who(shared, '/who', from(stranger.appid))).toEqual([400, 'WX_APP_UNKNOWN'])
  expect(await who(shared, '/who', { ...from(other.appid), 'x-wx-openid': 'oBoth' })).toEqual([
    400,
    'WX_BAD_REQUEST',
  ])
  // Without resourceSharing they are nobody.
  expect(await who(server, '/orders', from(other.appid))).toEqual([401, 'WX_SESSION_REQUIRED'])
})
