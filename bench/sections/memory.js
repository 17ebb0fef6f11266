import { createSandbox } from 'express-wx-login/sandbox'
import { populate, secret } from '../growth/populate.js'
import { heapPerConnection } from '../memory/idle-connections.js'
import { mixedTraffic } from '../memory/traffic.js'
import { sidOf, tokenOf } from '../growth/copies.js'
import { bar, fixed, grouped, median } from '../lib/statistics.js'
import { drive, request } from '../scale/load.js'

export const name = 'memory'
export const title = 'Memory: a million requests, a thousand idle connections'

const sessions = 20_000
const samples = 40
/** More than any of the plugin's memories holds. */
const strangers = 60_000
/** Codes are remembered for a minute: after that as many are forgotten as come. In ms. */
const codeMemory = 65_000

/** @param {number} bytes */
const kB = (bytes) => `${fixed(bytes / 1000, 1)} kB`
/** @param {number} bytes */
const MB = (bytes) => `${fixed(bytes / 1e6)} MB`

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const requests = quick ? 100_000 : 1_000_000
  const sandbox = createSandbox({ rateLimit: 0, journalSize: 1 })
  await sandbox.listen()
  const populated = await populate(sessions, sandbox)
  try {
    const { app } = populated
    const traffic = mixedTraffic(sessions, sandbox)
    log('memory: every session once')
    let turn = 0
    const inTurn = () => traffic.ofSession(turn++)
    await drive({ port: app.port, connections: 50, requests: sessions, next: inTurn })
    // And some of everything: what the first login loads is no leak, nor is what fills up to its limit.
    const { next, stranger } = traffic
    await drive({ port: app.port, connections: 50, requests: strangers, next: stranger })
    await drive({ port: app.port, connections: 50, requests: 5000, next })
    const until = Date.now() + (quick ? 0 : codeMemory)
    while (Date.now() < until) {
      await drive({ port: app.port, connections: 50, requests: requests / samples, next })
    }
    for (const kind of Object.keys(traffic.counts)) traffic.counts[kind] = 0

    log(`memory: ${grouped(requests)} requests`)
    const heaps = []
    for (let i = 0; i < samples; i += 1) {
      await drive({ port: app.port, connections: 50, requests: requests / samples, next })
      heaps.push(await app.ask('heap'))
    }
    const quarters = [0, 1, 2, 3].map((i) =>
      median(heaps.slice((i * samples) / 4, ((i + 1) * samples) / 4)),
    )
    // Memories that fill up and are emptied by halves make it go up and down: what counts is how high.
    const [firstHalf, secondHalf] = [0, samples / 2].map((from) =>
      Math.max(...heaps.slice(from, from + samples / 2)),
    )
    const grown = secondHalf - firstHalf

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
    const rounds = quick ? 2 : 7
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
        ['highest of the first half, and of the second', `${MB(firstHalf)}, ${MB(secondHalf)}`],
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
          'highest heap of the second half of the requests to the first',
          grown / 1e6,
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
