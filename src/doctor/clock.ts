import type { WxFinding } from '../readiness-types.js'
import { fault, fine, warning } from './finding.js'

const minute = 60_000

/** WeChat's `Date` header has no fractions of a second: on average it is half a second late. */
const rounding = 500

const seconds = (ms: number): string => `${String(Math.round(Math.abs(ms) / 1000))} s`

const fix =
  'Switch on time synchronisation on this machine (NTP: chrony, systemd-timesyncd), or on the host of the container.'

/** How WeChat's clock, by the header of an answer, compares with ours. */
export function compareClock(date: string | null, before: number, after: number): WxFinding[] {
  const theirs = date === null ? NaN : Date.parse(date)
  // Of an answer that took long nobody knows when it was written.
  const doubt = (after - before) / 2
  if (Number.isNaN(theirs)) return []
  const ahead = (before + after) / 2 - (theirs + rounding)
  const off = Math.abs(ahead) - doubt
  const message = `This machine’s clock is ${seconds(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} WeChat’s`
  if (off > 5 * minute) {
    return [
      fault(
        'clock',
        `${message}: what WeChat signs and dates is refused as too old or from the future.`,
        fix,
      ),
    ]
  }
  if (off > minute) return [warning('clock', `${message}.`, fix)]
  return [fine('clock', 'The clock agrees with WeChat’s.')]
}

/** How the clock of Redis compares with ours; nothing of ours depends on it, but one of the two is wrong. */
export function compareRedisClock(ahead: number | undefined): WxFinding[] {
  if (ahead === undefined || Math.abs(ahead) <= minute) return []
  return [
    warning(
      'clock',
      `The clock of Redis is ${seconds(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} this machine’s.`,
      'Switch on time synchronisation (NTP: chrony, systemd-timesyncd) on both machines.',
    ),
  ]
}
