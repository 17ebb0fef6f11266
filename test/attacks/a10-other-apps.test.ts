import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'
import { type AttackedApp, expectLoginWanted, startAttackedApp } from './attacked-app.js'

const one = { appid: 'wx1111111111111111', secret: '1'.repeat(32) }
const two = { appid: 'wx2222222222222222', secret: '2'.repeat(32) }

let sandbox: Sandbox
let redis: RedisServer
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, apps: [one, two] })
  await sandbox.listen()
  redis = await startRedisServer()
})
afterAll(async () => {
  await redis?.stop()
  await sandbox?.close()
})

describe('attack 10: a token of one app at another, on the same Redis with the same secret: 401', () => {
  describe('two example apps', () => {
    let apps: AttackedApp[]
    beforeAll(async () => {
      const start = (app: typeof one): Promise<AttackedApp> =>
        startAttackedApp({ redis, wechat: { ...app, baseUrl: sandbox.baseUrl } })
      apps = await Promise.all([start(one), start(two)])
    })
    afterAll(() => Promise.all(apps.map((app) => app.close())))

    const logIn = async (app: AttackedApp, { appid }: { appid: string }): Promise<string> => {
      const code = sandbox.user('alice').login({ appid })
      return (await app.ask('/wx/login', { body: { code } })).body.token as string
    }

    test('refuse each other’s tokens on every route, and end nothing', async () => {
      const [appOne, appTwo] = apps as [AttackedApp, AttackedApp]
      const token = await logIn(appOne, one)
      expectLoginWanted(await appTwo.ask('/me', { token }))
      expectLoginWanted(await appTwo.ask('/wx/session', { token }))
      expectLoginWanted(await appTwo.ask('/me/notes', { token, body: { text: 'x' } }))
      const profile = sandbox.user('alice').userInfo({ appid: one.appid })
      expectLoginWanted(await appTwo.ask('/wx/profile', { token, body: profile }))
      expect((await appTwo.ask('/wx/logout', { token, body: { everywhere: true } })).status).toBe(
        204,
      )
      expect(await appOne.me(token)).toBe(200)
      expect((await appOne.ask('/me', { token })).body.appid).toBe(one.appid)
    })

    test('nor does one take the code of the other', async () => {
      const [, appTwo] = apps as [AttackedApp, AttackedApp]
      const code = sandbox.user('alice').login({ appid: one.appid })
      for (const body of [{ code }, { code, appid: one.appid }]) {
        const answer = await appTwo.ask('/wx/login', { body })
        expect([400, 401]).toContain(answer.status)
        expect(answer.body.token).toBeUndefined()
      }
    })
  })

  describe('one server for several apps beside one that serves fewer', () => {
    let client: WxRedis
    let both: TestApp
    let onlyOne: TestApp
    let resolving: TestApp
    let elsewhere: TestApp
    beforeAll(async () => {
      client = createRedis(redis.url)
      await client.connect()
      const start = (apps: unknown, redisPrefix = 'many:'): Promise<TestApp> =>
        startTestApp({
          sandbox,
          wx: {
            appid: undefined,
            secret: undefined,
            redis: client,
            redisPrefix,
            apps,
          } as object,
        })
      both = await start([one, two])
      onlyOne = await start([one])
      const resolve = (appid: string | undefined): unknown => (appid === two.appid ? null : one)
      resolving = await start(resolve)
      elsewhere = await start(resolve, 'elsewhere:')
    })
    afterAll(async () => {
      for (const t of [both, onlyOne, resolving, elsewhere]) await t?.close()
      await client?.close()
    })

    test('a token is good where its app is served, and nowhere else', async () => {
      const tokens = await Promise.all(
        [one, two].map(async ({ appid }) => {
          const code = sandbox.user('alice').login({ appid })
          const { body } = await both.post('/wx/login', { code, appid }).expect(200)
          return (body as { token: string }).token
        }),
      )
      const [ofOne, ofTwo] = tokens as [string, string]
      for (const t of [both, onlyOne, resolving]) {
        const { body } = await t.get('/me', ofOne).expect(200)
        expect(body).toMatchObject({
          appid: one.appid,
          openid: sandbox.user('alice').openid(one.appid),
        })
      }
      for (const t of [onlyOne, elsewhere]) {
        const refused = await t.get('/me', ofTwo)
        expect([refused.status, refused.body]).toEqual([
          401,
          errorReply('WX_SESSION_REQUIRED', 'login'),
        ])
        const { body } = await t.get('/public', ofTwo).expect(200)
        expect(body).toMatchObject({ openid: null })
      }
      // A function finds the app of a login and is not asked again (docs/apps.md): where two servers with functions
      // serve different apps, it is the prefix that parts them.
      await resolving.get('/me', ofTwo).expect(200)
      const { body } = await both.get('/me', ofTwo).expect(200)
      expect(body).toMatchObject({
        appid: two.appid,
        openid: sandbox.user('alice').openid(two.appid),
      })
    })
  })
})
