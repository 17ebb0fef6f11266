import { createClient } from 'redis'
import { createRecipesProject } from '../docs/recipes-project.js'
import type { Answer } from '../example-app/spawn-app.js'
import { type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

const project = createRecipesProject('docs/recipes.md')

/** The second block of the recipe takes an app, a plugin and a client for granted. */
const app = `import express from 'express'
import { wxErrorHandler, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { loginRateLimit } from './rate-limit.js'

const { env } = process
const app = express()
const redis = createRedis(env.REDIS_URL)
await redis.connect()
const wx = wxLogin({
  appid: env.WX_APPID,
  secret: env.WX_SECRET,
  session: { secret: env.SESSION_SECRET },
  wechat: { baseUrl: env.WX_API_BASE },
  redis,
})
${project.block("app.set('trust proxy', 1)")}
app.listen(Number(env.PORT), '127.0.0.1')
`

let recipe: RecipeRun
let here: RecipeServer
let there: RecipeServer
beforeAll(async () => {
  recipe = await startRecipeRun(project, { 'src/app.js': app })
  ;[here, there] = await recipe.startTwo('dist/app.js')
}, 60_000)
afterAll(() => recipe?.stop())

/** A login from this address; the proxy of the test says so. */
const from = (address: string, server = here): Promise<Answer> =>
  server.login('alice', { 'x-forwarded-for': address })

/** Posts that cost no code, by turns at both processes: they count as logins do. */
async function spend(address: string, times: number): Promise<void> {
  const headers = { 'x-forwarded-for': address }
  const posts = Array.from({ length: times }, (_, i) =>
    (i % 2 ? here : there).ask('/wx/login', { body: {}, headers }),
  )
  const statuses = new Set((await Promise.all(posts)).map(({ status }) => status))
  expect([...statuses]).toEqual([400])
}

test('the login after sixty in a minute, at whichever process, is the same 429 as WeChat’s own', async () => {
  await spend('203.0.113.1', 59)
  expect((await from('203.0.113.1')).status).toBe(200)
  const exchanges = recipe.sandbox.requests.length
  for (const server of [here, there]) {
    const { status, headers, body } = await from('203.0.113.1', server)
    expect(status).toBe(429)
    expect(body).toMatchObject({ error: { code: 'WX_RATE_LIMITED', action: 'retry' } })
    const retryAfter = Number(headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(60)
  }
  expect(recipe.sandbox.requests).toHaveLength(exchanges)
})

test('other addresses, and other routes from this one, are not concerned', async () => {
  await spend('203.0.113.2', 60)
  expect((await from('203.0.113.3')).status).toBe(200)
  const headers = { 'x-forwarded-for': '203.0.113.2' }
  expect((await here.ask('/wx/session', { headers })).status).toBe(401)
})

test('a customer with an IPv6 network has one limit, the next customer another', async () => {
  await spend('2001:db8:0:1::1', 60)
  expect((await from('2001:db8:0:1:ffff:ffff:ffff:ffff')).status).toBe(429)
  expect((await from('2001:db8:0:2::1')).status).toBe(200)
})

test('who makes an address up in front of the proxy’s does not get another limit', async () => {
  await spend('203.0.113.4', 60)
  expect((await from('198.51.100.9, 203.0.113.4')).status).toBe(429)
})

test('the counts are in Redis, under the prefix, and end by themselves', async () => {
  const redis = createClient({ url: recipe.redis.url })
  await redis.connect()
  try {
    await spend('203.0.113.5', 3)
    const [key = '', ...others] = await redis.keys('limit:login:*203.0.113.5*')
    expect(others).toEqual([])
    expect(await redis.get(key)).toBe('3')
    expect(await redis.ttl(key)).toBeGreaterThan(0)
  } finally {
    redis.destroy()
  }
})

test('while Redis is away the login itself says so', async () => {
  recipe.redis.kill()
  const { status, body } = await from('203.0.113.6')
  expect([status, body]).toMatchObject([503, { error: { code: 'WX_STORE_UNAVAILABLE' } }])
})
