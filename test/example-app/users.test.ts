import { Client } from 'pg'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type FakeWeChat, signed, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

let postgres: PostgresServer

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres?.stop()
})

describe('two processes on one PostgreSQL and one Redis', () => {
  let redis: RedisServer
  let sandbox: Sandbox
  let apps: App[] = []

  beforeAll(async () => {
    sandbox = createSandbox({ rateLimit: 0 })
    ;[redis] = await Promise.all([startRedisServer(), sandbox.listen(0, '127.0.0.1')])
    const env = {
      WX_API_BASE: sandbox.baseUrl,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      SESSION_SECRET: 'the same secret in every process',
    }
    // Both at once, on an empty database: both want to migrate it.
    apps = await Promise.all([startApp(env), startApp(env)])
  })

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.stop()))
    await Promise.all([redis?.stop(), sandbox?.close()])
  })

  test('fifty simultaneous first logins of one user make one row', async () => {
    const codes = Array.from({ length: 50 }, () => sandbox.user('first').login())
    const answers = await Promise.all(
      codes.map((code, i) => http(`${apps[i % 2]!.url}/wx/login`, { body: { code } })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1)
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(50)

    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    const { rows } = await client.query('select appid, openid from users')
    await client.end()
    expect(rows).toEqual([{ appid: sandbox.appid, openid: sandbox.user('first').openid() }])
  })

  test('a session of one process is a session of the other', async () => {
    const { body } = await http(`${apps[0]!.url}/wx/login`, {
      body: { code: sandbox.user('both').login() },
    })
    const me = await Promise.all(apps.map((app) => http(`${app.url}/me`, { token: body.token })))
    expect(me[0]?.status).toBe(200)
    expect(me[1]?.body).toEqual(me[0]?.body)
    await http(`${apps[1]!.url}/me/notes`, { token: body.token, body: { text: 'hello' } })
    expect((await http(`${apps[0]!.url}/me/notes`, { token: body.token })).body.notes).toHaveLength(
      1,
    )
  })

  test('a phone number is kept with the user, in every process and beyond the next login', async () => {
    const fred = sandbox.user('fred', {
      phone: { phoneNumber: '+85291234567', purePhoneNumber: '91234567', countryCode: 852 },
    })
    const first = await http(`${apps[0]!.url}/wx/login`, { body: { code: fred.login() } })
    const { token, user } = first.body
    expect(user).not.toHaveProperty('phone')
    const { code, encryptedData, iv } = fred.phoneNumber()
    const saved = await http(`${apps[0]!.url}/wx/phone`, { token, body: { code } })
    expect(saved).toMatchObject({
      status: 200,
      body: {
        phoneNumber: '+85291234567',
        purePhoneNumber: '91234567',
        countryCode: '852',
        user: { id: user.id, phone: '+85291234567', lastLoginAt: user.lastLoginAt },
      },
    })
    expect((await http(`${apps[1]!.url}/me`, { token })).body.user).toEqual(saved.body.user)
    const older = await http(`${apps[1]!.url}/wx/phone`, { token, body: { encryptedData, iv } })
    expect(older.body).toEqual(saved.body)
    const next = await http(`${apps[1]!.url}/wx/login`, { body: { code: fred.login() } })
    expect(next.body.user).toMatchObject({ id: user.id, phone: '+85291234567' })
    expect(sandbox.paidPhoneNumbers).toBe(1)
  })

  test('neither had anything to complain about, or told a phone number', () => {
    for (const app of apps) {
      expect(app.output()).not.toMatch(/"level":"(warn|error|fatal)"/)
      expect(app.output()).not.toContain('91234567')
    }
  })
})

