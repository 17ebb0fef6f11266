/** @param {number[]} values */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * (percent / 100)
  const below = sorted[Math.floor(at)]
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at))
}

/** @param {number[]} values */
export const median = (values) => percentile(values, 50)

/**
 * @template T
 * @param {readonly T[]} values
 * @returns {T[]} the same in random order
 */
export function shuffled(values) {
  const result = [...values]
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j], result[i]]
  }
  return result
}

/** The major version of the Node that runs. */
export const nodeMajor = Number(process.versions.node.split('.')[0])

/**
 * Of two bars, the one for this Node.
 *
 * @param {number} on20
 * @param {number} [on24]
 */
export const forThisNode = (on20, on24 = on20) => (nodeMajor >= 22 ? on24 : on20)

/**
 * @param {number | undefined} value - nothing where it was not measured
 * @param {number} [digits]
 */
export const fixed = (value, digits = 2) => value?.toFixed(digits) ?? ''

/** @param {number} value */
export const grouped = (value) =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ')

/**
 * A bar that a number has to reach.
 *
 * @param {string} what
 * @param {number} measured
 * @param {'at least' | 'at most' | 'exactly'} how
 * @param {number} required
 * @param {{ unit?: string, digits?: number }} [format]
 */
export function bar(what, measured, how, required, { unit = '', digits = 2 } = {}) {
  // As it is printed, so that what reads as reached is reached.
  const value = Number(measured.toFixed(digits))
  const ok =
    how === 'at least'
      ? value >= required
      : how === 'at most'
        ? value <= required
        : value === required
  return {
    what,
    measured: `${measured.toFixed(digits)}${unit}`,
    required: `${how} ${required}${unit}`,
    ok: Number.isFinite(measured) && ok,
  }
}
