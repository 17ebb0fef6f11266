import { lateLogins } from './drain.js'
import { clock, megabytes, table } from './figures.js'
import { wrongs } from './record.js'
import type { SoakResult } from './run.js'

/** Below this many minutes a heap slope is mostly chance. */
export const minutesForSlope = 15

/** Most requests older than 2 s that any process had at once. */
export const mostPending = ({ processes }: SoakResult): number =>
  Math.max(...processes.map(({ stale }) => stale))

const ms = (value: number): string => `${String(Math.round(value))} ms`

function slopeText({ slope, first, last }: SoakResult['processes'][number]): string {
  if (slope === undefined) return 'too few heaps to tell'
  const text = `${slope.toFixed(2)} MB per 10 min`
  return `${text} (${megabytes(first)} MB at first, ${megabytes(last)} MB at last)`
}

/** The figures of one soak, each with what it has to be. */
export function report(result: SoakResult): string {
  const { options, record, processes, drained, lasted } = result
  const statuses = [...record.statuses].sort(([a], [b]) => (a < b ? -1 : 1))
  const row = (name: string, value: string | number): [string, string] => [name, String(value)]
  return table([
    row('time', `${clock(lasted)} of ${String(options.minutes)} min, seed ${String(options.seed)}`),
    row(
      'requests',
      `${String(record.requests)}, ${(record.requests / (lasted / 1000)).toFixed(0)} a second`,
    ),
    ...statuses.map(([name, times]) => row(`  ${name}`, times)),
    row('  hung up by the phone', record.aborted),
    row('faults', result.faults),
    row('slowest answer, nothing broken', ms(record.slowest.well)),
    row('slowest answer, something broken', ms(record.slowest.broken)),
    ...processes.map((p) => row(`heap slope, ${p.name} (< 1)`, slopeText(p))),
    ...(options.minutes < minutesForSlope
      ? [row('', `means nothing below ${String(minutesForSlope)} min: does not count`)]
      : []),
    ...processes.map((p) => row(`memory at most, ${p.name}`, `${megabytes(p.rss)} MB`)),
    row('pending, older than 2 s (<= 64)', mostPending(result)),
    row('connections to Redis, all in all', processes.map((p) => p.connections).join(' ')),
    row('in flight at most', processes.map(({ open }) => open).join(' ')),
    row(
      'event loop held up at most',
      `servers ${processes.map((p) => ms(p.stall)).join(' ')}, phones ${ms(result.stall)}`,
    ),
    row('wrong identities (0)', record.wrongIdentities),
    row('dead tokens (0)', record.deadTokens),
    row('undead tokens (0)', record.undeadTokens),
    row('ended tokens not checked (0)', result.unchecked),
    row('unanswered (0)', record.unanswered),
    row('unexpected answers (0)', record.unexpected),
    row('processes that ended by themselves (0)', result.crashes.length),
    ...drained.map(({ name, answered, working, exit, ms: time }) =>
      row(
        `SIGTERM, ${name}`,
        `${String(answered)} of ${String(lateLogins)} logins answered, ` +
          (working === undefined ? '' : `${String(working)} of the tokens work, `) +
          `exit ${String(exit?.code ?? exit?.signal ?? 'none')} after ${ms(time)}`,
      ),
    ),
    ...[...wrongs(record), ...result.crashes].map((text) => row('!', text)),
  ])
}
