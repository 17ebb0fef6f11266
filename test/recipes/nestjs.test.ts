import { connect } from 'node:net'
import { createRecipesProject } from '../docs/recipes-project.js'
import { startFakeWeChat } from '../example-app/fake-wechat.js'
import { until } from '../support/until.js'
import { onSandbox, type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

const project = createRecipesProject('docs/recipes.md')

let recipe: RecipeRun
let server: RecipeServer
beforeAll(async () => {
  const main = onSandbox(project.block('// main.ts'))
  recipe = await startRecipeRun(project, {
    'src/main.ts': main,
    'src/prefixed.ts': main.replace('await app.listen', "app.setGlobalPrefix('api')\n$&"),
  })
  server = await recipe.start('dist/main.js')
}, 60_000)
afterAll(() => recipe?.stop())

const user = (name: string): unknown => ({ id: `user of ${recipe.sandbox.user(name).openid()}` })

test('the plugin’s routes are there, and onUser is the app’s own provider', async () => {
  const { status, body } = await server.login()
  expect([status, body]).toEqual([200, expect.objectContaining({ user: user('alice') })])
})

test('the guard lets a token through, and the decorator hands its user to the controller', async () => {
  const { token } = (await server.login('bob')).body
  const { status, body } = await server.ask('/me', { token })
  expect([status, body]).toEqual([200, user('bob')])
})

test('the guard refuses who has no token, a forged one or one that has ended, as the plugin does', async () => {
  const { token } = (await server.login()).body
  expect((await server.ask('/wx/logout', { method: 'POST', token })).status).toBe(204)
  for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: 'Bearer x' }]) {
    const { status, body } = await server.ask('/me', { headers })
    expect(status).toBe(401)
    expect(body).toMatchObject({ error: { code: 'WX_SESSION_REQUIRED', action: 'login' } })
  }
})

test('what is no error of the plugin is answered by NestJS', async () => {
  const { status, body } = await server.ask('/nowhere')
  expect([status, body]).toEqual([404, expect.objectContaining({ message: 'Cannot GET /nowhere' })])
})

test('while Redis is away the guard says 503 and when to come back', async () => {
  const { token } = (await server.login()).body
  recipe.redis.freeze()
  try {
    const { status, headers, body } = await server.ask('/me', { token })
    expect(status).toBe(503)
    expect(body).toMatchObject({ error: { code: 'WX_STORE_UNAVAILABLE', action: 'retry' } })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    recipe.redis.thaw()
  }
})

test('a global prefix moves the controllers and not the plugin, as the page says', async () => {
  const prefixed = await recipe.start('dist/prefixed.js')
  const { token } = (await prefixed.login()).body
  expect((await prefixed.ask('/api/me', { token })).body).toEqual(user('alice'))
  expect((await prefixed.ask('/api/wx/session', { token })).status).toBe(404)
})

test('on SIGTERM a login that is under way gets its session, and the process ends by itself', async () => {
  const wechat = await startFakeWeChat()
  try {
    const ending = await recipe.start('dist/main.js', wechat.env)
    const release = wechat.hold()
    const login = ending.ask('/wx/login', { body: { code: 'carol-1' } })
    await wechat.received(1)
    const exited = ending.stop('SIGTERM')
    // It is on its way out once it takes no new connections.
    await until(() => connects(ending.url).then((open) => !open))
    release()
    expect(await login).toMatchObject({ status: 200, body: { token: expect.any(String) } })
    expect(await exited).toEqual({ code: 0, signal: null })
  } finally {
    await wechat.close()
  }
})

/** Whether the server takes a new connection. */
function connects(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
