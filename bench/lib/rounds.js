import { setTimeout as delay } from 'node:timers/promises'
import { complain, stolenFrom } from './core-time.js'
import { send } from './fleet.js'
import { cores } from './programs.js'
import { callsOf, commandsBetween, snapshot } from './redis-info.js'
import { median, shuffled } from './statistics.js'

/**
 * @typedef {object} Measure
 * @property {number} perSecond
 * @property {number} cpu - µs of the server process for a request, user and system
 * @property {number} p50 - ms
 * @property {number} p99 - ms
 * @property {number} commands - Redis commands sent for a request
 * @property {number} disturbed - share of the time of its core that other processes took
 * @property {number} [connections] - to WeChat, made anew for a request
 */

/** @typedef {Measure & { rounds: Measure[] }} Measured - medians over the rounds */

/**
 * How long one measurement lasts. Machines get slower and faster within a minute, by half: what is compared is to be
 * close together, and many short rounds tell more than a few long ones.
 */
const seconds = 1

const isScript = /^(eval|evalsha|fcall)(_ro)?$/

/**
 * Commands that scripts run count for Redis, but nobody sends them: how many there are for each script.
 *
 * @param {import('./redis-server.js').RedisServer} redis
 * @param {import('./fleet.js').Runner} runner
 */
async function commandsInScriptsOf(redis, { port, target, sample }) {
  const { sent, inside } = await redis.watch(async () => {
    if (sample) await sample()
    else for (const ask of target.asks.slice(0, 40)) await send(port, target.path, ask)
  })
  const scripts = sent.filter((name) => isScript.test(name)).length
  return scripts === 0 ? 0 : inside.length / scripts
}

/**
 * The same of each of a fleet. To be asked before there is load: something of that may always be left.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @returns {Promise<Map<string, number>>} by key
 */
export async function commandsInScripts({ redis, runners }) {
  const found = new Map()
  for (const runner of runners) found.set(runner.key, await commandsInScriptsOf(redis, runner))
  return found
}

/**
 * How many commands were sent between two snapshots.
 *
 * @param {import('./redis-info.js').Snapshot} before
 * @param {import('./redis-info.js').Snapshot} after
 * @param {number} inScripts - of {@link commandsInScripts}
 */
export function commandsSent(before, after, inScripts) {
  const commands = commandsBetween(before, after)
  const scripts = callsOf(commands.filter(({ name }) => isScript.test(name)))
  return callsOf(commands) - scripts * inScripts
}

/**
 * What is wrong with the answers to a load; undefined where nothing is.
 *
 * @param {import('./fleet.js').Contender} contender
 * @param {{ requests: number, refused: number }} load
 */
export function wrongAnswers({ title, status = 200 }, { requests, refused }) {
  const wrong = status >= 400 ? requests - refused : refused
  if (wrong === 0 && requests > 0) return undefined
  return new Error(`${title}: ${wrong} of ${requests} answers have the wrong status`)
}

/**
 * One run of load on one server, with what it cost.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @param {import('./fleet.js').Runner} runner
 * @param {{ connections: number, inScripts: number }} how
 * @returns {Promise<Measure>}
 */
export async function measure({ redis, load }, runner, { inScripts, connections }) {
  const how = { connections, seconds }
  if (runner.primed) await load.run(runner.target, how)
  const finish = await runner.prepare?.()
  const info = await snapshot(redis.client)
  const before = await runner.child.ask('spent')
  const stolen = stolenFrom(cores.server)
  const result = await load.run(runner.target, how)
  // Requests that were under way at the end are finished, though nobody waits for them: they count here.
  await delay(60)
  const after = await runner.child.ask('spent')
  const disturbed = stolen(after.user - before.user)
  const commands = commandsSent(info, await snapshot(redis.client), inScripts)
  const requests = after.requests - before.requests
  const wrong = wrongAnswers(runner, result)
  if (wrong) throw Object.assign(wrong, { disturbed })
  return {
    perSecond: result.perSecond,
    cpu: (after.cpu - before.cpu) / requests,
    p50: result.p50,
    p99: result.p99,
    commands: commands / requests,
    disturbed,
    ...(await finish?.(requests)),
  }
}

/** A share of its core that a server may lose to others before it is measured again. */
const tolerable = 0.1

/**
 * Whatever else runs on the machine may be over the next time: of two measures the one that was left more alone
 * counts. A server that got no time answers 503 where Redis seems slow to it; that fails only one left alone.
 */
async function measureInPeace(fleet, runner, how) {
  /** @type {Measure | undefined} */
  let best
  for (let left = 4; left >= 0; left -= 1) {
    try {
      const measured = await measure(fleet, runner, how)
      if (measured.disturbed < (best?.disturbed ?? Infinity)) best = measured
      if (best.disturbed < tolerable || left <= 3) return best
    } catch (error) {
      if (!(error.disturbed >= tolerable)) throw error
      if (best) return best
      if (left === 0) throw error
      await delay(1000)
    }
  }
}

/**
 * Measures all of a fleet in interleaved rounds, each round in another order.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @param {{ connections: number, rounds: number, log: (line: string) => void }} how
 * @returns {Promise<Map<string, Measured>>} by key
 */
export async function measureInRounds(fleet, { rounds, log, ...how }) {
  const inScripts = await commandsInScripts(fleet)
  /** @type {Map<string, Measure[]>} */
  const found = new Map(fleet.runners.map(({ key }) => [key, []]))
  for (let round = 1; round <= rounds; round += 1) {
    for (const runner of shuffled(fleet.runners)) {
      const each = { ...how, inScripts: inScripts.get(runner.key) }
      found.get(runner.key)?.push(await measureInPeace(fleet, runner, each))
      await delay(20)
    }
    log(`${how.connections} connections: round ${round} of ${rounds}`)
  }
  complainOfOthers(found)
  return new Map([...found].map(([key, measures]) => [key, summary(measures)]))
}

/**
 * Tells of a machine that others used meanwhile.
 *
 * @param {Map<string, { disturbed: number }[]>} found
 */
export function complainOfOthers(found) {
  const disturbed = median([...found.values()].flat().map((measure) => measure.disturbed))
  if (disturbed > 0.05) {
    complain(
      `Other processes took ${Math.round(disturbed * 100)} % of the core of the servers: these figures are worth little.`,
    )
  }
}

/** @param {Measure[]} rounds */
export const summary = (rounds) => ({
  .../** @type {Measure} */ (
    Object.fromEntries(
      Object.keys(rounds[0]).map((what) => [what, median(rounds.map((measure) => measure[what]))]),
    )
  ),
  rounds,
})

/**
 * How two compare: the ratio inside each round, then the median.
 *
 * @param {Measured} a
 * @param {Measured} b
 * @param {keyof Measure} what
 */
export const ratio = (a, b, what = 'perSecond') =>
  median(a.rounds.map((measure, i) => measure[what] / b.rounds[i][what]))
