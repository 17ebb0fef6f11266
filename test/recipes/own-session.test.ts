import { createRecipesProject } from '../docs/recipes-project.js'
import { onSandbox, type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

/** The web site of the recipe, with its sessions in Redis, and a page of its own that knows nothing of WeChat. */
const site = `import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { wxErrorHandler } from 'express-wx-login'
import { createApp } from './own-session.js'

const client = createClient({ url: process.env.REDIS_URL })
await client.connect()
const app = createApp(new RedisStore({ client, prefix: 'site:' }))
app.post('/visits', (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1
  res.json({ visits: req.session.visits })
})
app.use(wxErrorHandler)
app.listen(Number(process.env.PORT), '127.0.0.1')
`

const project = createRecipesProject('docs/recipes.md')

let recipe: RecipeRun
let here: RecipeServer
let there: RecipeServer
beforeAll(async () => {
  recipe = await startRecipeRun(project, {
    'src/own-session.js': onSandbox(project.block('export function createApp(store)')),
    'src/site.js': site,
  })
  ;[here, there] = await recipe.startTwo('dist/site.js')
}, 60_000)
afterAll(() => recipe?.stop())

/** The cookie of a reply as a browser sends it back. */
const cookieOf = ({ headers }: { headers: Headers }): { cookie: string } => ({
  cookie: headers.getSetCookie().map((line) => line.split(';')[0]!)[0]!,
})

test('a login puts the user into the session of the site: a cookie, and no token', async () => {
  const reply = await here.login()
  expect([reply.status, reply.body]).toEqual([200, expect.objectContaining({ token: null })])
  const headers = cookieOf(reply)
  expect(headers.cookie).toMatch(/^connect\.sid=s%3A/)
  // The store is the site's, so another process knows it too.
  for (const server of [here, there]) {
    const { body } = await server.ask('/me', { headers })
    expect(body).toEqual({ openid: recipe.sandbox.user('alice').openid() })
  }
})

test('without the cookie, and with one of a visitor who has not logged in, the guard refuses', async () => {
  const visitor = cookieOf(await here.ask('/visits', { method: 'POST' }))
  for (const headers of [{}, visitor]) {
    const { status, body } = await here.ask('/me', { headers })
    expect([status, body.error.code]).toEqual([401, 'WX_SESSION_REQUIRED'])
  }
})

test('a login gives the visitor another cookie: the one from before logs nobody in', async () => {
  const visitor = cookieOf(await here.ask('/visits', { method: 'POST' }))
  const user = cookieOf(await here.login('bob', visitor))
  expect(user).not.toEqual(visitor)
  expect((await here.ask('/me', { headers: user })).status).toBe(200)
  expect((await here.ask('/me', { headers: visitor })).status).toBe(401)
})

test('pages of the site use the same session, and the user stays logged in', async () => {
  const headers = cookieOf(await here.login())
  await here.ask('/visits', { method: 'POST', headers })
  expect((await there.ask('/visits', { method: 'POST', headers })).body).toEqual({ visits: 2 })
  expect((await there.ask('/me', { headers })).status).toBe(200)
})

test('after a logout the cookie is good for nothing', async () => {
  const headers = cookieOf(await here.login())
  expect((await here.ask('/wx/logout', { method: 'POST', headers })).status).toBe(204)
  expect((await there.ask('/me', { headers })).status).toBe(401)
})
