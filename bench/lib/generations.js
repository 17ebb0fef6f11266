import { taking } from './fleet.js'
import { summary } from './rounds.js'

/** @typedef {import('./rounds.js').Measured} Measured */

/**
 * Measures the same contenders in processes that are started anew each time. Of two processes that run the same code one
 * may take a fifth longer, for as long as it lives: what a bar compares is not to hang on one of them.
 *
 * In the first generation are all contenders of this run, in the others those that bars compare: so rounds of one number
 * are of one turn.
 *
 * @template {import('./fleet.js').Contender} C
 * @template {Record<string, Map<string, Measured>>} Found
 * @param {{ all: C[], quick: boolean, count: number }} of
 * @param {(contenders: C[]) => Promise<import('./fleet.js').Fleet>} start
 * @param {(fleet: import('./fleet.js').Fleet, isFirst: boolean) => Promise<Found>} measure - gives maps by the key of the
 *   contender
 * @returns {Promise<Found>} over the rounds of all generations; where those have no p50 and p99, they are the first's
 */
export async function measureGenerations({ all, quick, count }, start, measure) {
  const generations = []
  for (let generation = 0; generation < count; generation += 1) {
    const isFirst = generation === 0
    const fleet = await start(taking(all, quick || !isFirst))
    try {
      generations.push(await measure(fleet, isFirst))
    } finally {
      await fleet.stop()
    }
  }
  const [first] = generations
  const together = (/** @type {string} */ name) =>
    new Map(
      [...first[name]].map(([key, { p50, p99 }]) => {
        const rounds = generations.flatMap((found) => found[name].get(key)?.rounds ?? [])
        return [key, { p50, p99, ...summary(rounds) }]
      }),
    )
  return Object.fromEntries(Object.keys(first).map((name) => [name, together(name)]))
}
