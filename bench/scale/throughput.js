import { setTimeout as delay } from 'node:timers/promises'
import { median, shuffled } from '../lib/statistics.js'
import { drive } from './load.js'

/**
 * @typedef {object} Throughput
 * @property {number} processes
 * @property {number} rate requests a second of all
 * @property {number} cpu µs of the server processes for one request
 * @property {number} ratio of that CPU to the one process', inside each round
 * @property {number} bare the same ratio of bare Express, which shares nothing but the machine
 * @property {number} beside `ratio` to `bare`, inside each round
 * @property {number} repeated rounds that were measured again: a process had no Redis for a while, as its machine was
 *   busy elsewhere
 * @property {number} least share of the requests that a process had, of an equal share
 */

/** @typedef {import('../lib/child.js').Child & { port: number }} Balancer */

/** @typedef {{ apps: import('./apps.js').App[], next: () => import('./load.js').Ask }} Servers */

/**
 * The same load for each process, behind the balancer, with one or more of them.
 *
 * @param {{ ours: Servers, bare: Servers }} servers
 * @param {Balancer} balancer
 * @param {{ counts: number[], rounds: number, ms: number }} options
 * @returns {Promise<Throughput[]>}
 */
export async function measureThroughput({ ours, bare }, balancer, { counts, rounds, ms }) {
  /** @type {{ ours: Round, bare: Round }[][]} */
  const taken = []
  let repeated = 0
  // The first warms up.
  for (let round = -1; round < rounds;) {
    try {
      /** @type {{ ours: Round, bare: Round }[]} */
      const all = []
      for (const [i, count] of shuffled([...counts.entries()])) {
        all[i] = {
          ours: await measureRound(ours, count, balancer, ms),
          bare: await measureRound(bare, count, balancer, ms),
        }
      }
      if (round >= 0) taken.push(all)
      round += 1
    } catch (error) {
      repeated += 1
      if (!String(error).includes('WX_STORE_UNAVAILABLE') || repeated > rounds) throw error
      await delay(1000)
    }
  }
  return counts.map((processes, i) => {
    const growth = (/** @type {'ours' | 'bare'} */ kind) =>
      taken.map((all) => all[i][kind].cpu / all[0][kind].cpu)
    const [ofOurs, ofBare] = [growth('ours'), growth('bare')]
    return {
      ...{ processes, repeated },
      rate: median(taken.map((all) => all[i].ours.rate)),
      cpu: median(taken.map((all) => all[i].ours.cpu)),
      ratio: median(ofOurs),
      bare: median(ofBare),
      beside: median(ofOurs.map((ratio, round) => ratio / ofBare[round])),
      least: median(taken.map((all) => all[i].ours.least)),
    }
  })
}

/** @typedef {{ rate: number, cpu: number, least: number }} Round */

/**
 * @param {Servers} servers
 * @param {number} count how many of them
 * @param {Balancer} balancer
 * @param {number} ms
 * @returns {Promise<Round>}
 */
async function measureRound(servers, count, balancer, ms) {
  const apps = servers.apps.slice(0, count)
  const { next } = servers
  const ports = apps.map(({ port }) => port)
  await balancer.ask('balance', ports)
  const connections = 25 * apps.length
  // One that stood still takes longer at first, and the more of them there are the longer each stands still.
  await drive({ port: balancer.port, connections, ms: 400, next })
  const before = await Promise.all(apps.map((app) => app.ask('cpu')))
  const load = await drive({ port: balancer.port, connections, ms, next })
  const after = await Promise.all(apps.map((app) => app.ask('cpu')))
  const used = after.map((cpu, i) => cpu - before[i])
  const sum = used.reduce((a, b) => a + b, 0)
  return {
    rate: (load.requests / load.ms) * 1000,
    cpu: sum / load.requests,
    least: (Math.min(...used) / sum) * apps.length,
  }
}
