import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import type { Answer } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { withTestApp } from '../support/test-app.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'

let sandbox: Sandbox
let redis: RedisServer
/** Two processes of one server. */
let t: AttackedApp
let other: AttackedApp
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, journalSize: 10_000 })
  await sandbox.listen()
  redis = await startRedisServer()
  ;[t, other] = await Promise.all([
    startAttackedApp({ wechat: sandbox, redis }),
    startAttackedApp({ wechat: sandbox, redis }),
  ])
})
afterAll(async () => {
  await Promise.all([t?.close(), other?.close()])
  await redis?.stop()
  await sandbox?.close()
})

const post = (app: AttackedApp, code: string, token?: string): Promise<Answer> =>
  app.ask('/wx/login', { body: { code }, ...(token !== undefined && { token }) })

describe('attack 17: a code that has been used: 401 WX_CODE_USED, and the first session lives on', () => {
  test('in the same process, without asking WeChat again', async () => {
    const code = sandbox.user('alice').login()
    const first = await post(t, code)
    expect(first.status).toBe(200)
    const exchanges = t.exchanges()
    for (let i = 0; i < 3; i++) expectRefusal(await post(t, code), 401, 'WX_CODE_USED', 'login')
    expect(t.exchanges()).toBe(exchanges)
    expect(await t.me(first.body.token as string)).toBe(200)
  })

  test('in another process, where WeChat says it', async () => {
    const code = sandbox.user('alice').login()
    const first = await post(t, code)
    const replay = await post(other, code)
    expectRefusal(replay, 401, 'WX_CODE_USED', 'login', { errcode: 40163, rid: expect.any(String) })
    expect(await other.me(first.body.token as string)).toBe(200)
  })

  test('with a session of one’s own along, which lives on as well', async () => {
    const code = sandbox.user('alice').login()
    const first = await post(t, code)
    const mallory = (await t.login('mallory')).token
    expectRefusal(await post(t, code, mallory), 401, 'WX_CODE_USED', 'login')
    expect((await t.ask('/me', { token: mallory })).body.openid).toBe(
      sandbox.user('mallory').openid(),
    )
    expect(await t.me(first.body.token as string)).toBe(200)
  })

  test('after the first session was ended: a code never opens a second one', async () => {
    const code = sandbox.user('alice').login()
    const first = await post(t, code)
    await t.ask('/wx/logout', { token: first.body.token as string, body: {} })
    expectRefusal(await post(t, code), 401, 'WX_CODE_USED', 'login')
  })
})

describe('attack 18: one code 50 times at once: one call to WeChat a process, one user, no 5xx', () => {
  async function storm(apps: AttackedApp[], name: string): Promise<Answer[]> {
    const code = sandbox.user(name).login()
    return Promise.all(Array.from({ length: 50 }, (_, i) => post(apps[i % apps.length]!, code)))
  }

  /** Those who got in are all the one whose code it was; the others were told to get a new one. */
  async function expectOneIdentity(answers: Answer[], name: string): Promise<Answer[]> {
    const granted = answers.filter(({ status }) => status === 200)
    expect(granted.length).toBeGreaterThan(0)
    for (const answer of answers.filter((a) => !granted.includes(a))) {
      expect([401, 409]).toContain(answer.status)
      expect(answer.body.error.action).toBe('login')
    }
    expect(new Set(granted.map(({ body }) => body.token as string)).size).toBe(granted.length)
    for (const { body } of granted) {
      const me = await t.ask('/me', { token: body.token as string })
      expect([me.status, me.body.openid]).toEqual([200, sandbox.user(name).openid()])
    }
    return granted
  }

  test('of somebody who was never here: one row, one exchange', async () => {
    const before = t.exchanges()
    const granted = await expectOneIdentity(await storm([t], 'newcomer'), 'newcomer')
    expect(t.exchanges()).toBe(before + 1)
    expect(new Set(granted.map(({ body }) => body.user.id as number)).size).toBe(1)
    expect(new Set(granted.map(({ body }) => body.keyId as string)).size).toBe(1)
  })

  test('over two processes: one exchange each, and one of them gets in', async () => {
    const before = t.exchanges()
    // WeChat takes its time, too: all have come before it answers.
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 2000, times: 2 })
    await expectOneIdentity(await storm([t, other], 'traveller'), 'traveller')
    expect(t.exchanges()).toBe(before + 2)
  })

  test('onUser runs once', async () => {
    const users: string[] = []
    const onUser = async ({ openid }: { openid: string }): Promise<{ n: number }> => {
      users.push(openid)
      const n = users.length
      await new Promise(setImmediate)
      return { n }
    }
    await withTestApp({ wx: { onUser } }, async (app) => {
      const code = app.sandbox.user('alice').login()
      const all = await Promise.all(
        Array.from({ length: 50 }, () => app.post('/wx/login', { code }).then((reply) => reply)),
      )
      expect(users).toEqual([app.sandbox.user('alice').openid()])
      expect(app.exchanges()).toBe(1)
      const granted = all.filter(({ status }) => status === 200)
      expect(granted.length).toBeGreaterThan(0)
      for (const { status, body } of all) {
        expect([200, 401]).toContain(status)
        if (status === 200) expect(body).toMatchObject({ user: { n: 1 } })
      }
    })
  })
})
