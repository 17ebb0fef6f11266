import { commandsBetween, snapshot } from '../lib/redis-info.js'
import { median } from '../lib/statistics.js'
import { drive, request } from '../scale/load.js'
import { secret } from './populate.js'
import { sidOf, tokenOf } from './copies.js'

/** @typedef {import('./populate.js').Populated} Populated */

/** A process that has seen few users only may know them all. */
export const mostAsked = 50_000

/**
 * Requests to a guarded route, each of a random one of up to `asked` random sessions.
 *
 * @param {number} sessions
 * @param {number} asked
 */
function randomRequests(sessions, asked) {
  const size = Math.min(sessions, asked)
  const picked = new Set()
  while (picked.size < size) {
    picked.add(size === sessions ? picked.size : Math.floor(Math.random() * sessions))
  }
  const asks = [...picked].map((i) => ({
    bytes: request('GET', '/me', { token: tokenOf(sidOf('many', i), secret) }),
    status: 200,
  }))
  let at = 0
  return {
    size,
    inTurn: () => asks[at++ % size],
    random: () => asks[Math.floor(Math.random() * size)],
  }
}

/**
 * @typedef {object} RequestCost
 * @property {string} name
 * @property {number} cpu µs of the server process for one request
 * @property {number} p50 ms on one connection
 * @property {number} redisCpu µs of Redis for one request
 * @property {{ name: string, calls: number }[]} commands of all rounds
 * @property {number} requests of all rounds
 */

/**
 * What a guarded request costs each of several servers. The rounds interleave them, and each is asked once for all
 * its users before: what is done once for a user is no cost of growth.
 *
 * @param {{ name: string, populated: Populated }[]} servers
 * @param {{ rounds: number, ms: number, asked?: number }} options - `asked`: of how many sessions at most
 * @returns {Promise<{ costs: RequestCost[], ratio(of: 'cpu' | 'p50', a: number, b: number): number }>} `ratio`:
 *   median over pairs of rounds of what server `a` took to what server `b` took
 */
export async function costOfRequests(servers, { rounds, ms, asked = mostAsked }) {
  const each = servers.map(({ name, populated }) => ({
    ...{ name, populated },
    asks: randomRequests(populated.sessions, asked),
    /** @type {{ cpu: number, p50: number, redisCpu: number }[]} */
    rounds: [],
    requests: 0,
    /** @type {Map<string, number>} */
    calls: new Map(),
  }))
  for (const { populated, asks } of each) {
    const { port } = populated.app
    await drive({ port, connections: 50, requests: asks.size, next: asks.inTurn })
  }
  for (let round = 0; round < rounds; round += 1) {
    // In turn first: whoever is second finds a machine that is warm.
    for (const server of round % 2 === 0 ? each : each.toReversed()) {
      const { app, client } = server.populated
      const next = server.asks.random
      const before = await snapshot(client)
      const cpu = await app.ask('cpu')
      const busy = await drive({ port: app.port, connections: 50, ms, next })
      const used = (await app.ask('cpu')) - cpu
      const after = await snapshot(client)
      const alone = await drive({ port: app.port, connections: 1, ms: ms / 3, next })
      server.requests += busy.requests
      for (const { name, calls } of commandsBetween(before, after)) {
        server.calls.set(name, (server.calls.get(name) ?? 0) + calls)
      }
      server.rounds.push({
        cpu: used / busy.requests,
        p50: alone.p50,
        redisCpu: ((after.cpu - before.cpu) * 1e6) / busy.requests,
      })
    }
  }
  return {
    costs: each.map(({ name, rounds: all, requests, calls }) => {
      const of = (/** @type {'cpu' | 'p50' | 'redisCpu'} */ what) =>
        median(all.map((round) => round[what]))
      return {
        ...{ name, requests },
        ...{ cpu: of('cpu'), p50: of('p50'), redisCpu: of('redisCpu') },
        commands: [...calls]
          .map(([command, count]) => ({ name: command, calls: count }))
          .toSorted((a, b) => b.calls - a.calls),
      }
    }),
    ratio: (of, a, b) => {
      const inRound = each[a].rounds.map((round, i) => round[of] / each[b].rounds[i][of])
      // Two rounds together: each was first in one of them.
      const inPair = inRound.flatMap((ratio, i) =>
        i % 2 ? [Math.sqrt(ratio * inRound[i - 1])] : [],
      )
      return median(inPair)
    },
  }
}
