import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { type FakeWeChat, signed, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

const sessionSecret = 'canary-of-the-session-secret-0123456789'

let wechat: FakeWeChat
let postgres: PostgresServer
let app: App
const canaries = new Map<string, string>()

beforeAll(async () => {
  ;[wechat, postgres] = await Promise.all([startFakeWeChat(), startPostgres()])
  const database = new URL(postgres.url)
  database.password = 'canary-of-the-database' // trusted anyway, but not to be logged
  app = await startApp({
    ...wechat.env,
    DATABASE_URL: database.href,
    SESSION_SECRET: sessionSecret,
    LOG_LEVEL: 'trace', // whatever could be said is said
  })
  canaries.set('AppSecret', wechat.env.WX_SECRET!)
  canaries.set('SESSION_SECRET', sessionSecret)
  canaries.set('database password', database.password)
})

afterAll(async () => {
  await app?.stop('SIGKILL')
  await postgres?.stop()
  await wechat?.close()
})

const login = (code: string, o: object = {}) => {
  canaries.set(`code ${code}`, code)
  return http(`${app.url}/wx/login`, { body: { code, ...o } })
}

test('stdout and stderr never hold a secret, a code, a token, a key or what people wrote', async () => {
  const { token } = (await login('alice-canarycode1')).body
  canaries.set('token', token)
  const key = wechat.sessionKeys.get('alice-canarycode1')!

  // Every way of going right …
  canaries.set('nickname', 'canary-nickname')
  canaries.set('note', 'canary-note')
  const data = signed({ nickName: 'canary-nickname' }, key)
  canaries.set('signature', data.signature)
  expect((await http(`${app.url}/wx/profile`, { token, body: data })).status).toBe(200)
  expect((await http(`${app.url}/me`, { token })).status).toBe(200)
  expect((await http(`${app.url}/me/notes`, { token, body: { text: 'canary-note' } })).status).toBe(
    201,
  )

  // … and of going wrong: refused codes, words WeChat echoes, nonsense, broken connections,
  const { WX_SECRET: secret } = wechat.env
  for (const answer of [
    { errcode: 40029, errmsg: 'invalid code' },
    { errcode: 40163, errmsg: 'code been used' },
    { errcode: 40125, errmsg: `invalid appsecret ${secret}, js_code canary` },
    { errcode: -1, errmsg: `system error ${secret}` },
    { errcode: 99999, errmsg: `unknown ${secret} rid: 5f8a-canary` },
    { openid: 5, session_key: key },
    `<html>${secret}</html>`,
  ]) {
    wechat.answer = (code, res) =>
      res.end(
        (typeof answer === 'string' ? answer : JSON.stringify(answer)).replaceAll(
          'js_code canary',
          code,
        ),
      )
    expect((await login(`alice-canarycode-${canaries.size}`)).status).toBeGreaterThanOrEqual(400)
  }
  wechat.answer = (_code, res) => void res.destroy()
  expect((await login('alice-canarycode2')).status).toBeGreaterThanOrEqual(500)

  // data that does not fit, bodies that are none, tokens where none belong,
  await http(`${app.url}/wx/profile`, { token, body: { ...data, rawData: `${data.rawData} ` } })
  await http(`${app.url}/wx/profile`, { token, body: { encryptedData: key, iv: key } })
  await http(`${app.url}/wx/login`, { body: '{"code":"alice-canarycode1"' })
  await http(`${app.url}/me/notes`, { token, body: '{"text":"canary-note"' })
  await http(`${app.url}/me/notes`, { token, body: { text: `canary-note ${'x'.repeat(600)}` } })
  await http(`${app.url}/me?token=${token}&code=alice-canarycode1`)
  await http(`${app.url}/me`, { headers: { cookie: `wx.sid=${token}` } })
  await http(`${app.url}/me`, { token: `${token}x` })
  await http(`${app.url}/wx/login`, {
    body: { code: 'alice-canarycode1' },
    headers: { 'x-request-id': 'a b' },
  })

  // and a database that goes away in the middle.
  wechat.answer = (code, res) => wechat.grant(code, res)
  await postgres.kill()
  expect((await login('alice-canarycode3')).status).toBeGreaterThanOrEqual(500)
  expect((await http(`${app.url}/me/notes`, { token, body: { text: 'canary-note' } })).status).toBe(
    503,
  )
  await http(`${app.url}/wx/logout`, { token, body: {} })
  await app.stop()

  for (const [code, sessionKey] of wechat.sessionKeys)
    canaries.set(`session_key of ${code}`, sessionKey)
  expect(app.log().length).toBeGreaterThan(20)
  const output = app.output()
  expect([...canaries].filter(([, value]) => output.includes(value)).map(([name]) => name)).toEqual(
    [],
  )
  // Nor in pieces: the signed part of the token is the session's id.
  expect(output).not.toContain(token.split('.')[0])
})
