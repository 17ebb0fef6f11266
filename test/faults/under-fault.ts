import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from './fault-app.js'
import { noteRow } from './fault-table.js'
import { until } from '../support/until.js'
import { type Answer, median, startLoad, summarize, type Wanted } from './load.js'

/** `public`: a route without a guard and a request without a token. `me`: guarded, with a token. */
export type Kind = 'public' | 'me' | 'login'

/**
 * What a busy CI machine may add to a deadline of the product, in ms, beside the longest time for which this
 * process was not given the CPU. The deadlines are behaviour, and asserted; how long it really took is in the table.
 */
export const slack = 1000

export interface Scenario {
  /** For the table: number, words, client. */
  fault: string
  what: string
  client?: string
  breakIt: () => unknown
  /** Resolves when the cause is gone; the recovery counts from then on. Default: it heals by itself at once. */
  heal?: () => unknown
  /** How long the fault lasts, in ms. */
  during?: number
  /** How long the load goes on afterwards. */
  after?: number
  /** Requests a second of all kinds together. */
  rate?: number
  /** Which requests are sent, in turn. */
  mix?: Kind[]
  /** What may be answered once the fault has begun, beside a 200. Default: 503 to all but public requests. */
  refusals?: Partial<Record<Kind, number[]>>
  /** The longest that answers may take, in ms, without {@link slack}. */
  limits?: Partial<Record<Kind, number>>
  /** The longest until everything is served again, in ms, without {@link slack}. */
  recovery?: number
  /** The sessions go with the fault: their tokens are not tried afterwards. */
  losesSessions?: boolean
}

/** The required answer times of most faults: one deadline of the store, and a bit for a login. */
const defaultLimits: Record<Kind, number> = { public: 100, me: 1000, login: 1500 }

export interface Outcome {
  /** From the beginning of the fault on. */
  of(kind: Kind): Answer[]
  /** Those sent while it lasted. */
  during(kind: Kind): Answer[]
  /** `performance.now()` of the end of the fault. */
  healedAt: number
  /** The median of the answers of a kind that were sent while it lasted, in ms. */
  typical(kind: Kind): number
}

/** The answers that say that the service is not there. */
const isOutage = ({ status }: Answer): boolean => status === 0 || status >= 500

/** What was answered to tokens that were handed out and are not worth anything. */
async function deadTokens({ phone }: Target, tokens: string[]): Promise<string[]> {
  const dead: string[] = []
  for (let i = 0; i < tokens.length; i += 50) {
    const batch = tokens.slice(i, i + 50)
    const answers = await Promise.all(
      batch.map((token) => phone.send({ kind: 'me', path: '/me', token })),
    )
    for (const { status, code = '', failure = '' } of answers) {
      if (status !== 200)
        dead.push(`a token that was handed out: ${String(status)} ${code}${failure}`)
    }
  }
  return dead
}

/** The requests of a scenario, in turn. */
function requests(target: Target, mix: Kind[], tokens: string[]): (n: number) => Wanted {
  return (n) => {
    const kind = mix[n % mix.length]!
    switch (kind) {
      case 'public':
        return { kind, path: '/public' }
      case 'me':
        return { kind, path: '/me', token: tokens[n % tokens.length] }
      case 'login':
        return { kind, method: 'POST', path: '/wx/login', body: { code: target.code() } }
    }
  }
}

/** Measures the longest time, in ms, for which this process did not come to its timers. */
function watchLag(): { stop(): number } {
  const every = 10
  let longest = 0
  let last = performance.now()
  const look = (): void => {
    longest = Math.max(longest, performance.now() - last - every)
    last = performance.now()
  }
  const timer = setInterval(look, every)
  return {
    stop() {
      clearInterval(timer)
      look()
      return longest
    },
  }
}

const tokenOf = ({ body }: Answer): string => String(body['token'])

/** A token from before the fault. What is not yet warm on a busy machine is given time: nothing is broken yet. */
async function logIn(target: Target): Promise<string> {
  let answer: Answer | undefined
  await until(async () => {
    const body = { code: target.code() }
    answer = await target.phone.send({
      ...{ kind: 'login', method: 'POST', path: '/wx/login', body },
    })
    return answer.status === 200
  })
  return tokenOf(answer!)
}

/**
 * Breaks something under a steady load of all kinds of requests, heals it, and requires what holds for every
 * fault: each request is answered in time, by a 200 or a clear refusal; a valid token never gets a 401; no token
 * was handed out that does not work; everything is served again soon after. Notes a line per kind in the table.
 */
