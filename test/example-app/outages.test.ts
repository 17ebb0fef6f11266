import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type Answer, type App, eventually, http, login, runToEnd, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
let postgres: PostgresServer
let redis: RedisServer
let env: Record<string, string>

beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0 })
  ;[, postgres, redis] = await Promise.all([
    sandbox.listen(0, '127.0.0.1'),
    startPostgres(),
    startRedisServer(),
  ])
  env = {
    WX_API_BASE: sandbox.baseUrl,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    SESSION_SECRET: 'one secret for all processes of this file',
  }
})

afterAll(async () => {
  await Promise.all([sandbox?.close(), postgres?.stop(), redis?.stop()])
})

const ready = (app: App) => () => http(`${app.url}/readyz`)
const is = (status: number) => (answer: Answer) => answer.status === status

/** A 503 that tells the phone to ask again, and when. */
function expectRetry(answer: Answer, code: string): void {
  expect(answer).toMatchObject({ status: 503, body: { error: { code, action: 'retry' } } })
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
}

describe('Redis', () => {
  let app: App
  let token: string

  beforeEach(async () => {
    app = await startApp(env)
    await eventually(ready(app), is(200))
    token = (await login(app, sandbox.baseUrl)).body.token
  })
  afterEach(async () => {
    expect(await app.stop()).toEqual({ code: 0, signal: null })
  })

  test('killed: sessions are 503 and never 401, no code is spent, the rest works; back by itself', async () => {
    redis.kill()
    await app.saw(/Redis is unavailable/)

    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 503,
      body: { status: 'unavailable', redis: 'unavailable', database: 'ok' },
    })
    expect((await http(`${app.url}/healthz`)).status).toBe(200)
    expect((await http(`${app.url}/public`)).status).toBe(200)
    expect((await http(`${app.url}/public`, { token })).status).toBe(200)
    expectRetry(await http(`${app.url}/me`, { token }), 'WX_STORE_UNAVAILABLE')
    expect((await http(`${app.url}/me`)).status).toBe(401) // no token is no session, whatever Redis does

    const code = sandbox.user('alice').login()
    expectRetry(await http(`${app.url}/wx/login`, { body: { code } }), 'WX_STORE_UNAVAILABLE')

    await redis.restart()
    await app.saw(/Redis is there again/)
    await eventually(ready(app), is(200))
    expect((await http(`${app.url}/wx/login`, { body: { code } })).status).toBe(200)
    // One line when it went and one when it came, however often the client tried.
    expect(app.log().filter(({ msg }) => /Redis is/.test(String(msg)))).toHaveLength(2)
  })

  test('frozen: every answer comes all the same; back by itself', async () => {
    redis.freeze()
    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 503,
      body: { redis: 'unavailable' },
    })
    expect((await http(`${app.url}/public`)).status).toBe(200)
    expectRetry(await http(`${app.url}/me`, { token }), 'WX_STORE_UNAVAILABLE')
    redis.thaw()
    await eventually(ready(app), is(200))
    expect((await http(`${app.url}/me`, { token })).status).toBe(200)
  })

  test('down at the start: the app starts, says so on /readyz, and recovers', async () => {
    redis.kill()
    const early = await startApp(env)
    try {
      expect(await http(`${early.url}/readyz`)).toMatchObject({
        status: 503,
        body: { redis: 'unavailable' },
      })
      expect((await http(`${early.url}/public`)).status).toBe(200)
      expectRetry(await http(`${early.url}/me`, { token }), 'WX_STORE_UNAVAILABLE')
      await redis.restart()
      const thereAt = performance.now()
      await eventually(ready(early), is(200))
      expect((await login(early, sandbox.baseUrl)).status).toBe(200)
      expect(performance.now() - thereAt).toBeLessThan(3000)
    } finally {
      await early.stop()
    }
  })
})

describe('the database', () => {
  test('killed: what needs it is 503, sessions still work; back by itself', async () => {
    const app = await startApp(env)
    await eventually(ready(app), is(200))
    const { token } = (await login(app, sandbox.baseUrl)).body
    const addNote = () => http(`${app.url}/me/notes`, { token, body: { text: 'later' } })
    expect((await addNote()).status).toBe(201)

    await postgres.kill()
    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 503,
      body: { status: 'unavailable', redis: 'ok', database: 'unavailable' },
    })
    expectRetry(await addNote(), 'DATABASE_UNAVAILABLE')
    expectRetry(await http(`${app.url}/me/notes`, { token }), 'DATABASE_UNAVAILABLE')
    expect((await http(`${app.url}/me`, { token })).status).toBe(200)
    expect((await http(`${app.url}/public`)).status).toBe(200)
    expect((await login(app, sandbox.baseUrl)).body.error).toMatchObject({
      code: 'WX_USER_HOOK_FAILED',
      action: 'retry',
    })

    await postgres.restart()
    await eventually(ready(app), is(200))
    expect((await addNote()).status).toBe(201)
    expect(await app.stop()).toEqual({ code: 0, signal: null })
  })

  test('down at the start: the app starts, says so on /readyz, migrates when it can', async () => {
    await postgres.kill()
    const app = await startApp(env)
    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 503,
      body: { database: 'unavailable' },
    })
    await postgres.restart()
    await app.saw(/the database is there and migrated/)
    await eventually(ready(app), is(200))
    expect((await login(app, sandbox.baseUrl)).status).toBe(200)
    expect(await app.stop()).toEqual({ code: 0, signal: null })
  })

  test('silent at the start: nothing waits for it', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const app = await startApp({
      ...env,
      DATABASE_URL: `postgres://postgres@127.0.0.1:${port}/postgres`,
    })
    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 503,
      body: { database: 'unavailable' },
    })
    expect((await http(`${app.url}/public`)).status).toBe(200)
    expect((await login(app, sandbox.baseUrl)).body.error).toMatchObject({
      code: 'WX_USER_HOOK_FAILED',
    })
    expect(await app.stop()).toEqual({ code: 0, signal: null })
    silent.close()
  })

  test('that does not exist ends the start: waiting would not help', async () => {
    const { code, output } = await runToEnd({ ...env, DATABASE_URL: `${postgres.url}-nowhere` })
    expect(code).toBe(1)
    expect(output).toContain('does not exist')
  })
})
