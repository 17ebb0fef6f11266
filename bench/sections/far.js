import { startFleet, taking, warmUp } from '../lib/fleet.js'
import { measureGenerations } from '../lib/generations.js'
import { startProxy } from '../lib/proxy.js'
import { measureInRounds, ratio } from '../lib/rounds.js'
import { bar, fixed, grouped } from '../lib/statistics.js'

export const name = 'far'
export const title = 'Guarded GET, Redis 1 ms away (each way)'

/** @type {import('../lib/fleet.js').Contender[]} */
const all = [
  { key: 'floor', title: '**floor**', server: 'floor' },
  { key: 'stock', title: '**stock**', server: 'stock', slow: true },
  { key: 'ours', title: '**express-wx-login**', server: 'ours' },
  {
    key: 'ours-session',
    slow: true,
    title: 'express-wx-login, reads and writes `req.session`',
    server: 'ours',
    path: '/count',
  },
  {
    key: 'ours-cache',
    slow: true,
    title: 'express-wx-login + client-side cache',
    server: 'ours',
    options: { cache: true },
    primed: true,
  },
]

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const contenders = taking(all, quick)
  /** @type {Map<string, Awaited<ReturnType<typeof startProxy>>>} */
  const proxies = new Map()
  const throughRedis = async (url) => {
    if (!proxies.has(url)) proxies.set(url, await startProxy(url, 1))
    return proxies.get(url).url
  }
  const sessions = quick ? 250 : 1000
  const [rounds, count] = quick ? [2, 1] : [4, 3]
  try {
    const { one, fifty } = await measureGenerations(
      { all, quick, count },
      (these) => startFleet(these, { sessions, throughRedis }),
      async (fleet) => {
        await warmUp(fleet, { connections: 50, seconds: 1 })
        const at = (connections) => measureInRounds(fleet, { connections, rounds, log })
        return { one: await at(1), fifty: await at(50) }
      },
    )
    return {
      columns: [
        'variant',
        'p50 ms, 1 connection',
        'vs floor',
        'p99 ms',
        'req/s, 50 connections',
        'p50 ms',
        'p99 ms',
      ],
      rows: contenders.map(({ key, title }) => [
        title,
        fixed(one.get(key).p50),
        fixed(ratio(one.get(key), one.get('floor'), 'p50')),
        fixed(one.get(key).p99),
        grouped(fifty.get(key).perSecond),
        fixed(fifty.get(key).p50),
        fixed(fifty.get(key).p99),
      ]),
      notes: [
        'The proxy in between hands each piece on after 1 ms, as exactly as timers of Node are.',
        ...(quick
          ? []
          : [
              `Of those that bars compare: medians over ${rounds} rounds of a second in each of ${count} generations of processes.`,
            ]),
      ],
      bars: [
        bar(
          'Redis 1 ms away: p50 vs the floor, one connection',
          ratio(one.get('ours'), one.get('floor'), 'p50'),
          'at most',
          1.1,
        ),
        bar(
          'Redis 1 ms away: p50 vs the floor, 50 connections',
          ratio(fifty.get('ours'), fifty.get('floor'), 'p50'),
          'at most',
          1.1,
        ),
      ],
    }
  } finally {
    await Promise.all([...proxies.values()].map((proxy) => proxy.stop()))
  }
}
