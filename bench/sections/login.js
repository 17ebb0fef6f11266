import { send, startAll, startServer, taking, warmUp } from '../lib/fleet.js'
import { measureGenerations } from '../lib/generations.js'
import { loginRoundTrips } from '../lib/round-trips.js'
import { measureInRounds, ratio } from '../lib/rounds.js'
import { measureInSlices } from '../lib/slices.js'
import { bar, fixed, grouped } from '../lib/statistics.js'
import { startWeChat } from '../lib/wechat.js'
import { appidOf } from '../servers/common.js'
import { encrypted } from '../servers/login-wafer.js'

export const name = 'login'
export const title = 'Login: a code is exchanged at WeChat, a session saved, a token handed out'

const manyApps = 10_000

/** @type {(import('../lib/fleet.js').Contender & { asks?: import('../lib/load.js').Ask[] })[]} */
const all = [
  { key: 'floor', title: '**floor**: pool of undici + one `SET` by hand', server: 'login-floor' },
  {
    key: 'usual',
    title: '**usual route**: global `fetch`, express-session regenerate, awaited save',
    server: 'login-usual',
  },
  {
    key: 'wafer',
    title: '`wafer-node-session` (decrypts the profile too)',
    server: 'login-wafer',
    slow: true,
  },
  { key: 'ours', title: '**express-wx-login**', server: 'login-ours' },
  {
    key: 'ours-apps',
    title: `express-wx-login, ${grouped(manyApps)} apps through the resolver`,
    server: 'login-ours',
    options: { apps: manyApps, prefix: 'apps:' },
  },
]

function asksOf(key) {
  if (key === 'wafer') {
    const { encryptedData, iv } = encrypted('o6_bmjrPTlm6_2sgVt7hMZOP0000')
    const data = { 'X-WX-Encrypted-Data': encryptedData, 'X-WX-IV': iv }
    return [{ headers: { 'X-WX-Code': '%d', ...data } }]
  }
  if (key !== 'ours-apps') return [{ body: { code: '%d' } }]
  return Array.from({ length: manyApps }, (_, i) => ({ body: { code: '%d', appid: appidOf(i) } }))
}

/** A login must give a session that works, and a code that is none must not. */
async function check({ key, title, child, port }) {
  for (let i = 0; i < 3; i += 1) {
    const { openid, headers } = await child.ask('logInOnce', i)
    const { status, body } = await send(port, '/me', { headers })
    if (status !== 200 || body.openid !== openid) {
      throw new Error(`${title}: /me answered ${status} ${JSON.stringify(body)} after a login`)
    }
  }
  if (key === 'wafer') return
  const { status, body } = await send(port, '/wx/login', { body: { code: 'not-a-code' } })
  if (status !== 401 || body.token !== undefined) {
    throw new Error(`${title}: answered ${status} to a code that is none`)
  }
}

/**
 * @param {typeof all} contenders
 * @param {Awaited<ReturnType<typeof startWeChat>>} wechat
 */
const startFleet = (contenders, wechat) =>
  startAll(contenders, async (contender, redis) => {
    const options = { redisUrl: redis.url, wechatUrl: wechat.url, ...contender.options }
    const child = await startServer(contender.server, options, wechat.env)
    const { port } = child.ready
    const target = { port, path: '/wx/login', asks: asksOf(contender.key) }
    const runner = {
      ...contender,
      ...{ child, port, target, credentials: [] },
      // Connections to WeChat are kept for as long as they are used.
      primed: true,
      sample: () => child.ask('logIn', 20),
      async prepare() {
        // Every login is a new user: nothing of the logins before is to weigh on these.
        await redis.client.flushDb()
        const before = await wechat.counted()
        return async (requests) => ({
          connections: ((await wechat.counted()).connections - before.connections) / requests,
        })
      },
    }
    await check(runner)
    return runner
  })

/** Columns of a contender, empty where it was not measured. */
function farAway(far, key) {
  const own = far.get(key)
  if (!own) return ['', '', '', '']
  const vsFloor = ratio(own, far.get('floor'), 'p99')
  return [grouped(own.perSecond), fixed(own.p50, 1), fixed(own.p99, 1), fixed(vsFloor)]
}

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const contenders = taking(all, quick)
  const wechat = await startWeChat()
  const how = quick
    ? { slices: 4, rounds: 3, generations: 1 }
    : { slices: 10, rounds: 8, generations: 3 }
  try {
    const { near, far } = await measureGenerations(
      { all, quick, count: how.generations },
      (these) => startFleet(these, wechat),
      async (fleet, isFirst) => {
        if (!quick) await warmUp(fleet, { connections: 50, seconds: 2 })
        const at = { connections: 50, log }
        const atOnce = await measureInSlices(fleet, { ...at, quick, slices: how.slices })
        log('WeChat 30 ms away')
        await wechat.setPause(30)
        const everyone = isFirst && !quick
        const isCompared = ({ key }) => everyone || key === 'floor' || key === 'ours'
        const compared = { ...fleet, runners: fleet.runners.filter(isCompared) }
        const after30 = await measureInRounds(compared, { ...at, rounds: how.rounds })
        await wechat.setPause(0)
        return { near: atOnce, far: after30 }
      },
    )
    const roundTrips = await loginRoundTrips(wechat)
    const [ours, usual] = ['ours', 'usual'].map((key) => near.get(key))
    return {
      columns: [
        'variant',
        'logins/s',
        'vs usual',
        'CPU µs',
        'Redis commands',
        'new connections to WeChat',
        'logins/s, WeChat at 30 ms',
        'p50 ms',
        'p99 ms',
        'p99 vs floor',
      ],
      rows: contenders.map(({ key, title }) => [
        title,
        grouped(near.get(key).perSecond),
        fixed(ratio(near.get(key), usual)),
        fixed(near.get(key).cpu, 1),
        fixed(near.get(key).commands),
        fixed(near.get(key).connections, 3),
        ...farAway(far, key),
      ]),
      notes: [
        `50 connections, WeChat over ${wechat.scheme}, answering at once or after 30 ms. express-wx-login waits for Redis ${fixed(roundTrips)} times in a login.${quick ? '' : ` Medians over ${how.slices} turns and ${how.rounds} rounds, and of what bars compare in ${how.generations} generations of processes, as many in each.`}`,
        'express-wx-login also signs the token, seals the session key, enters the session in the list of the user and the key in the history of the user.',
      ],
      bars: [
        bar('login: logins per second vs the usual route', ratio(ours, usual), 'at least', 1.5),
        bar('login: Redis round trips', roundTrips, 'at most', 2),
        bar('login: new connections to WeChat for each', ours.connections, 'at most', 0.01),
        bar(
          'login: p99 vs the floor, WeChat at 30 ms',
          ratio(far.get('ours'), far.get('floor'), 'p99'),
          'at most',
          1.25,
        ),
        bar(
          `login: CPU with ${grouped(manyApps)} apps vs one`,
          ratio(near.get('ours-apps'), ours, 'cpu'),
          'at most',
          1.1,
        ),
      ],
      chart: {
        title: 'Logins per second at 50 connections, WeChat answering at once',
        unit: 'logins/s',
        bars: contenders.map(({ key, title }) => ({
          label: title.replaceAll(/[*`]|: .*| \(.*/g, ''),
          value: near.get(key).perSecond,
          detail: `${fixed(near.get(key).cpu, 0)} µs CPU`,
          kind: key.startsWith('ours') ? 'ours' : 'other',
        })),
      },
    }
  } finally {
    await wechat.stop()
  }
}
