import { createSandbox } from 'express-wx-login/sandbox'
import { openidOf, sidOf } from '../growth/copies.js'
import { commandsOfEveryRoute } from '../growth/every-route.js'
import { fill } from '../growth/fill.js'
import { compareManyApps } from '../growth/many-apps.js'
import { populate, stockBytes } from '../growth/populate.js'
import { costOfRequests, mostAsked } from '../growth/requests.js'
import { costOfUser } from '../growth/user-sessions.js'
import { bar, fixed, grouped } from '../lib/statistics.js'
import { callsOf, perRequest } from '../lib/redis-info.js'

/** @typedef {import('../growth/populate.js').Populated} Populated */

export const name = 'growth'
export const title = 'Growth: from ten thousand sessions to a million'

const pushToken = 'tokenOfTheBenchmark'
const counts = [1, 5, 100]

/** @param {Populated} populated @param {string} key */
const usageOf = async ({ client }, key) =>
  Number(await client.sendCommand(['MEMORY', 'USAGE', key, 'SAMPLES', '0']))

/**
 * Bytes of a session, and of the two keys of its user, beside stock's session of the same content.
 *
 * @param {Populated} large
 */
async function bytes(large) {
  const { copier, sessions, client, port } = large
  const stock = await stockBytes(sessions)
  const user = { appid: copier.user.appid, openid: openidOf('many', 0) }
  const key = `wx:user:{${user.appid}:${user.openid}}`
  const session = await usageOf(large, `wx:sess:${sidOf('many', 0)}`)
  const list = await usageOf(large, `${key}:sessions`)
  const keys = await usageOf(large, `${key}:keys`)
  const five = { appid: user.appid, openid: openidOf('five', 0) }
  const sids = Array.from({ length: 5 }, (_, i) => sidOf('five', i))
  await fill(port, copier.list(sids, five))
  const fiveKey = `wx:user:{${five.appid}:${five.openid}}:sessions`
  const listOfFive = await usageOf(large, fiveKey)
  await client.del(fiveKey)
  const { bytes: used } = large
  const row = (
    /** @type {string} */ what,
    /** @type {number} */ usage,
    /** @type {number} */ all,
  ) => [what, `${usage} B`, Number.isNaN(all) ? '' : `${fixed(all, 0)} B`, '']
  return {
    rows: [
      row('bytes per session', session, used.session),
      row('bytes per session, stock with the same content', stock.usage, stock.used),
      row('bytes per user: list with one session', list, used.list),
      row('bytes per user: list with five sessions', listOfFive, NaN),
      row('bytes per user: session key', keys, used.keys),
      row(
        'bytes per user with one session, all of it',
        session + list + keys,
        used.session + used.list + used.keys,
      ),
    ],
    bars: [
      {
        what: 'bytes per session to stock (MEMORY USAGE)',
        measured: `${session} to ${stock.usage}`,
        required: 'at most as many',
        ok: session <= stock.usage,
      },
      {
        what: `bytes per session to stock (all memory, ${grouped(sessions)} sessions)`,
        measured: `${fixed(used.session, 0)} to ${fixed(stock.used, 0)}`,
        required: 'at most as many',
        // As it is printed: what a server uses is not told to a fraction of a byte.
        ok: Math.round(used.session) <= Math.round(stock.used),
      },
    ],
  }
}

