import { createSandbox } from 'express-wx-login/sandbox'
import { populate, secret } from '../growth/populate.js'
import { heapPerConnection } from '../memory/idle-connections.js'
import { mixedTraffic } from '../memory/traffic.js'
import { sidOf, tokenOf } from '../growth/copies.js'
import { bar, fixed, grouped, median } from '../lib/statistics.js'
import { drive, request } from '../scale/load.js'

export const name = 'memory'
export const title = 'Memory: a million requests, a thousand idle connections'

/** Tokens known to be good are remembered in two halves of 50 000: so many fill one, and push out another. */
const strangers = 60_000
/** Codes are remembered for a minute: after that as many are forgotten as come. In ms. */
const codeMemory = 65_000

/** @param {number} bytes */
const kB = (bytes) => `${fixed(bytes / 1000, 1)} kB`
/** @param {number} bytes */
const MB = (bytes) => `${fixed(bytes / 1e6)} MB`

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const [requests, samples] = quick ? [20_000, 8] : [1_000_000, 40]
  const sessions = quick ? 5000 : 20_000
  const sandbox = createSandbox({ rateLimit: 0, journalSize: 1 })
  await sandbox.listen()
  const populated = await populate(sessions, sandbox)
  try {
    const { app } = populated
    const traffic = mixedTraffic(sessions, sandbox)
    const load = (
      /** @type {number} */ count,
      /** @type {() => import('../scale/load.js').Ask} */ asks,
    ) => drive({ port: app.port, connections: 50, requests: count, next: asks })
    /** The heap, so many times, each after so many requests. */
    const heapsOf = async (/** @type {number} */ times, /** @type {number} */ count, asks) => {
      const heaps = []
      for (let i = 0; i < times; i += 1) {
        await load(count, asks)
        heaps.push(await app.ask('heap'))
      }
      return heaps
    }

    log('memory: every session once')
    let turn = 0
    const inTurn = () => traffic.ofSession(turn++ % sessions)
    await load(sessions, inTurn)
    // And some of everything: what the first login loads is no leak, nor is what fills up to its limit.
    const { next, stranger } = traffic
    const fill = quick ? sessions : strangers
    await load(fill, stranger)
    await load(5000, next)
    const until = Date.now() + (quick ? 0 : codeMemory)
    while (Date.now() < until) await load(requests / samples, next)
    // Memories that fill up and are emptied by halves make the heap go up and down: what counts is how high. In a quick
    // run they are not full, and new tokens would only fill them.
    const highest = async () =>
      Math.max(...(await heapsOf(fill / 2500, 2500, quick ? inTurn : stranger)))
    log('memory: how high the heap gets')
    const before = await highest()
    for (const kind of Object.keys(traffic.counts)) traffic.counts[kind] = 0

    log(`memory: ${grouped(requests)} requests`)
    const heaps = await heapsOf(samples, requests / samples, next)
    const quarters = [0, 1, 2, 3].map((i) =>
      median(heaps.slice((i * samples) / 4, ((i + 1) * samples) / 4)),
    )
    log('memory: how high the heap gets')
    const after = await highest()

    const connections = 1000
    log('memory: idle connections')
    const me = (/** @type {string} */ token) => ({
      bytes: request('GET', '/me', { token }),
      status: 200,
    })
    const tokenOfSession = (/** @type {number} */ i) => tokenOf(sidOf('many', i), secret)
    /** @type {import('../scale/app.js').AppConfig} */
    const plugin = {
      kind: 'plugin',
      secret,
      redisUrl: `redis://127.0.0.1:${populated.port}`,
      wechat: { appid: sandbox.appid, secret: sandbox.secret, baseUrl: sandbox.baseUrl },
    }
    const asks = (/** @type {number} */ i) => me(tokenOfSession(i))
    const rounds = quick ? 1 : 5
    const bare = []
    const plugged = []
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await heapPerConnection({ kind: 'express', secret }, asks, connections))
      plugged.push(await heapPerConnection(plugin, asks, connections))
    }
    const more = median(plugged.map((bytes, i) => bytes - bare[i]))

    return {
      columns: ['what', 'heap'],
      rows: [
        ...['first', 'second', 'third', 'last'].map((which, i) => [
          `server after gc(), ${which} quarter of ${grouped(requests)} requests`,
          MB(quarters[i]),
        ]),
        [
          `highest during ${grouped(fill)} more, before them and after`,
          `${MB(before)}, ${MB(after)}`,
        ],
        [`idle connection, Express alone (of ${grouped(connections)})`, kB(median(bare))],
        [`idle connection, with the plugin (of ${grouped(connections)})`, kB(median(plugged))],
      ],
      notes: [
        `Requests: ${Object.entries(traffic.counts)
          .map(([kind, count]) => `${kind} ${grouped(count)}`)
          .join(
            ', ',
          )}; of ${grouped(sessions)} sessions, on 50 connections, ${samples} samples of the heap.`,
        'Idle connections: each asked the same guarded request once; median of ' +
          `${rounds} pairs of fresh processes.`,
      ],
      bars: [
        bar(
          'highest heap after the requests to before them',
          (after - before) / 1e6,
          'at most',
          1,
          {
            unit: ' MB more',
          },
        ),
        bar('heap that the plugin adds to an idle connection', more, 'at most', 256, {
          unit: ' B',
          digits: 0,
        }),
      ],
    }
  } finally {
    await populated.close()
    await sandbox.close()
  }
}
