import { snapshot } from '../lib/redis-info.js'
import { startRedis } from '../lib/redis-server.js'
import { startApp } from '../scale/apps.js'
import { learnSessions, learnStock, openidOf, sidOf } from './copies.js'
import { fill } from './fill.js'

export const secret = 'a session secret of the benchmarks, long enough'

/**
 * A Redis full of sessions with a server process on it.
 *
 * @typedef {object} Populated
 * @property {number} sessions
 * @property {import('../scale/apps.js').App} app
 * @property {import('../lib/redis-server.js').RedisServer['client']} client
 * @property {number} port of the Redis
 * @property {import('./copies.js').Copier} copier
 * @property {{ session: number, list: number, keys: number }} bytes of one, of all memory the Redis took for them
 * @property {() => Promise<void>} close
 */

/** @param {number} count @param {(i: number) => Iterable<import('./copies.js').Command>} each */
function* series(count, each) {
  for (let i = 0; i < count; i += 1) yield* each(i)
}

/**
 * As many users with one session each, with their lists and keys.
 *
 * @param {number} sessions
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @param {{ appids?: string[], pushToken?: string }} [options] `appids`: the users are of these in turn, and the
 *   app finds them by a function
 * @returns {Promise<Populated>}
 */
export async function populate(sessions, sandbox, { appids, pushToken } = {}) {
  const redis = await startRedis()
  const { appid, baseUrl } = sandbox
  const app = await startApp({
    kind: 'plugin',
    secret,
    redisUrl: redis.url,
    wechat: { appid, secret: sandbox.secret, baseUrl },
    resolver: appids !== undefined,
    ...(pushToken !== undefined && { pushToken }),
  })
  const { client } = redis
  const copier = await learnSessions(client, app, sandbox)
  const userOf = (/** @type {number} */ i) => ({
    appid: appids?.[i % appids.length] ?? appid,
    openid: openidOf('many', i),
  })
  const bytesOf = async (
    /** @type {(i: number) => Iterable<import('./copies.js').Command>} */ each,
  ) => {
    const before = await snapshot(client)
    await fill(redis.port, series(sessions, each))
    return ((await snapshot(client)).memory - before.memory) / sessions
  }
  const bytes = {
    session: await bytesOf((i) => [copier.session(sidOf('many', i), userOf(i))]),
    list: await bytesOf((i) => copier.list([sidOf('many', i)], userOf(i))),
    keys: await bytesOf((i) => copier.keys(userOf(i))),
  }
  return {
    ...{ sessions, app, client, copier, bytes },
    port: redis.port,
    async close() {
      await app.stop()
      await redis.stop()
    },
  }
}

/**
 * What stock express-session and connect-redis take for sessions of the same content.
 *
 * @param {number} sessions
 * @returns {Promise<{ used: number, usage: number }>} bytes of one: of all memory taken, and as MEMORY USAGE says
 */
export async function stockBytes(sessions) {
  const redis = await startRedis()
  const app = await startApp({ kind: 'stock', secret, redisUrl: redis.url })
  const { client } = redis
  try {
    const copy = await learnStock(client, app, openidOf('stock', 0))
    const before = await snapshot(client)
    await fill(
      redis.port,
      series(sessions, (i) => [copy(sidOf('many', i), openidOf('many', i))]),
    )
    const { memory } = await snapshot(client)
    const key = `sess:${sidOf('many', 0)}`
    const usage = Number(await client.sendCommand(['MEMORY', 'USAGE', key]))
    return { used: (memory - before.memory) / sessions, usage }
  } finally {
    await app.stop()
    await redis.stop()
  }
}
