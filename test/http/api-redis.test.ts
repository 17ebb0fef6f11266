import { createClient } from 'redis'
import type { WxIdentity } from '../../src/index.js'
import { createRedis } from '../../src/redis/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

let server: RedisServer
let redis: ReturnType<typeof createRedis>
let t: TestApp

/** One more process; the first brings WeChat. */
const start = (first?: TestApp, secret = sessionSecret): Promise<TestApp> =>
  startTestApp({ ...(first && { sandbox: first.sandbox }), wx: { redis, session: { secret } } })
const fetched = (): number =>
  t.sandbox.requests.filter(({ path }) => path === '/cgi-bin/stable_token').length
const alice = (): WxIdentity => ({
  appid: t.sandbox.appid,
  openid: t.sandbox.user('alice').openid(),
})

beforeEach(async () => {
  server = await startRedisServer()
  redis = createRedis(server.url)
  await redis.connect()
  t = await start()
})
afterEach(async () => {
  // A client that is destroyed while it connects can leave that connection behind.
  await server.restart()
  await until(() => redis.isReady)
  await t.close()
  await redis.close()
  await server.stop()
})

describe('wx.api with Redis', () => {
  it('keeps the access token there, sealed, for the next process', async () => {
    const token = await t.wx.api.accessToken()
    const client = createClient({ url: server.url })
    await client.connect()
    // The place of the one who fetches is given back beside the answer.
    await until(async () => (await client.keys('*:lock')).length === 0)
    expect(await client.keys('*')).toEqual([`wx:token:{${t.sandbox.appid}}`])
    expect(await client.get(`wx:token:{${t.sandbox.appid}}`)).not.toContain(token)
    await client.close()
    const next = await start(t)
    expect(await next.wx.api.accessToken()).toBe(token)
    expect(fetched()).toBe(1)
    await next.close()
  })

  it('goes on after the session secret was changed', async () => {
    const token = await t.wx.api.accessToken()
    const other = await start(t, 'another session secret of the tests, long enough')
    expect(await other.wx.api.accessToken()).toBe(token)
    expect(fetched()).toBe(2)
    await other.close()
  })

  it.each(['kill', 'freeze'] as const)(
    'has tokens while Redis is away (%s), not keys',
    async (how) => {
      await t.login()
      expect(await t.wx.api.checkSessionKey(alice())).toBe(true)
      server[how]()
      const next = await start(t)
      const check = { encryptedData: 'A'.repeat(64) }
      expect(await next.wx.api.checkEncryptedData(check)).toMatchObject({ valid: false })
      for (const ask of [next.wx.api.checkSessionKey, next.wx.api.resetUserSessionKey]) {
        await expect(ask(alice())).rejects.toMatchObject({
          code: 'WX_STORE_UNAVAILABLE',
          status: 503,
        })
      }
      await next.close()
    },
  )
})
