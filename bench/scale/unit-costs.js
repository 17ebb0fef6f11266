import { openidOf, sidOf, tokenOf } from '../growth/copies.js'
import { populate, secret } from '../growth/populate.js'
import { drive, request } from './load.js'
import { callsOf, commandsBetween, snapshot } from '../lib/redis-info.js'

/**
 * @typedef {object} UnitCost what one request costs
 * @property {number} cpu µs of the server process
 * @property {number} requests how many it is the mean of
 * @property {{ name: string, calls: number, usec: number }[]} commands
 * @property {number} redisCpu µs of Redis, all of its process
 * @property {number} input bytes from the app to Redis
 * @property {number} output bytes from Redis to the app
 */

/**
 * @param {import('../growth/populate.js').Populated} populated
 * @param {import('./load.js').Drive} load
 * @returns {Promise<UnitCost>}
 */
async function costOf({ app, client }, load) {
  const before = await snapshot(client)
  const cpu = await app.ask('cpu')
  const { requests } = await drive(load)
  const used = (await app.ask('cpu')) - cpu
  // What is told after the answer is part of it.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const after = await snapshot(client)
  return {
    requests,
    cpu: used / requests,
    commands: commandsBetween(before, after),
    redisCpu: ((after.cpu - before.cpu) * 1e6) / requests,
    input: (after.input - before.input) / requests,
    output: (after.output - before.output) / requests,
  }
}

/** Mean time of one command inside Redis, in µs. @param {UnitCost} cost */
export const perCommand = ({ commands }) =>
  commands.reduce((sum, { usec }) => sum + usec, 0) / callsOf(commands)

/**
 * The figures that docs/scaling.md multiplies, of one process on one Redis.
 *
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @param {import('../lib/section.js').Context} ctx
 */
export async function measureUnitCosts(sandbox, { quick, log }) {
  const sessions = quick ? 5000 : 10_000
  const populated = await populate(sessions, sandbox)
  try {
    const { app, client, copier } = populated
    const { port } = app
    log('scale: a guarded request and a login, on one Redis')
    const asks = Array.from({ length: sessions }, (_, i) => ({
      bytes: request('GET', '/me', { token: tokenOf(sidOf('many', i), secret) }),
      status: 200,
    }))
    let turn = 0
    const next = () => asks[turn++ % sessions]
    await drive({ port, connections: 50, requests: 2 * sessions, next })
    const guarded = await costOf(populated, {
      ...{ port, connections: 50, next },
      requests: quick ? 10_000 : 100_000,
    })

    const logins = (/** @type {string} */ series, /** @type {number} */ count) => {
      const codes = Array.from({ length: count }, (_, i) => sandbox.user(`${series} ${i}`).login())
      return {
        ...{ port, connections: 50, requests: count },
        next: () => {
          const body = { code: codes.pop() }
          return { bytes: request('POST', '/wx/login', { body }), status: 200 }
        },
      }
    }
    await drive(logins('warm', 500))
    const login = await costOf(populated, logins('counted', quick ? 1000 : 5000))

    const user = `wx:user:{${copier.user.appid}:${openidOf('many', 0)}}`
    const keys = [`wx:sess:${sidOf('many', 0)}`, `${user}:sessions`, `${user}:keys`]
    const [session, list, key] = await Promise.all(
      keys.map(async (each) => Number(await client.sendCommand(['MEMORY', 'USAGE', each]))),
    )
    const all = populated.bytes.session + populated.bytes.list + populated.bytes.keys
    const clients = String(await client.sendCommand(['CLIENT', 'LIST']))
      .trim()
      .split('\n').length
    const { rss } = await app.ask('memory')
    return {
      ...{ guarded, login, rss },
      bytes: { session, list, key, all },
      // One is this one.
      connections: clients - 1,
    }
  } finally {
    await populated.close()
  }
}