describe.each(['PostgreSQL', 'the embedded database'])(
  'what is known about a user, in %s',
  (kind) => {
    const nickName = '😀 李雷 👩‍👩‍👧‍👦 𝔘𝔫𝔦'
    const avatarUrl = 'https://thirdwx.qlogo.cn/mmopen/vi_32/alice/132'
    let wechat: FakeWeChat
    let app: App

    beforeAll(async () => {
      wechat = await startFakeWeChat()
      app = await startApp({
        ...wechat.env,
        ...(kind === 'PostgreSQL' && { DATABASE_URL: postgres.url }),
      })
    })
    afterAll(async () => {
      await app?.stop()
      await wechat?.close()
    })

    const login = async (code: string) =>
      (await http(`${app.url}/wx/login`, { body: { code } })).body
    const profile = (token: string, body: object) => http(`${app.url}/wx/profile`, { token, body })

    test('a signed nickname with emoji survives, to the next login and beyond', async () => {
      const first = await login('alice-1')
      expect(first.user).toMatchObject({ nickname: null, avatarUrl: null })
      const saved = await profile(
        first.token,
        signed({ nickName, avatarUrl }, wechat.sessionKeys.get('alice-1')!),
      )
      expect(saved).toMatchObject({
        status: 200,
        body: { user: { nickname: nickName, avatarUrl } },
      })
      expect(saved.body.user.lastLoginAt).toBe(first.user.lastLoginAt)
      expect((await http(`${app.url}/me`, { token: first.token })).body.user).toEqual(
        saved.body.user,
      )
      expect((await login('alice-2')).user).toMatchObject({
        id: first.user.id,
        nickname: nickName,
        avatarUrl,
      })
    })

    test('WeChat’s stand-in 微信用户 does not overwrite it', async () => {
      const { token, user } = await login('alice-3')
      const standIn = { nickName: '微信用户', avatarUrl: 'https://thirdwx.qlogo.cn/grey' }
      const answer = await profile(token, signed(standIn, wechat.sessionKeys.get('alice-3')!))
      expect(answer).toMatchObject({
        status: 200,
        body: { user: { nickname: nickName, avatarUrl } },
      })
      expect(answer.body.user.id).toBe(user.id)
    })

    test('nor do WeChat’s stand-ins in a form, alone or beside something real', async () => {
      const grey =
        'https://mmbiz.qpic.cn/mmbiz/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg/0'
      const { token } = await login('alice-4')
      for (const body of [
        { nickName: '微信用户' },
        { avatarUrl: grey },
        { nickName: '微信用户', avatarUrl: grey },
      ]) {
        expect((await profile(token, body)).body.user).toMatchObject({
          nickname: nickName,
          avatarUrl,
        })
      }
      const renamed = await profile(token, { nickName: '韩梅梅', avatarUrl: grey })
      expect(renamed.body.user).toMatchObject({ nickname: '韩梅梅', avatarUrl })
      const own = 'https://cdn.example/alice.png'
      const repainted = await profile(token, { nickName: '微信用户', avatarUrl: own })
      expect(repainted.body.user).toMatchObject({ nickname: '韩梅梅', avatarUrl: own })
    })

    test('a name from the form is taken; blanks are no name', async () => {
      const { token } = await login('bob-1')
      const named = await profile(token, { nickName: ' 🐱 小明 ' })
      expect(named.body.user).toMatchObject({ nickname: '🐱 小明', avatarUrl: null })
      expect((await profile(token, { nickName: '  ' })).body.user).toEqual(named.body.user)
    })

    test('a unionid that comes later is kept', async () => {
      const before = await login('carol-1')
      expect((await http(`${app.url}/me`, { token: before.token })).body.unionid).toBeNull()
      wechat.answer = (code, res) =>
        wechat.grant(code, res, { unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL' })
      const after = await login('carol-2')
      expect(after.user.id).toBe(before.user.id)
      expect((await http(`${app.url}/me`, { token: after.token })).body.unionid).toBe(
        'o6_bmasdasdsad6_2sgVt7hMZOPfL',
      )
      expect(JSON.stringify(after)).not.toContain('o6_bmasdasdsad6_2sgVt7hMZOPfL')
    })
  },
)
