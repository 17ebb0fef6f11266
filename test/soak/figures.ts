/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const pick = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)]!

export const between = (random: Random, least: number, most: number): number =>
  least + random() * (most - least)

/** The list in another order. */
export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

/** A heap in bytes, and when in ms it was that large. */
export interface HeapPoint {
  at: number
  heap: number
}

const megabyte = 1024 * 1024
const tenMinutes = 600_000

/** Least squares through the points, in MB per 10 min; undefined where there are too few. */
export function heapSlope(points: readonly HeapPoint[]): number | undefined {
  const n = points.length
  if (n < 6) return undefined
  const meanAt = points.reduce((sum, { at }) => sum + at, 0) / n
  const meanHeap = points.reduce((sum, { heap }) => sum + heap, 0) / n
  let above = 0
  let below = 0
  for (const { at, heap } of points) {
    above += (at - meanAt) * (heap - meanHeap)
    below += (at - meanAt) ** 2
  }
  return ((above / below) * tenMinutes) / megabyte
}

export const megabytes = (bytes: number): string => (bytes / megabyte).toFixed(1)

/** `1:05`, the time of the run. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`
}

/** Two columns of plain text. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}
