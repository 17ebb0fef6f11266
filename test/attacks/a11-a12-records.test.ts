import { createHmac } from 'node:crypto'
import { requireWxSession } from '../../src/index.js'
import { sessionSecret } from '../support/test-app.js'
import { until } from '../support/until.js'
import {
  attackedSecret,
  type MonitoredApp,
  expectLoginWanted,
  expectUnsaid,
  recordOf,
  startMonitoredApp,
  withTestAppOn,
} from './attacked-app.js'
import { picture } from './picture.js'
import { rawRequest } from './raw-request.js'

let t: MonitoredApp
beforeAll(async () => {
  t = await startMonitoredApp()
})
afterAll(() => t?.close())

const userKey = (name: string, what: string): string =>
  `wx:user:{${t.sandbox.appid}:${t.sandbox.user(name).openid()}}:${what}`

describe('attack 11: a signed id that addresses other keys: refused by its form, before Redis', () => {
  // The worst case: the secret is known, so that every signature is good.
  const signature = (id: string, secret: string): Buffer =>
    createHmac('sha256', secret).update(id).digest()
  const ids: [string, () => string][] = [
    ['everything', () => '*'],
    ['a pattern as long as an id', () => '?'.repeat(32)],
    ['the way up', () => '../user'],
    ['the plugin’s list of a user’s sessions', () => `user:{${t.sandbox.appid}:x}:sessions`],
    ['the key of a user’s session keys', () => userKey('alice', 'keys')],
    ['the access token', () => `wx:token:{${t.sandbox.appid}}`],
    ['another command', () => '\r\nDEL x\r\n'],
    ['another command in 32 characters', () => `\r\nDEL ${'x'.repeat(24)}\r\n`],
    ['NUL', () => '\0'],
    ['NUL behind an id', () => `${'A'.repeat(32)}\0`],
    ['7 kB', () => 'A'.repeat(7 * 1024)],
    ['nothing', () => ''],
    ['31 characters', () => 'A'.repeat(31)],
    ['33 characters', () => 'A'.repeat(33)],
    ['an id with a dot', () => `${'A'.repeat(30)}.A`],
    ['an id with a hash tag', () => `{${'A'.repeat(30)}}`],
    ['an id in another script', () => 'Ａ'.repeat(32)],
  ]

  test.each(ids)('in the header: %s', async (_what, make) => {
    const id = make()
    const token = `${id}.${signature(id, attackedSecret).toString('base64url')}`
    const commands = await t.monitor.during(async () => {
      const value = Buffer.from(`Bearer ${token}`).toString('latin1')
      const answer = await rawRequest(t.url, { headers: [['Authorization', value]] })
      // A line break ends the header, and what follows is none; no server may read on.
      if (/[\r\n\0]/.test(id)) expect([400, 401]).toContain(answer.status)
      else expectLoginWanted(answer)
    })
    expect(commands).toEqual([])
  })

  test('in the cookie, where express-session itself would take any signed text', async () => {
    await withTestAppOn(
      t.redis,
      'cookie:',
      { wx: { transport: { cookie: true } } },
      async ({ http, login, get }) => {
        const { token } = await login('alice')
        await get('/me', token).expect(200)
        for (const [, make] of ids) {
          const id = make()
          const signed = `s:${id}.${signature(id, sessionSecret).toString('base64').replace('=', '')}`
          const commands = await t.monitor.during(async () => {
            await http
              .get('/me')
              .set('Cookie', `wx.sid=${encodeURIComponent(signed)}`)
              .expect(401)
          })
          expect([id, commands]).toEqual([id, []])
        }
      },
    )
  })

  test('an id of the right form that nobody was given is nobody’s', async () => {
    const id = 'A'.repeat(32)
    const token = `${id}.${signature(id, attackedSecret).toString('base64url')}`
    const commands = await t.monitor.during(async () =>
      expectLoginWanted(await t.ask('/me', { token })),
    )
    expect(commands).toEqual([expect.stringMatching(/^"get(ex)?" "wx:sess:A{32}"/i)])
    expect(await t.admin.exists(`wx:sess:${id}`)).toBe(0)
  })
})

