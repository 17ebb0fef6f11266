/**
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {(line: string) => void} log - of progress
 */

/** @typedef {{ columns: string[], rows: string[][] }} Table */

/** @typedef {{ what: string, measured: string, required: string, ok: boolean }} Bar */

/** @typedef {{ label: string, value: number, detail?: string, kind?: 'ours' | 'other' }} ChartBar */

/** @typedef {{ title: string, unit: string, bars: ChartBar[] }} Chart */

/**
 * @typedef {Table & {
 *   more?: (Table & { title: string })[],
 *   notes: string[],
 *   bars: Bar[],
 *   chart?: Chart,
 * }} Result
 */

/** @typedef {{ name: string, title: string, run: (ctx: Context) => Promise<Result> }} Section */

/** The sections, in the order in which they run. */
export const sectionNames = [
  ...['guarded', 'refused', 'far', 'login', 'profile-data'],
  ...['sandbox', 'growth', 'memory', 'startup', 'scale'],
]
