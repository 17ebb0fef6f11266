import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createSandbox } from 'express-wx-login/sandbox'
import { secret } from '../growth/populate.js'
import { startChild } from '../lib/child.js'
import { cores } from '../lib/programs.js'
import { bar, fixed, grouped, percentile } from '../lib/statistics.js'
import { startApp } from '../scale/apps.js'
import { startCluster } from '../scale/cluster.js'
import {
  accessTokenEverywhere,
  login,
  revocationsEverywhere,
  sessionsEverywhere,
  writesEverywhere,
} from '../scale/everywhere.js'
import { request } from '../scale/load.js'
import { callsOf, perRequest } from '../lib/redis-info.js'
import { measureThroughput } from '../scale/throughput.js'
import { measureUnitCosts, perCommand } from '../scale/unit-costs.js'

export const name = 'scale'
export const title = 'Many processes on one Redis Cluster'

const balancerFile = fileURLToPath(new URL('../scale/balancer.js', import.meta.url))

/**
 * Processes behind a balancer, on one cluster.
 *
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @param {number} count
 */
async function startFleet(sandbox, count) {
  /** @type {{ stop: () => Promise<unknown> }[]} */
  const open = []
  const stop = async () => {
    for (const each of open.toReversed()) await each.stop()
  }
  try {
    const cluster = await startCluster()
    open.push(cluster)
    const { appid, secret: appSecret, baseUrl } = sandbox
    const wechat = { appid, secret: appSecret, baseUrl }
    /** @param {import('../scale/app.js').AppConfig} config */
    const startEach = async (config) => {
      const apps = []
      for (let i = 0; i < count; i += 1) {
        const app = await startApp(config, i % availableParallelism())
        open.push(app)
        apps.push(app)
      }
      return apps
    }
    const apps = await startEach({ kind: 'plugin', secret, redisUrl: cluster.url, wechat })
    const bare = await startEach({ kind: 'express', secret })
    const child = await startChild(balancerFile, { core: cores.others })
    open.push(child)
    return { apps, bare, balancer: { ...child, port: child.ready.port }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param {Awaited<ReturnType<typeof measureUnitCosts>>} units */
function unitRows({ guarded, login: ofLogin, bytes, connections, rss }) {
  const rows = []
  for (const [what, cost] of /** @type {const} */ ([
    ['guarded request', guarded],
    ['login', ofLogin],
  ])) {
    rows.push(
      [`CPU of the server process per ${what}`, `${fixed(cost.cpu, 1)} µs`],
      [
        `Redis commands per ${what}, those inside scripts counted`,
        `${fixed(callsOf(cost.commands) / cost.requests)} (${perRequest(cost.commands, cost.requests)})`,
      ],
      [`CPU of Redis per ${what}, all of its process`, `${fixed(cost.redisCpu, 1)} µs`],
      [
        `time inside Redis per command of a ${what} (usec_per_call)`,
        `${fixed(perCommand(cost))} µs`,
      ],
      [`bytes from app to Redis per ${what}`, `${fixed(cost.input, 0)} B`],
      [`bytes from Redis to app per ${what}`, `${fixed(cost.output, 0)} B`],
    )
  }
  rows.push(
    ['bytes per session in Redis (MEMORY USAGE)', `${bytes.session} B`],
    ['bytes per user in Redis: list of sessions', `${bytes.list} B`],
    ['bytes per user in Redis: session key', `${bytes.key} B`],
    ['bytes per user with one session, all memory of Redis', `${fixed(bytes.all, 0)} B`],
    ['connections to Redis per process', String(connections)],
    ['memory of a server process (RSS) after this', `${fixed(rss / 1e6, 0)} MB`],
  )
  return rows
}

/** @param {import('../lib/section.js').Context} ctx */
export async function run(ctx) {
  const { quick, log } = ctx
  const counts = quick ? [1, 2] : [1, 2, 4]
  const sandbox = createSandbox({ rateLimit: 0 })
  await sandbox.listen()
  /** @type {Awaited<ReturnType<typeof startFleet>> | undefined} */
  let fleet
  try {
    log('scale: a cluster of three masters')
    fleet = await startFleet(sandbox, Math.max(...counts))
    const { apps, bare, balancer } = fleet
    const all = `${apps.length} processes`

    log(`scale: sessions, tokens, revocations and writes in ${all}`)
    const callers = 25
    const tokens = await accessTokenEverywhere(apps, sandbox, callers)
    const sessions = await sessionsEverywhere(apps, sandbox, quick ? 10 : 50)
    const revocations = await revocationsEverywhere(apps, sandbox, quick ? 30 : 200)
    const writers = 4
    const writes = await writesEverywhere(apps, sandbox, { sessions: quick ? 25 : 100, writers })

    log('scale: throughput')
    const asks = []
    for (let i = 0; i < 300; i += 1) {
      const { token } = await login(apps[i % apps.length], sandbox, `busy ${i}`)
      asks.push({ bytes: request('GET', '/me', { token }), status: 200 })
    }
    let turn = 0
    const plain = { bytes: request('GET', '/me'), status: 200 }
    const servers = {
      ours: { apps, next: () => asks[turn++ % asks.length] },
      bare: { apps: bare, next: () => plain },
    }
    const throughput = await measureThroughput(servers, balancer, {
      counts,
      ...(quick ? { rounds: 3, ms: 600 } : { rounds: 20, ms: 800 }),
    })
    await fleet.stop()
    fleet = undefined
    const units = await measureUnitCosts(sandbox, ctx)

    const p99 = percentile(revocations, 99)
    const [{ repeated }] = throughput
    const machine = availableParallelism()
    return {
      columns: ['what', 'figure'],
      rows: [
        ...throughput.map(({ processes, rate, cpu, least, ratio, bare: ofBare }) => [
          `guarded requests, ${processes} process${processes === 1 ? '' : 'es'} behind the balancer, on a cluster`,
          `${fixed(cpu, 1)} µs CPU each, ${grouped(rate)} a second, least busy process ${fixed(least)} of its share` +
            (processes === 1
              ? ''
              : `; CPU ${fixed(ratio)} of one process', bare Express ${fixed(ofBare)}`),
        ]),
        [
          `revocation: until ${all} refuse the session`,
          `p50 ${fixed(percentile(revocations, 50), 1)} ms, p99 ${fixed(p99, 1)} ms, of ${revocations.length}`,
        ],
        ...unitRows(units),
      ],
      notes: [
        `This machine has ${machine} cores for the servers, three masters, balancer and load generator: requests a second ` +
          'cannot grow with processes beyond that, so CPU per request of the server processes is compared. Two processes that ' +
          'share nothing but the machine take more of it each, too: bare Express in the same rounds says how much. More ' +
          'processes than cores, which wait for each other, have no bar.',
        ...(repeated > 0
          ? [
              `${repeated} rounds were measured again: a process was without Redis, as the machine was busy elsewhere.`,
            ]
          : []),
        'The figures from "CPU of the server process" on are of one process on one Redis, at 50 connections, with ' +
          'every session seen before; they are what docs/scaling.md multiplies.',
      ],
      bars: [
        bar(
          `sessions made in one of ${all}, refused in one`,
          sessions.asked - sessions.right,
          'at most',
          0,
          {
            unit: ` of ${sessions.asked}`,
            digits: 0,
          },
        ),
        bar(
          `access tokens fetched for ${callers} callers in each of ${all}`,
          tokens.fetched,
          'exactly',
          1,
          { digits: 0 },
        ),
        bar('different access tokens they got', tokens.different, 'exactly', 1, { digits: 0 }),
        bar(`revocation: all of ${all} refuse, p99`, p99, 'at most', 100, {
          unit: ' ms',
          digits: 1,
        }),
        bar(
          `fields lost when ${apps.length * writers} requests in ${all} write one session at once`,
          writes.lost,
          'at most',
          0,
          { unit: ` of ${writes.written}`, digits: 0 },
        ),
        ...throughput
          .filter(({ processes }) => processes > 1 && processes <= machine)
          .map(({ processes, beside }) =>
            bar(
              `CPU per request of ${processes} processes to one, beside bare Express'`,
              beside,
              'at most',
              1.1,
            ),
          ),
      ],
    }
  } finally {
    await fleet?.stop()
    await sandbox.close()
  }
}