describe('attack 12: a poisoned record: 401, dropped, and the next login works', () => {
  /** What is in Redis is not what the plugin wrote: whoever sends its token is refused, and nothing else happens. */
  async function refusesAndRecovers(token: string): Promise<void> {
    expectLoginWanted(await t.ask('/me', { token }))
    // Nobody waits for it.
    await until(async () => (await t.admin.exists(recordOf(token))) === 0)
    expectLoginWanted(await t.ask('/me', { token }))
    const again = await t.login('alice', { token })
    expect(await t.me(again.token)).toBe(200)
    expectUnsaid(t, 'INTERNAL_ERROR', 'TypeError', /unhandled/i)
  }

  test.each([
    ['broken JSON', '{"cookie":'],
    ['no text', ''],
    ['a number', '5'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['true', 'true'],
    ['a list', '[]'],
    ['an object', '{}'],
    ['no cookie and no login', '{"cookie":null,"wx":null}'],
    ['a login that is a number', '{"wx":5}'],
    ['a login without an identity', '{"cookie":{"originalMaxAge":1000},"wx":{"v":1}}'],
    ['a login of another format', '{"cookie":{"originalMaxAge":1000},"wx":{"v":99}}'],
    ['a login in a prototype', '{"__proto__":{"wx":{"v":1,"appid":"a","openid":"b"}}}'],
    ['deep nesting', '['.repeat(10_000)],
    ['bytes', '\u0000\u0001\ufffd'],
    ['a megabyte', `"${'x'.repeat(1_000_000)}"`],
  ])('that is %s', async (_what, text) => {
    const { token } = await t.login('alice')
    await t.admin.set(recordOf(token), text)
    // An empty text is no session for connect-redis: there is nothing to drop.
    if (text === '') await t.admin.expire(recordOf(token), 0)
    await refusesAndRecovers(token)
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['a list', (key) => t.admin.lPush(key, 'x')],
    ['a hash', (key) => t.admin.hSet(key, 'wx', 'x')],
    ['a set', (key) => t.admin.sAdd(key, 'x')],
    ['a sorted set', (key) => t.admin.zAdd(key, { score: 1, value: 'x' })],
    ['a stream', (key) => t.admin.xAdd(key, '*', { wx: 'x' })],
  ])('that is %s of Redis, and so are the user’s own keys', async (_what, write) => {
    const { token } = await t.login('alice')
    for (const key of [recordOf(token), userKey('alice', 'keys'), userKey('alice', 'sessions')]) {
      await t.admin.del(key)
      await write(key)
    }
    await refusesAndRecovers(token)
  })

  const cookies: [string, unknown][] = [
    ['is a number', 5],
    ['is a text', 'x'],
    ['is a list', []],
    ['is true', true],
    ['has a lifetime that is none', { originalMaxAge: 'x' }],
    ['has an end that is none', { originalMaxAge: 1000, expires: 'x' }],
    ['sets what only a method may be', { originalMaxAge: 1000, serialize: 1, data: 1 }],
  ]

  test.each(cookies)(
    'whose cookie %s, around a login that is good, never makes a 500',
    async (_what, cookie) => {
      const { token } = await t.login('alice')
      const record = JSON.parse((await t.admin.get(recordOf(token)))!) as object
      await t.admin.set(recordOf(token), JSON.stringify({ ...record, cookie }))
      // The first reads the session, the second writes it.
      const form = new FormData()
      form.set('avatar', new Blob([picture]))
      const answers = [
        (await t.ask('/me', { token })).status,
        (
          await fetch(`${t.url}/me/avatar`, {
            method: 'POST',
            body: form,
            headers: { authorization: `Bearer ${token}` },
          })
        ).status,
        (await t.ask('/me', { token })).status,
      ]
      for (const status of answers) expect([200, 401]).toContain(status)
      const again = await t.login('alice', { token })
      expect(await t.me(again.token)).toBe(200)
    },
  )

  test('with cookies on, where express-session itself reads them, it is the same', async () => {
    await withTestAppOn(
      t.redis,
      'poison:',
      {
        wx: { transport: { cookie: true } },
        routes(app) {
          app.get('/write', requireWxSession, (req, res) => {
            Object.assign(req.session, { written: true })
            res.json({})
          })
        },
      },
      async ({ http, post, sandbox }) => {
        for (const [what, cookie] of [...cookies, ['is missing', undefined], ['is null', null]]) {
          const reply = await post('/wx/login', { code: sandbox.user('alice').login() })
          const { token } = reply.body as { token: string }
          const [pair = ''] = (reply.headers['set-cookie'] as unknown as string[])[0]!.split(';')
          const key = `poison:sess:${token.slice(0, 32)}`
          const record = JSON.parse((await t.admin.get(key))!) as object
          await t.admin.set(key, JSON.stringify({ ...record, cookie }))
          const statuses: number[] = []
          for (const path of ['/me', '/write', '/me'])
            statuses.push((await http.get(path).set('Cookie', pair)).status)
          expect([what, statuses.filter((status) => status !== 200 && status !== 401)]).toEqual([
            what,
            [],
          ])
          const again = await http
            .post('/wx/login')
            .set('Cookie', pair)
            .send({ code: sandbox.user('alice').login() })
          expect([what, again.status]).toEqual([what, 200])
        }
      },
    )
  })
})
