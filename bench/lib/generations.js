import { summary } from './rounds.js'

/** @typedef {import('./rounds.js').Measured} Measured */

/**
 * Measures the same contenders in processes that are started anew each time. Of two processes that run the same code one
 * may take a fifth longer, for as long as it lives: what a bar compares is not to hang on one of them.
 *
 * @param {number} count
 * @param {(generation: number) => Promise<import('./fleet.js').Fleet>} start - in the first, all; in others perhaps fewer
 * @param {(fleet: import('./fleet.js').Fleet, generation: number) => Promise<Map<string, Measured>>} measure
 * @returns {Promise<Map<string, Measured>>} by key, over the rounds of all generations; where those have no p50 and
 *   p99, they are the first's
 */
export async function measureGenerations(count, start, measure) {
  /** @type {Map<string, Measured>[]} */
  const generations = []
  for (let generation = 0; generation < count; generation += 1) {
    const fleet = await start(generation)
    try {
      generations.push(await measure(fleet, generation))
    } finally {
      await fleet.stop()
    }
  }
  const [first] = generations
  return new Map(
    [...first].map(([key, { p50, p99 }]) => {
      const rounds = generations.flatMap((found) => found.get(key)?.rounds ?? [])
      return [key, { p50, p99, ...summary(rounds) }]
    }),
  )
}
