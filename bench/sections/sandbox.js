import { send, startAll, startServer } from '../lib/fleet.js'
import { measureInRounds, ratio } from '../lib/rounds.js'
import { bar, fixed, grouped } from '../lib/statistics.js'

export const name = 'sandbox'
export const title = 'The sandbox as WeChat: how much load it can take from a server under test'

/** Of one measurement, more than any machine exchanges in that time: none is to be used twice. */
const codesOfOne = 25_000

const all = [
  { key: 'floor', title: '**floor**: `node:http` with a constant answer', server: 'node-http' },
  { key: 'exchange', title: '**sandbox**: a code for a session key', server: 'sandbox' },
  { key: 'wx-login', title: 'sandbox: `wx.login` of a phone, over HTTP', server: 'sandbox' },
]

const phones = Array.from({ length: 100 }, (_, i) => ({
  path: `/__sandbox/users/phone-${i}/login`,
  body: {},
}))

async function check({ key, title, port, child }) {
  if (key === 'floor') return
  const [path] = await child.ask('exchanges', 1)
  for (const [again, expected] of [
    [false, 0],
    [true, 40163],
  ]) {
    const { body } = await send(port, path)
    if ((body.errcode ?? 0) !== expected || (!again && !body.session_key)) {
      throw new Error(`${title}: answered ${JSON.stringify(body)}`)
    }
  }
  const { status, body } = await send(port, phones[0].path, phones[0])
  if (status !== 200 || !body.code) throw new Error(`${title}: wx.login answered ${status}`)
}

const startFleet = () =>
  startAll(all, async (contender) => {
    // It refuses to play WeChat in production.
    const child = await startServer(contender.server, {}, { NODE_ENV: 'development' })
    const { port } = child.ready
    const target = { port, path: '/', asks: contender.key === 'wx-login' ? phones : [{}] }
    const runner = { ...contender, child, port, target, credentials: [] }
    await check(runner)
    if (contender.key !== 'exchange') return runner
    return {
      ...runner,
      async prepare() {
        const paths = await child.ask('exchanges', codesOfOne)
        target.asks = paths.map((path) => ({ path }))
        return async (requests) => {
          const errors = await child.ask('errors')
          if (requests > paths.length || errors.length > 1) {
            throw new Error(`${contender.title}: ${requests} requests, errcodes ${errors}`)
          }
        }
      },
    }
  })

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const fleet = await startFleet()
  try {
    const found = await measureInRounds(fleet, { connections: 50, rounds: quick ? 1 : 5, log })
    const floor = found.get('floor')
    return {
      columns: ['variant', 'req/s', 'vs floor', 'CPU µs', 'p50 ms', 'p99 ms'],
      rows: all.map(({ key, title }) => {
        const own = found.get(key)
        return [
          title,
          grouped(own.perSecond),
          fixed(ratio(own, floor)),
          fixed(own.cpu, 1),
          fixed(own.p50),
          fixed(own.p99),
        ]
      }),
      notes: [
        '50 connections; the sandbox on one core, the load generator on the other; every code is exchanged once.',
      ],
      bars: [
        bar('sandbox: code exchanges a second', found.get('exchange').perSecond, 'at least', 3000, {
          digits: 0,
        }),
      ],
    }
  } finally {
    await fleet.stop()
  }
}
