import { setTimeout as delay } from 'node:timers/promises'
import { stolenFrom } from './core-time.js'
import { cores } from './programs.js'
import { snapshot } from './redis-info.js'
import {
  commandsInScripts,
  commandsSent,
  complainOfOthers,
  measureInRounds,
  summary,
  wrongAnswers,
} from './rounds.js'
import { shuffled } from './statistics.js'

/**
 * How long one server is measured at a time, in ms. Machines get slower and faster within a second, by half: what is
 * compared is to be close together.
 */
const slice = 250

/**
 * How long it has had load by then, in ms (in a quick run half of that), and how long at most where it takes longer to ask
 * for each of its sessions. A server that stood still for some seconds takes half as long again for the first requests,
 * and what does much takes the longest to find its way back.
 */
const start = 300
const longestStart = 1000

/** What is under way when the load stops is answered within this time, in ms; and when it begins, it is under way. */
const rest = 25

/**
 * Load that does not count.
 *
 * @param {import('./fleet.js').Started} started
 * @param {import('./load.js').PausedLoad} load
 * @param {boolean} quick
 */
async function wake({ child, credentials }, load, quick) {
  const enough = (await child.ask('spent')).requests + credentials.length
  const least = quick ? start / 2 : start
  load.resume()
  await delay(least)
  for (let ms = least; ms < longestStart; ms += rest) {
    if ((await child.ask('spent')).requests >= enough) break
    await delay(rest)
  }
  load.pause()
  await delay(rest)
}

/**
 * The requests of one server in its turn.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @param {import('./fleet.js').Started} started
 * @param {{ load: import('./load.js').PausedLoad, inScripts: number, quick: boolean }} how
 */
async function measureSlice({ redis }, started, { load, inScripts, quick }) {
  const { child, prepare } = started
  await wake(started, load, quick)
  const finish = await prepare?.()
  const info = await snapshot(redis.client)
  const idle = await child.ask('spent')
  load.resume()
  await delay(rest)
  const before = await child.ask('spent')
  const stolen = stolenFrom(cores.server)
  const from = performance.now()
  await delay(slice)
  const after = await child.ask('spent')
  const seconds = (performance.now() - from) / 1000
  const disturbed = stolen(after.user - before.user)
  load.pause()
  await delay(rest)
  // What is counted is counted from rest to rest, where nothing is under way.
  const requests = (await child.ask('spent')).requests - idle.requests
  const commands = commandsSent(info, await snapshot(redis.client), inScripts)
  const timed = after.requests - before.requests
  return {
    perSecond: timed / seconds,
    cpu: (after.cpu - before.cpu) / timed,
    commands: commands / requests,
    disturbed,
    ...(await finish?.(requests)),
  }
}

/**
 * Measures all of a fleet in turns of a quarter of a second, each time in another order. Each has connections of its own,
 * which stay open and stand still meanwhile; so how long an answer takes is measured apart, in rounds.
 *
 * Each has one process: where several took turns for some, those were served less often, and the same code took a third
 * longer in them than in one alone.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @param {{ connections: number, slices: number, rounds?: number, quick: boolean, log: (line: string) => void }} how -
 *   `rounds`: for p50 and p99; without, there are none
 * @returns {Promise<Map<string, import('./rounds.js').Measured>>} by key
 */
export async function measureInSlices(fleet, { slices, rounds = 0, quick, log, connections }) {
  const latencies =
    rounds > 0 ? await measureInRounds(fleet, { connections, rounds, log }) : new Map()
  const { runners } = fleet
  /** @type {Map<string, { inScripts: number, load: import('./load.js').PausedLoad, quick: boolean }>} */
  const running = new Map()
  const inScripts = await commandsInScripts(fleet)
  for (const runner of runners) {
    const load = fleet.load.start(runner.target, { connections })
    // It connects, and what is warm only in use gets warm.
    await delay(quick ? slice : 2 * slice)
    load.pause()
    running.set(runner.key, { inScripts: inScripts.get(runner.key), load, quick })
  }
  await delay(rest)
  const found = new Map(runners.map(({ key }) => [key, []]))
  for (let at = 1; at <= slices; at += 1) {
    for (const runner of shuffled(runners)) {
      found.get(runner.key).push(await measureSlice(fleet, runner, running.get(runner.key)))
    }
    if (at % 10 === 0) log(`${connections} connections: turn ${at} of ${slices}`)
  }
  for (const runner of runners) {
    const wrong = wrongAnswers(runner, await running.get(runner.key).load.end())
    if (wrong) throw wrong
  }
  complainOfOthers(found)
  return new Map(
    [...found].map(([key, measures]) => {
      const { p50, p99 } = latencies.get(key) ?? {}
      return [key, { ...summary(measures), p50, p99 }]
    }),
  )
}
