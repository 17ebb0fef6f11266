import { join } from 'node:path'
import { startChild } from '../lib/child.js'
import { send, startAll, startServer, warmUp } from '../lib/fleet.js'
import { cores } from '../lib/programs.js'
import { benchFolder } from '../lib/root.js'
import { ratio } from '../lib/rounds.js'
import { measureInSlices } from '../lib/slices.js'
import { bar, fixed, grouped, median } from '../lib/statistics.js'
import { openDataOf } from '../lib/wechat.js'
import { appid } from '../servers/common.js'

export const name = 'profile-data'
export const title = 'Signed and encrypted data of a phone'

/** @type {import('../lib/fleet.js').Contender[]} */
const contenders = [
  {
    key: 'floor',
    title: '`POST /wx/profile`, **floor**: one `GET`, node:crypto and one `SET` by hand',
    server: 'profile-floor',
  },
  { key: 'ours', title: '`POST /wx/profile`, **express-wx-login**', server: 'ours' },
]

const startFleet = (sessions) =>
  startAll(contenders, async (contender, redis) => {
    const child = await startServer(contender.server, { redisUrl: redis.url })
    const { port } = child.ready
    const credentials = await child.ask('logIn', sessions)
    const asks = credentials.map(({ openid, headers }) => ({
      headers,
      body: openDataOf(openid, appid),
    }))
    const { status, body } = await send(port, '/wx/profile', asks[0])
    if (status !== 200 || body.user?.city !== 'Guangzhou') {
      throw new Error(`${contender.title}: answered ${status} ${JSON.stringify(body)}`)
    }
    const forged = { ...asks[0].body, signature: '0'.repeat(40) }
    const refused = await send(port, '/wx/profile', { ...asks[0], body: forged })
    if (![401, 409].includes(refused.status)) {
      throw new Error(`${contender.title}: answered ${refused.status} to a forged signature`)
    }
    return { ...contender, child, port, credentials, target: { port, path: '/wx/profile', asks } }
  })

async function measureRoute({ quick, log }) {
  const fleet = await startFleet(quick ? 250 : 1000)
  try {
    if (!quick) await warmUp(fleet, { connections: 50, seconds: 2 })
    return await measureInSlices(fleet, { connections: 50, slices: quick ? 4 : 30, quick, log })
  } finally {
    await fleet.stop()
  }
}

const ways = {
  'decrypt demo': 'decrypt: WeChat’s example for Node',
  'decrypt raw': 'decrypt: `createDecipheriv`, the key as bytes',
  'decrypt keyObject': 'decrypt: `createDecipheriv`, the key as a `KeyObject`',
  'decrypt webCrypto': 'decrypt: WebCrypto',
  'decrypt ours': 'decrypt: **`decryptData`**, all checks',
  'signature createHash': 'signature: `createHash`, `===`',
  'signature oneShot': 'signature: one-shot `hash`, `===`',
  'signature createHashInTime': 'signature: `createHash`, `timingSafeEqual`',
  'signature oneShotInTime': 'signature: one-shot `hash`, `timingSafeEqual`',
  'signature ours': 'signature: **`verifySignature`**',
}

/** @returns {Promise<Map<string, number[]>>} how often a second, in each round */
async function measureFunctions({ quick, log }) {
  log('decrypt and verify')
  const child = await startChild(join(benchFolder, 'lib/crypto-process.js'), { core: cores.server })
  try {
    const found = await child.ask('rounds', quick ? 5 : 15, quick ? 80 : 200)
    return new Map(found.map(({ kind, name, rates }) => [`${kind} ${name}`, rates]))
  } finally {
    await child.stop()
  }
}

/** Inside a round, then the median. */
const compared = (rates, a, b) => median(rates.get(a).map((rate, i) => rate / rates.get(b)[i]))

/** @param {import('../lib/section.js').Context} ctx */
export async function run(ctx) {
  const rates = await measureFunctions(ctx)
  const found = await measureRoute(ctx)
  const perSecond = (way) => median(rates.get(way))
  const correct = {
    decrypt: ['decrypt raw', 'decrypt keyObject'].sort((a, b) => perSecond(b) - perSecond(a))[0],
    signature: ['signature createHashInTime', 'signature oneShotInTime'].sort(
      (a, b) => perSecond(b) - perSecond(a),
    )[0],
  }
  const fastest = (way) => correct[way.split(' ')[0]]
  return {
    columns: ['what', 'a second', 'vs the fastest correct by hand', 'CPU µs', 'Redis commands'],
    rows: [
      ...Object.entries(ways).map(([way, title]) => [
        title,
        grouped(perSecond(way)),
        fixed(compared(rates, way, fastest(way))),
        fixed(1e6 / perSecond(way), 2),
        '',
      ]),
      ...contenders.map(({ key, title }) => [
        title,
        grouped(found.get(key).perSecond),
        fixed(ratio(found.get(key), found.get('floor'))),
        fixed(found.get(key).cpu, 1),
        fixed(found.get(key).commands),
      ]),
    ],
    notes: [
      'By hand: base64, AES, JSON and the app of the watermark. Correct for a signature: in constant time.',
      'The route: 50 connections. express-wx-login also unseals the key, asks for earlier keys of the user and for how often data was refused on this session.',
    ],
    bars: [
      bar(
        'decryptData vs the fastest correct decryption with node:crypto',
        compared(rates, 'decrypt ours', correct.decrypt),
        'at least',
        0.85,
      ),
      bar(
        'verifySignature vs the fastest correct check with the one-shot hash',
        compared(rates, 'signature ours', 'signature oneShotInTime'),
        'at least',
        0.8,
      ),
    ],
  }
}
