import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './child.js'
import { createLoad } from './load.js'
import { cores } from './programs.js'
import { startRedis } from './redis-server.js'
import { benchFolder } from './root.js'

/**
 * @typedef {object} Contender
 * @property {string} key
 * @property {string} title - for the table
 * @property {string} server - file in servers/
 * @property {object} [options] - of that server
 * @property {string} [path] - asked for; default `/me`
 * @property {'user' | 'stranger' | 'forger'} [as] - who asks; default a user with a session
 * @property {number} [status] - of the answers; default 200
 * @property {boolean} [primed] - has a second of load before each measurement: for what is warm only in use
 * @property {boolean} [slow] - left out of a quick run: no bar compares it
 * @property {number | null} [refusedWith] - status for a forged token; default 401, null: it refuses nobody
 */

/**
 * @typedef {object} Started
 * @property {import('./child.js').Child} child
 * @property {number} port
 * @property {import('../servers/host.js').Credential[]} credentials
 * @property {import('./load.js').Target} target
 * @property {() => Promise<void>} [sample] - sends some requests one after the other; default those of the target
 * @property {() => Promise<(requests: number) => Promise<object>>} [prepare] - runs before each measurement, and what
 *   it gives back after it: the result becomes part of the measure
 */

/** @typedef {Contender & Started} Runner */

/**
 * @typedef {object} Fleet
 * @property {import('./redis-server.js').RedisServer} redis
 * @property {import('./load.js').LoadGenerator} load
 * @property {Runner[]} runners
 * @property {() => Promise<void>} stop
 */

const hostFile = join(benchFolder, 'servers/host.js')

/**
 * Starts a server process.
 *
 * @param {string} server
 * @param {object} options
 * @param {Record<string, string>} [env]
 */
export const startServer = (server, options, env) =>
  startChild(hostFile, { core: cores.server, args: [server, JSON.stringify(options)], env })

/**
 * @param {number} port
 * @param {string} path
 * @param {import('./load.js').Ask} [ask]
 */
export async function send(port, path, { headers = {}, body } = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text.startsWith('{') ? JSON.parse(text) : {},
    bytes: Buffer.byteLength(text),
  }
}

/**
 * Redis, a load generator, and the process of each contender, made by `start` and checked before anything is timed.
 *
 * @template {Contender} C
 * @param {C[]} contenders
 * @param {(contender: C, redis: import('./redis-server.js').RedisServer) => Promise<Runner>} start
 * @returns {Promise<Fleet>}
 */
export async function startAll(contenders, start) {
  const redis = await startRedis()
  const load = await createLoad()
  /** @type {Runner[]} */
  const runners = []
  const stop = async () => {
    await Promise.all(runners.map(({ child }) => child.stop()))
    await redis.stop()
  }
  try {
    for (const contender of contenders) {
      runners.push(await start(contender, redis))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { redis, load, runners, stop }
}

/**
 * Servers with sessions of their own. Each must know its users and refuse strangers.
 *
 * @param {Contender[]} contenders
 * @param {{ sessions?: number, throughRedis?: (url: string) => Promise<string> }} [options]
 */
export const startFleet = (
  contenders,
  { sessions = 1000, throughRedis = async (url) => url } = {},
) =>
  startAll(contenders, async (contender, redis) => {
    const { server, options, path = '/me', as = 'user' } = contender
    // Two processes of one kind share nothing.
    const own = { redisUrl: await throughRedis(redis.url), prefix: `${contender.key}:` }
    const child = await startServer(server, { ...own, ...options })
    try {
      const { port } = child.ready
      const credentials = await child.ask('logIn', sessions)
      const forged = await Promise.all(
        credentials.slice(0, 100).map((credential) => child.ask('forge', credential)),
      )
      const sets = {
        user: credentials.map(({ headers }) => headers),
        stranger: [{}],
        forger: forged,
      }
      const asks = sets[as].map((headers) => ({ headers }))
      const runner = { ...contender, child, port, credentials, target: { port, path, asks } }
      await check(runner, forged)
      return runner
    } catch (error) {
      await child.stop()
      throw error
    }
  })

/**
 * @param {Runner} runner
 * @param {Record<string, string>[]} forged
 */
async function check(runner, forged) {
  const { title, port, target, credentials, as = 'user', status = 200, refusedWith = 401 } = runner
  const fail = (answer, who) => {
    const { path } = target
    throw new Error(
      `${title}: ${path} answered ${answer.status} ${JSON.stringify(answer.body)} to ${who}`,
    )
  }
  if (as !== 'user') {
    const answer = await send(port, target.path, target.asks[0])
    if (answer.status !== status || answer.body.openid !== undefined) fail(answer, `a ${as}`)
    return
  }
  const isOpen = target.path === '/public'
  for (const { openid, headers } of credentials.filter((_, i) => i % 200 === 0)) {
    const answer = await send(port, target.path, { headers })
    if (answer.status !== status || (!isOpen && answer.body.openid !== openid)) fail(answer, openid)
  }
  if (refusedWith === null || isOpen) return
  for (const [who, headers, expected] of [
    ['a forger', forged[0], refusedWith],
    ['a stranger', {}, 401],
  ]) {
    const answer = await send(port, target.path, { headers })
    if (answer.status !== expected || answer.body.openid !== undefined) fail(answer, who)
  }
}

/**
 * @template {Contender} C
 * @param {C[]} contenders
 * @param {boolean} quick
 */
export const taking = (contenders, quick) => contenders.filter(({ slow }) => !(quick && slow))

/**
 * Lets compilers and caches settle.
 *
 * @param {Fleet} fleet
 * @param {{ connections: number, seconds: number }} how
 */
export async function warmUp({ load, runners }, how) {
  for (const { target } of runners) await load.run(target, how)
  await delay(100)
}