export async function underFault(target: Target, scenario: Scenario): Promise<Outcome> {
  const { wrong, late, outcome } = await attempt(target, scenario)
  expect(wrong).toEqual([])
  if (late.length === 0) return outcome
  // Nothing was wrong but the time it took, which a machine that others use can do: what is really too slow is so
  // again.
  const again = await attempt(target, { ...scenario, what: `${scenario.what}, once more` })
  expect([...again.wrong, ...again.late]).toEqual([])
  return again.outcome
}

/** What a run under a fault showed. */
interface Attempt {
  /** What must never be. */
  wrong: string[]
  /** What took longer than it may. */
  late: string[]
  outcome: Outcome
}

async function attempt(target: Target, scenario: Scenario): Promise<Attempt> {
  const { rate = 20, during = 0, after = 2000, losesSessions = false } = scenario
  const { mix = ['public', 'me', 'login', 'me'], recovery = 1000 } = scenario
  const tokens = await Promise.all(Array.from({ length: 4 }, () => logIn(target)))
  const lag = watchLag()
  const load = startLoad(target.phone, { rate, makeRequest: requests(target, mix, tokens) })
  let brokenAt = 0
  let healedAt = 0
  try {
    await delay(Math.max(300, 1000 / rate))
    brokenAt = performance.now()
    await scenario.breakIt()
    await delay(during)
    await scenario.heal?.()
    healedAt = performance.now()
    await delay(after)
  } catch (error) {
    await load.stop(0)
    throw error
  }
  const { answers, unanswered } = await load.stop()
  const allowance = slack + lag.stop()

  const kinds = [...new Set(mix)]
  const since = answers.filter(({ at, ms }) => at + ms >= brokenAt)
  const of = (kind: Kind): Answer[] => since.filter(({ wanted }) => wanted.kind === kind)
  const handedOut = of('login').filter(({ status }) => status === 200)
  const dead = losesSessions ? [] : await deadTokens(target, [...handedOut.map(tokenOf), ...tokens])

  const wrong: string[] = []
  const late: string[] = []
  if (unanswered > 0) wrong.push(`${String(unanswered)} requests were never answered`)
  wrong.push(...dead)
  for (const kind of kinds) {
    const allowed = [200, ...(scenario.refusals?.[kind] ?? (kind === 'public' ? [] : [503]))]
    const limit = scenario.limits?.[kind] ?? defaultLimits[kind]
    const summary = summarize(of(kind))
    const refused = of(kind).filter(isOutage)
    const recovered = Math.max(0, ...refused.map(({ at }) => at - healedAt))
    noteRow({
      fault: scenario.fault,
      what: scenario.what,
      client: scenario.client ?? 'createRedis',
      asked: kind,
      statuses: summary.statuses,
      slowest: summary.slowest,
      ...(kind !== 'public' && { recovery: recovered }),
      required:
        kind === 'public'
          ? `200 <= ${seconds(limit)}`
          : `${allowed.join('/')} <= ${seconds(limit)}, ok <= ${seconds(recovery)}`,
    })
    for (const answer of of(kind)) {
      if (allowed.includes(answer.status)) continue
      const { status, code = '', failure = '', at } = answer
      wrong.push(
        `${kind}: ${String(status)} ${code}${failure} at ${String(Math.round(at - brokenAt))} ms`,
      )
    }
    if (summary.slowest > limit + allowance) {
      late.push(`${kind}: an answer took ${String(Math.round(summary.slowest))} ms`)
    }
    if (recovered > recovery + allowance) {
      late.push(`${kind}: refused until ${String(Math.round(recovered))} ms after the fault`)
    }
  }
  const before = answers.filter(({ at, ms }) => at + ms < brokenAt)
  const early = before.filter(({ status }) => status !== 200)
  // A 503 of an app with which all is well is one that did not get the processor.
  if (early.length > 0) (early.every(isOutage) ? late : wrong).push('refusals before the fault')

  const duringOf = (kind: Kind): Answer[] =>
    of(kind).filter(({ at }) => at >= brokenAt && at < healedAt)
  const typical = (kind: Kind): number => median(duringOf(kind))
  return { wrong, late, outcome: { of, during: duringOf, healedAt, typical } }
}

const seconds = (ms: number): string => `${String(ms / 1000)} s`
