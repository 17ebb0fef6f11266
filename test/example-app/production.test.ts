import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { redisUrl } from '../support/redis.js'
import { type FakeWeChat, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

let postgres: PostgresServer
let wechat: FakeWeChat
let app: App

beforeAll(async () => {
  ;[postgres, wechat] = await Promise.all([startPostgres(), startFakeWeChat()])
  app = await startApp({
    ...wechat.env,
    NODE_ENV: 'production',
    DATABASE_URL: postgres.url,
    REDIS_URL: redisUrl(),
    SESSION_SECRET: 'a session secret of production, long enough',
  })
})

afterAll(async () => {
  await app?.stop()
  await Promise.all([postgres?.stop(), wechat?.close()])
})

test('complete production starts without a warning, and shows no way in but WeChat’s', async () => {
  // The WeChat of this test is on this machine, which production is warned of.
  const said = app.output().replace(/^.*\[WX_SANDBOX\] .*$/m, '')
  expect(said).not.toMatch(/^ *! |SANDBOX|curl|"level":"(warn|error)"/m)
  const { body: page } = await http(app.url)
  expect(page).not.toMatch(/sandbox|curl|class="warning"/i)
  expect((await http(`${app.url}/readyz`)).body).toEqual({
    status: 'ok',
    redis: 'ok',
    database: 'ok',
  })
})

test('a login is a login', async () => {
  const { status, body } = await http(`${app.url}/wx/login`, { body: { code: 'alice-1' } })
  expect(status).toBe(200)
  expect((await http(`${app.url}/me`, { token: body.token })).body.user).toEqual(body.user)
})
