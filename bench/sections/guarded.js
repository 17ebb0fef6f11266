import { startFleet, taking, warmUp } from '../lib/fleet.js'
import { measureGenerations } from '../lib/generations.js'
import { measureInRounds, ratio } from '../lib/rounds.js'
import { measureInSlices } from '../lib/slices.js'
import { bar, fixed, forThisNode, grouped } from '../lib/statistics.js'
import { measureRevocation } from '../lib/revocation.js'
import { measureSliding } from '../lib/sliding.js'

export const name = 'guarded'
export const title = 'Guarded GET: a tiny JSON answer with the openid'

/** @type {import('../lib/fleet.js').Contender[]} */
const all = [
  {
    key: 'bare',
    title: 'bare Express, nobody is asked',
    server: 'bare',
    refusedWith: null,
    slow: true,
  },
  {
    key: 'floor',
    title: '**floor**: Express + one `GET` + `JSON.parse` by hand',
    server: 'floor',
  },
  {
    key: 'floor-lean',
    title: 'the floor without a timer for each command',
    server: 'floor',
    options: { lean: true },
    slow: true,
  },
  {
    key: 'stock',
    title: '**stock**: express-session + connect-redis',
    server: 'stock',
  },
  {
    key: 'stock-session',
    title: 'stock, reads and writes `req.session`',
    server: 'stock',
    path: '/count',
  },
  { key: 'ours', title: '**express-wx-login**', server: 'ours' },
  {
    key: 'ours-user',
    title: 'express-wx-login, reads `req.wx.user`',
    server: 'ours',
    path: '/user',
    slow: true,
  },
  {
    key: 'ours-session',
    title: 'express-wx-login, reads and writes `req.session`',
    server: 'ours',
    path: '/count',
  },
  {
    key: 'ours-cache',
    title: 'express-wx-login + client-side cache',
    server: 'ours',
    options: { cache: true },
    primed: true,
  },
  { key: 'jose', title: '`jose` HS256 (cannot be revoked)', server: 'jose' },
  {
    key: 'express-jwt',
    title: '`express-jwt` (cannot be revoked)',
    server: 'express-jwt',
    slow: true,
  },
  {
    key: 'iron-session',
    title: '`iron-session` (cannot be revoked)',
    server: 'iron-session',
    slow: true,
  },
  {
    key: 'wafer',
    title: '`wafer-node-session` (2017, no sliding expiry)',
    server: 'wafer',
    slow: true,
    refusedWith: 200,
  },
]

const row = (found, { key, title }) => {
  const own = found.get(key)
  return [
    title,
    grouped(own.perSecond),
    fixed(ratio(own, found.get('floor'))),
    fixed(ratio(own, found.get('stock'))),
    fixed(own.cpu, 1),
    fixed(ratio(own, found.get('floor'), 'cpu')),
    fixed(own.commands),
    fixed(own.p50),
    fixed(own.p99),
  ]
}

const columns = [
  'variant',
  'req/s',
  'vs floor',
  'vs stock',
  'CPU µs',
  'CPU vs floor',
  'Redis commands',
  'p50 ms',
  'p99 ms',
]

/** At 50 connections, and of the first generation of processes all the rest. */
async function measureAll({ quick, log }) {
  const how = quick
    ? { sessions: 250, slices: 4, rounds: 0, generations: 1, others: [] }
    : { sessions: 1000, slices: 8, rounds: 3, generations: 5, others: [1, 200] }
  const more = []
  let slides = false
  const { found } = await measureGenerations(
    { all, quick, count: how.generations },
    (contenders) => {
      log(`${contenders.length} servers: start, log in, check`)
      return startFleet(contenders, how)
    },
    async (fleet, isFirst) => {
      if (!quick) await warmUp(fleet, { connections: 50, seconds: 2 })
      const { slices } = how
      const rounds = isFirst ? how.rounds : 0
      const these = await measureInSlices(fleet, { connections: 50, slices, rounds, quick, log })
      if (!isFirst) return { found: these }
      for (const connections of how.others) {
        const others = await measureInRounds(fleet, { connections, rounds, log })
        more.push({
          title: `${connections} connection${connections === 1 ? '' : 's'}`,
          columns,
          rows: fleet.runners.map((runner) => row(others, runner)),
        })
      }
      slides = await measureSliding(fleet, 'ours')
      return { found: these }
    },
  )
  return { found, more, slides, how }
}

/** @param {import('../lib/section.js').Context} ctx */
export async function run(ctx) {
  const { quick, log } = ctx
  const contenders = taking(all, quick)
  const { found, more, slides, how } = await measureAll(ctx)
  log('revocations in another process')
  const revocation = await measureRevocation(quick ? 20 : 200)
  const get = (key) => found.get(key)
  const [ours, session, cache] = ['ours', 'ours-session', 'ours-cache'].map(get)
  const withSession = 'reads and writes req.session'
  return {
    columns,
    rows: contenders.map((contender) => row(found, contender)),
    more,
    notes: [
      `${grouped(how.sessions)} sessions. At 50 connections where the table does not say otherwise. Medians over ${how.slices} turns of a quarter of a second${quick ? '' : `, and of what bars compare in ${how.generations} generations of processes, as many in each`}; ratios are taken inside a turn.${quick ? '' : ` p50 and p99: over ${how.rounds} rounds of a second.`}`,
      `A session revoked in another process is refused by a process with a client-side cache after (from the call of revokeAll to the first 401, ${revocation.count} times): p50 ${fixed(revocation.p50, 1)} ms, p99 ${fixed(revocation.p99, 1)} ms, at most ${fixed(revocation.max, 1)} ms.`,
      'express-wx-login has the client of `createRedis(url)`, all others that of `createClient({ url })`.',
      'The client-side cache keeps a session for an hour here, and for ten seconds where nothing else is said: then one in use costs a read in ten seconds.',
    ],
    bars: [
      bar(
        'guarded: requests per second vs stock',
        ratio(ours, get('stock')),
        'at least',
        forThisNode(1.5, 2),
      ),
      bar(
        'guarded: CPU per request vs the floor',
        ratio(ours, get('floor'), 'cpu'),
        'at most',
        forThisNode(1.05, 1.15),
      ),
      bar('guarded: Redis commands', ours.commands, 'exactly', 1),
      {
        what: 'guarded: a request makes the session live longer',
        measured: slides ? 'yes' : 'no',
        required: 'yes',
        ok: slides,
      },
      bar(
        `guarded, ${withSession}: requests per second vs stock`,
        ratio(session, get('stock-session')),
        'at least',
        forThisNode(1.15, 1.4),
      ),
      bar(`guarded, ${withSession}: Redis commands`, session.commands, 'at most', 2),
      bar('guarded, client-side cache: Redis commands', cache.commands, 'exactly', 0),
      bar(
        'guarded, client-side cache: requests per second vs jose',
        ratio(cache, get('jose')),
        'at least',
        forThisNode(1.15, 1.5),
      ),
      bar(
        'guarded, client-side cache: refused after a revocation elsewhere, p99',
        revocation.p99,
        'at most',
        100,
        { unit: ' ms', digits: 1 },
      ),
    ],
    chart: {
      title: 'Guarded GET, requests per second at 50 connections',
      unit: 'req/s',
      bars: contenders.map(({ key, title }) => ({
        label: title.replaceAll(/[*`]/g, ''),
        value: get(key).perSecond,
        detail: `${fixed(get(key).cpu, 0)} µs CPU`,
        kind: key.startsWith('ours') ? 'ours' : 'other',
      })),
    },
  }
}
