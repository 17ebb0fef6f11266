import { createRedis } from '../../src/redis/index.js'
import { type Ear, listen } from '../support/listen.js'
import { startRedisServer } from '../support/redis.js'
import { withTestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

let ear: Ear
beforeEach(() => {
  ear = listen()
})
afterEach(() => {
  ear.stop()
})

test.each(['kill', 'freeze'] as const)(
  'a store that is away is told of once when it goes (%s) and once when it is back, with each operation that failed',
  async (how) => {
    const server = await startRedisServer()
    const redis = createRedis(server.url)
    await redis.connect()
    await withTestApp({ wx: { redis } }, async (t) => {
      const { token } = await t.login()
      expect(ear.of('store:failed')).toEqual([])
      server[how]()
      await t.get('/me', token).expect(503)
      await until(() => ear.of('store:outage:begin').length > 0)
      await t.get('/me', token).expect(503)
      await t.post('/wx/login', { code: t.sandbox.user('alice').login() }).expect(503)
      expect(ear.of('store:outage:begin')).toEqual([{ scope: 'all' }])
      expect(ear.of('store:outage:end')).toEqual([])
      if (how === 'freeze')
        expect(ear.of('store:failed')).toEqual([{ operation: 'get', late: true }])
      expect(ear.of('guard:refused')).toEqual([
        expect.objectContaining({ code: 'WX_STORE_UNAVAILABLE', status: 503 }),
        expect.objectContaining({ code: 'WX_STORE_UNAVAILABLE', status: 503 }),
      ])
      expect(ear.of('login:failed')).toEqual([
        expect.objectContaining({ code: 'WX_STORE_UNAVAILABLE', status: 503 }),
      ])
      await server.restart()
      await until(() => ear.of('store:outage:end').length > 0)
      expect(ear.of('store:outage:begin')).toHaveLength(1)
      expect(ear.of('store:outage:end')).toEqual([{ durationMs: expect.any(Number) as number }])
      // A client that is closed while it connects can leave that connection behind.
      await until(() => redis.isReady)
    })
    await redis.close()
    await server.stop()
  },
  20_000,
)
