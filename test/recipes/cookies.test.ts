import { createRecipesProject } from '../docs/recipes-project.js'
import type { Answer } from '../example-app/spawn-app.js'
import { onSandbox, type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

/** The second block makes the app, with its check of origins; the first is the plugin behind it. */
const h5 = `import { getWx, requireWxSession, wxErrorHandler } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { createWx } from './cookies.js'
import { app } from './origins.js'

const redis = createRedis(process.env.REDIS_URL)
await redis.connect()
if (process.env.TRUST_PROXY) app.set('trust proxy', Number(process.env.TRUST_PROXY))
app.use(createWx(redis))
app.get('/me', requireWxSession, (req, res) => res.json({ openid: getWx(req).openid }))
app.post('/orders', requireWxSession, (req, res) => res.json({ ordered: true }))
app.use(wxErrorHandler)
app.listen(Number(process.env.PORT), '127.0.0.1')
`

const project = createRecipesProject('docs/recipes.md')
/** What the proxy in front of the server adds, which speaks https with the browser. */
const https = { 'x-forwarded-proto': 'https' }

let recipe: RecipeRun
let server: RecipeServer
beforeAll(async () => {
  recipe = await startRecipeRun(project, {
    'src/cookies.js': onSandbox(project.block('export const createWx')),
    'src/h5.js': h5,
  })
  server = await recipe.start('dist/h5.js', { TRUST_PROXY: '1' })
}, 60_000)
afterAll(() => recipe?.stop())

interface Login {
  token: string
  /** As a browser sends it back. */
  cookie: string
  /** As the server has set it. */
  line: string
}

async function login(name = 'alice'): Promise<Login> {
  const { body, headers } = await server.login(name, https)
  const [line = ''] = headers.getSetCookie()
  return { token: body.token as string, line, cookie: line.split(';')[0]! }
}

const me = (headers: Record<string, string>): Promise<Answer> =>
  server.ask('/me', { headers: { ...https, ...headers } })

const order = (headers: Record<string, string>): Promise<Answer> =>
  server.ask('/orders', { method: 'POST', headers: { ...https, ...headers } })

test('a login sets a cookie that scripts cannot read and foreign sites cannot post', async () => {
  const { line } = await login()
  expect(line.split('; ')).toEqual(expect.arrayContaining(['HttpOnly', 'Secure', 'SameSite=Lax']))
})

test('the page is logged in by the cookie, the mini program by the header', async () => {
  const { cookie, token } = await login()
  const alice = { openid: recipe.sandbox.user('alice').openid() }
  expect((await me({ cookie })).body).toEqual(alice)
  expect((await me({ authorization: `Bearer ${token}` })).body).toEqual(alice)
  expect((await me({})).status).toBe(401)
})

test('two different tokens in one request are 400, the same one twice is none', async () => {
  const [alice, bob] = [await login('alice'), await login('bob')]
  const authorization = `Bearer ${alice.token}`
  expect((await me({ cookie: bob.cookie, authorization })).status).toBe(400)
  expect((await me({ cookie: alice.cookie, authorization })).status).toBe(200)
})

test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])(
  'the plugin’s own routes do not take what a foreign form can send: %s',
  async (type) => {
    const { cookie } = await login()
    const headers = { cookie, 'content-type': type, ...https }
    for (const path of ['/wx/profile', '/wx/phone', '/wx/logout']) {
      const { status, body } = await server.ask(path, { body: '{"everywhere":true}', headers })
      expect([path, status, body.error?.code]).toEqual([path, 415, 'WX_BAD_REQUEST'])
    }
    expect((await me({ cookie })).status).toBe(200)
  },
)

test('a page of a foreign origin changes nothing, with the cookie or without', async () => {
  const { cookie } = await login()
  for (const origin of ['https://evil.example', 'null', 'https://h5.example.com.evil.example'])
    for (const headers of [{ origin }, { origin, cookie }])
      expect((await order(headers)).status).toBe(403)
  const headers = { cookie, origin: 'https://evil.example', ...https }
  expect((await server.ask('/wx/logout', { method: 'POST', headers })).status).toBe(403)
  expect((await me({ cookie })).status).toBe(200)
})

test('the own page and the mini program change what they like, and everybody may read', async () => {
  const { cookie, token } = await login()
  expect((await order({ cookie, origin: 'https://h5.example.com' })).status).toBe(200)
  expect((await order({ authorization: `Bearer ${token}` })).status).toBe(200)
  expect((await me({ cookie, origin: 'https://evil.example' })).status).toBe(200)
})

test('the cookie is sent again when it slides, behind a proxy only with trust proxy', async () => {
  const { cookie } = await login()
  expect((await me({ cookie })).headers.getSetCookie()).toHaveLength(1)
  const trustless = await recipe.start('dist/h5.js')
  const reply = await trustless.ask('/me', { headers: { cookie, ...https } })
  expect([reply.status, reply.headers.getSetCookie()]).toEqual([200, []])
})

test('a logout in the mini program ends the page’s session too where they share it', async () => {
  const { cookie, token } = await login()
  expect((await server.ask('/wx/logout', { method: 'POST', token, headers: https })).status).toBe(
    204,
  )
  expect((await me({ cookie })).status).toBe(401)
})
