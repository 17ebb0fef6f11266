import { send, startFleet, taking, warmUp } from '../lib/fleet.js'
import { ratio } from '../lib/rounds.js'
import { measureInSlices } from '../lib/slices.js'
import { bar, fixed, grouped } from '../lib/statistics.js'

export const name = 'refused'
export const title = 'Requests that are refused, and a public route'

/** @type {import('../lib/fleet.js').Contender[]} */
const all = [
  {
    key: 'bare-401',
    title: 'refused: bare Express with the same answer',
    server: 'bare',
    path: '/refused',
    as: 'stranger',
    status: 401,
  },
  {
    key: 'ours-none',
    title: 'refused: **express-wx-login**, no token',
    server: 'ours',
    as: 'stranger',
    status: 401,
  },
  {
    key: 'ours-forged',
    title: 'refused: **express-wx-login**, forged token',
    server: 'ours',
    as: 'forger',
    status: 401,
  },
  {
    key: 'stock-none',
    title: 'refused: stock, no cookie',
    server: 'stock',
    slow: true,
    as: 'stranger',
    status: 401,
  },
  {
    key: 'stock-forged',
    title: 'refused: stock, forged cookie',
    server: 'stock',
    slow: true,
    as: 'forger',
    status: 401,
  },
  { key: 'bare', title: 'public: bare Express', server: 'bare', path: '/public', as: 'stranger' },
  {
    key: 'ours-public',
    title: 'public: **behind express-wx-login**, no token',
    server: 'ours',
    path: '/public',
    as: 'stranger',
  },
  {
    key: 'ours-known',
    slow: true,
    title: 'public: behind express-wx-login, with a token',
    server: 'ours',
    path: '/public',
  },
  {
    key: 'stock-public',
    title: 'public: behind stock, no cookie',
    server: 'stock',
    slow: true,
    path: '/public',
    as: 'stranger',
  },
  {
    key: 'stock-known',
    title: 'public: behind stock, with a cookie',
    server: 'stock',
    slow: true,
    path: '/public',
  },
]

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const contenders = taking(all, quick)
  const fleet = await startFleet(contenders, { sessions: quick ? 250 : 1000 })
  try {
    const bytes = await Promise.all(
      fleet.runners
        .filter(({ key }) => ['bare-401', 'ours-none'].includes(key))
        .map(async ({ port, target }) => (await send(port, target.path)).bytes),
    )
    if (!quick) await warmUp(fleet, { connections: 50, seconds: 2 })
    const how = quick ? { slices: 4, rounds: 0 } : { slices: 24, rounds: 2 }
    const found = await measureInSlices(fleet, { connections: 50, ...how, quick, log })
    const get = (key) => found.get(key)
    const base = (key) => get(/^(bare-401|.*-(none|forged))$/.test(key) ? 'bare-401' : 'bare')
    const cpu = (key) => ratio(get(key), base(key), 'cpu')
    return {
      columns: [
        'variant',
        'req/s',
        'vs bare',
        'CPU µs',
        'CPU vs bare',
        'Redis commands',
        'p50 ms',
        'p99 ms',
      ],
      rows: contenders.map(({ key, title }) => [
        title,
        grouped(get(key).perSecond),
        fixed(ratio(get(key), base(key))),
        fixed(get(key).cpu, 1),
        fixed(cpu(key)),
        fixed(get(key).commands),
        fixed(get(key).p50),
        fixed(get(key).p99),
      ]),
      notes: [
        `50 connections. The refusal of bare Express has ${bytes[0]} bytes, that of express-wx-login ${bytes[1]}.`,
      ],
      bars: [
        bar(
          'refused without a token: CPU per request vs bare Express',
          cpu('ours-none'),
          'at most',
          1.1,
        ),
        bar('refused without a token: Redis commands', get('ours-none').commands, 'exactly', 0),
        bar(
          'refused with a forged token: CPU per request vs bare Express',
          cpu('ours-forged'),
          'at most',
          1.1,
        ),
        bar(
          'refused with a forged token: Redis commands',
          get('ours-forged').commands,
          'exactly',
          0,
        ),
        bar(
          'public route: CPU per request vs the same without the plugin',
          cpu('ours-public'),
          'at most',
          1.1,
        ),
        bar('public route: Redis commands', get('ours-public').commands, 'exactly', 0),
      ],
    }
  } finally {
    await fleet.stop()
  }
}