/** @param {Populated[]} both @param {number} repeats */
async function userSessions(both, repeats) {
  const rows = []
  const bars = []
  /** @type {{ list: number, revoke: number }[]} */
  const commands = []
  for (const count of counts) {
    const costs = []
    for (const populated of both) costs.push(await costOfUser(populated, count, repeats))
    for (const [i, cost] of costs.entries()) {
      rows.push([
        `user with ${count} sessions among ${grouped(both[i].sessions)}`,
        `list ${fixed(cost.listMs, 2)} ms, revokeAll ${fixed(cost.revokeMs, 2)} ms`,
        '',
        `list ${cost.listCommands}, revokeAll ${cost.revokeCommands}`,
      ])
    }
    const [few, many] = costs
    commands.push({ list: many.listCommands, revoke: many.revokeCommands })
    bars.push({
      what: `list and revokeAll of ${count} sessions: Redis commands among many and among few`,
      measured: `${many.listCommands} and ${many.revokeCommands} to ${few.listCommands} and ${few.revokeCommands}`,
      required: 'the same',
      ok: many.listCommands === few.listCommands && many.revokeCommands === few.revokeCommands,
    })
  }
  const [one, , hundred] = commands
  const growth = (hundred.revoke - one.revoke) / (counts[2] - counts[0])
  bars.push(bar('revokeAll: Redis commands for each session more', growth, 'at most', 3))
  return { rows, bars }
}

/** @param {import('../growth/requests.js').RequestCost[]} costs */
function commandsBar([few, many]) {
  const [ofFew, ofMany] = [few, many].map((cost) => callsOf(cost.commands) / cost.requests)
  return {
    what: `Redis commands per guarded request, ${many.name} sessions to ${few.name}`,
    measured: `${fixed(ofMany, 2)} to ${fixed(ofFew, 2)}`,
    required: 'at most 0.05 more',
    ok: ofMany - ofFew <= 0.05,
  }
}

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const asked = quick ? 3000 : mostAsked
  const sizes = quick ? [10_000, 100_000] : [10_000, 1_000_000]
  const sandbox = createSandbox({ rateLimit: 0, journalSize: 1 })
  await sandbox.listen()
  /** @type {Populated[]} */
  const both = []
  try {
    for (const size of sizes) {
      log(`growth: ${grouped(size)} sessions`)
      both.push(await populate(size, sandbox, { pushToken }))
    }
    const large = both[1]
    log('growth: guarded requests')
    const { costs, ratio } = await costOfRequests(
      both.map((populated) => ({ name: grouped(populated.sessions), populated })),
      { asked, ...(quick ? { rounds: 8, ms: 250 } : { rounds: 50, ms: 400 }) },
    )
    const compared = `${costs[1].name} sessions to ${costs[0].name}`
    log('growth: lists and revocations')
    const ofUsers = await userSessions(both, quick ? 7 : 25)
    log('growth: bytes')
    const ofBytes = await bytes(large)
    const seen = await commandsOfEveryRoute(large, sandbox, pushToken)
    const ofApps = await compareManyApps({ quick, log })
    return {
      columns: ['what', 'cost', 'p50 on one connection, or all memory', 'Redis commands'],
      rows: [
        ...costs.map((cost) => [
          `guarded request among ${cost.name} sessions`,
          `${fixed(cost.cpu, 1)} µs CPU, Redis ${fixed(cost.redisCpu, 1)} µs`,
          `${fixed(cost.p50, 3)} ms`,
          perRequest(cost.commands, cost.requests),
        ]),
        ...ofUsers.rows,
        ...ofBytes.rows,
        ...ofApps.rows,
      ],
      notes: [
        `Guarded requests: 50 connections, of a random one of up to ${grouped(asked)} random sessions, each seen before. Bytes: ` +
          'MEMORY USAGE of the key, then what used_memory grew by for each.',
        `Commands that all routes and calls together sent: ${seen.names.join(', ')}.`,
      ],
      bars: [
        bar(`CPU per guarded request, ${compared}`, ratio('cpu', 1, 0), 'at most', 1.1),
        bar(`p50 of a guarded request, ${compared}`, ratio('p50', 1, 0), 'at most', 1.1),
        commandsBar(costs),
        ...ofBytes.bars,
        ...ofUsers.bars,
        {
          what: 'commands that scan, of all routes and calls',
          measured: seen.scanning.join(', ') || 'none',
          required: 'none',
          ok: seen.scanning.length === 0,
        },
        ...ofApps.bars,
      ],
    }
  } finally {
    for (const { close } of both) await close()
    await sandbox.close()
  }
}
