import { Agent, get } from 'node:http'
import { performance } from 'node:perf_hooks'
import { startServer } from './fleet.js'
import { startRedis } from './redis-server.js'
import { percentile } from './statistics.js'

/**
 * How long a process with a client-side cache takes to refuse a session that another process has revoked: from the
 * call of `revokeAll` there to the first answer of 401 here, asked again and again.
 *
 * @param {number} count
 */
export async function measureRevocation(count) {
  const redis = await startRedis()
  const options = { redisUrl: redis.url }
  const [caching, other] = await Promise.all([
    startServer('ours', { ...options, cache: true }),
    startServer('ours', options),
  ])
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const status = (headers) =>
    new Promise((resolve, reject) => {
      get({ agent, port: caching.ready.port, host: '127.0.0.1', path: '/me', headers }, (res) => {
        res.resume()
        res.once('end', () => resolve(res.statusCode))
      }).once('error', reject)
    })
  try {
    const credentials = await other.ask('logIn', count)
    const times = []
    for (const { openid, headers } of credentials) {
      for (let i = 0; i < 3; i += 1) {
        if ((await status(headers)) !== 200) throw new Error('a good session was refused')
      }
      const from = performance.now()
      const revoked = other.ask('revokeAll', openid)
      while ((await status(headers)) !== 401) {
        if (performance.now() - from > 20_000) throw new Error('a revoked session lives on')
      }
      times.push(performance.now() - from)
      if ((await revoked) !== 1) throw new Error('nothing was revoked')
    }
    return {
      count,
      p50: percentile(times, 50),
      p99: percentile(times, 99),
      max: Math.max(...times),
    }
  } finally {
    agent.destroy()
    await Promise.all([caching.stop(), other.stop()])
    await redis.stop()
  }
}
