import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'

const one = { appid: 'wx1111111111111111', secret: '1'.repeat(32) }
const two = { appid: 'wx2222222222222222', secret: '2'.repeat(32) }
const notServed = { appid: 'wx3333333333333333', secret: '3'.repeat(32) }
const referer = (appid: string): string => `https://servicewechat.com/${appid}/12/page-frame.html`

let sandbox: Sandbox
/** Serves the first app only. */
let t: AttackedApp
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, apps: [one, two, notServed], journalSize: 10_000 })
  await sandbox.listen()
  t = await startAttackedApp({ redis: null, wechat: sandbox })
})
afterAll(async () => {
  await t?.close()
  await sandbox?.close()
})

const exchanges = (): string[] =>
  sandbox.requests
    .filter(({ path }) => path === '/sns/jscode2session')
    .map(({ query }) => query['appid']!)

describe('attack 46: a Referer that is made up, an app that the client chooses: it grants nothing', () => {
  test('a Referer is no login', async () => {
    for (const from of [referer(one.appid), referer(two.appid), 'https://servicewechat.com/'])
      for (const path of ['/me', '/me/notes', '/wx/session'])
        expect((await t.ask(path, { headers: { referer: from } })).status).toBe(401)
  })

  test('a Referer of another app changes neither the app nor the user of a session', async () => {
    const { token } = await t.login('alice')
    for (const { appid } of [two, notServed]) {
      const answer = await t.ask('/me', { token, headers: { referer: referer(appid) } })
      expect(answer.body).toMatchObject({
        appid: one.appid,
        openid: sandbox.user('alice').openid(one.appid),
      })
    }
  })

  test.each([
    ['one that WeChat knows and this server does not serve', two.appid],
    ['one that nobody knows', 'wx0000000000000000'],
    ['in capitals', one.appid.toUpperCase()],
    ['a prefix', one.appid.slice(0, -1)],
    ['a path', `${one.appid}/../${two.appid}`],
    ['a parameter', `${one.appid}&secret=x`],
    ['a prototype', '__proto__'],
    ['empty', ''],
    ['a list', [one.appid]],
    ['an object', { appid: one.appid }],
    ['null', null],
  ])('an appid in the body: %s: 400, and WeChat is not asked', async (_what, appid) => {
    const before = exchanges().length
    const code = sandbox.user('alice').login({ appid: one.appid })
    for (const headers of [{}, { referer: referer(one.appid) }, { referer: referer(two.appid) }]) {
      const answer = await t.ask('/wx/login', { body: { code, appid }, headers })
      expect(answer.status).toBe(400)
      expect(['WX_APP_UNKNOWN', 'WX_BAD_REQUEST']).toContain(answer.body.error.code)
    }
    expect(exchanges()).toHaveLength(before)
    expect((await t.ask('/wx/login', { body: { code } })).status).toBe(200)
  })

  test('a code of another app is not exchanged as that app, whatever Referer and body say', async () => {
    const before = exchanges().length
    for (const headers of [{}, { referer: referer(two.appid) }]) {
      const code = sandbox.user('alice').login({ appid: two.appid })
      const answer = await t.ask('/wx/login', { body: { code, openid: 'x' }, headers })
      expectRefusal(answer, 401, 'WX_CODE_INVALID', 'login', {
        errcode: 40029,
        rid: expect.any(String) as string,
      })
    }
    expect(exchanges().slice(before)).toEqual([one.appid, one.appid])
  })

  describe('a server for two apps', () => {
    let both: TestApp
    beforeAll(async () => {
      const apps = { appid: undefined, secret: undefined, apps: [one, two] } as object
      both = await startTestApp({ sandbox, wx: apps })
    })
    afterAll(() => both?.close())

    test('a Referer or an appid chooses among these, and only whose code it is gets in', async () => {
      const { http } = both
      const codeOf = (appid: string): string => sandbox.user('alice').login({ appid })
      const post = (body: object, from: string) =>
        http.post('/wx/login').set('Referer', from).send(body)
      await post({ code: codeOf(two.appid) }, referer(two.appid)).expect(200)
      await post({ code: codeOf(two.appid) }, referer(one.appid)).expect(401)
      await post({ code: codeOf(one.appid), appid: two.appid }, referer(one.appid)).expect(401)
      for (const from of [
        referer(notServed.appid),
        `http://servicewechat.com/${one.appid}/1/`,
        `https://servicewechat.com.evil.example/${one.appid}/1/`,
        `https://evil.example/https://servicewechat.com/${one.appid}/1/`,
        `https://user@servicewechat.com/${one.appid}/1/`,
      ]) {
        const reply = await post({ code: codeOf(one.appid) }, from)
        expect([from, reply.status, reply.body]).toEqual([
          from,
          400,
          errorReply('WX_APP_UNKNOWN', 'none'),
        ])
      }
    })
  })
})
