import { setTimeout as delay } from 'node:timers/promises'
import { startServer } from './fleet.js'
import { startProxy } from './proxy.js'
import { startRedis } from './redis-server.js'

/**
 * How often a login of express-wx-login waits for Redis: requests to it that were sent after an answer of it, until
 * the login was answered itself.
 *
 * @param {Awaited<ReturnType<typeof import('./wechat.js').startWeChat>>} wechat
 */
export async function loginRoundTrips(wechat) {
  const redis = await startRedis()
  const proxy = await startProxy(redis.url, 0)
  const options = { redisUrl: proxy.url, wechatUrl: wechat.url }
  const server = await startServer('login-ours', options, wechat.env)
  try {
    await server.ask('logIn', 40)
    const count = 50
    let waited = 0
    for (let i = 0; i < count; i += 1) {
      const before = await proxy.turns()
      await server.ask('logInOnce', i)
      waited += (await proxy.turns()) - before
      await delay(10)
    }
    return waited / count
  } finally {
    await server.stop()
    await proxy.stop()
    await redis.stop()
  }
}
