import type { Answer } from '../faults/load.js'
import { clock } from './figures.js'

/** What went wrong in the same way, and when. */
interface Noted {
  times: number
  first: string
  last: string
  /** The slowest of them, in ms. */
  slowest: number
}

/** What the phones saw. Counters only, so that it stays as large as it is. */
export interface Record {
  requests: number
  aborted: number
  unanswered: number
  wrongIdentities: number
  deadTokens: number
  undeadTokens: number
  /** Answers that nothing excuses. */
  unexpected: number
  /** By kind of request and status: `me 200`. */
  readonly statuses: Map<string, number>
  /** In ms, by whether something was broken meanwhile. */
  readonly slowest: { well: number; broken: number }
  /** What went wrong, in words. */
  readonly noted: Map<string, Noted>
}

export const createRecord = (): Record => ({
  requests: 0,
  aborted: 0,
  unanswered: 0,
  wrongIdentities: 0,
  deadTokens: 0,
  undeadTokens: 0,
  unexpected: 0,
  statuses: new Map(),
  slowest: { well: 0, broken: 0 },
  noted: new Map(),
})

type Wrong = 'unanswered' | 'wrongIdentities' | 'deadTokens' | 'undeadTokens' | 'unexpected'

/** Counts something that must not happen. */
export function noteWrong(
  record: Record,
  wrong: Wrong,
  answer: Answer,
  { server, began }: { server: string; began: number },
): void {
  record[wrong] += 1
  const { wanted, status, code, failure, ms, at } = answer
  const outcome = [status, code, failure].filter(Boolean).join(' ')
  const what = `${wrong}: ${wanted.kind} on ${server}: ${outcome}`
  const time = clock(Math.max(0, at - began))
  const noted = record.noted.get(what) ?? { times: 0, first: time, last: time, slowest: 0 }
  noted.times += 1
  noted.last = time
  noted.slowest = Math.max(noted.slowest, ms)
  record.noted.set(what, noted)
}

/** One line for each way in which something went wrong. */
export const wrongs = ({ noted }: Record): string[] =>
  [...noted].map(
    ([what, { times, first, last, slowest }]) =>
      `${what}, ${String(times)} times from ${first} to ${last}, up to ${String(Math.round(slowest))} ms`,
  )
