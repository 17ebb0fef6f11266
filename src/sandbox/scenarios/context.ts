import { type Control, createControl } from './control.js'
import { contractOf } from './contract.js'
import { type Ending, endingOf } from './limits.js'
import { createPerson, type Person } from './person.js'
import { type Ask, createAsk, type Reply } from './target.js'
import type { Reach, RunOptions, ScenarioCheck, ScenarioMode, TargetContract } from './types.js'
import { asWords } from './words.js'

type Sayable = ScenarioCheck['what'] | string | number

/** What a scenario works with. */
export interface ScenarioContext {
  readonly mode: ScenarioMode
  readonly contract: TargetContract
  readonly appid: string
  /** Base URL of the server under test. */
  readonly target: string
  readonly control: Control
  readonly ending: Ending
  readonly reach: Reach
  readonly fetch: NonNullable<RunOptions['fetch']>
  /** Asks the server under test. */
  ask(path: string, ask?: Ask): Promise<Reply>
  /** All that it answered so far. */
  readonly replies: Reply[]
  /** Fingerprints of the session keys that the persons' phones had. */
  readonly keyIds: Set<string>
  /** A new user of the sandbox, whom no other run knows. */
  person(role: 'alice' | 'bob'): Promise<Person>
  /** How often the codes of these fingerprints came to this endpoint of WeChat. */
  countRequests(path: string, fingerprints: readonly string[]): Promise<number>
  check(what: ScenarioCheck['what'], expected: Sayable, actual: Sayable, ok: boolean): void
}

/** The server, as its URL says it. */
const direct =
  (target: string, send: NonNullable<RunOptions['fetch']>): Reach =>
  (path, init) =>
    send(target + path, init)

/** Wrapped: a browser's own wants to be called on `window`. */
const globalFetch: NonNullable<RunOptions['fetch']> = (url, init) => fetch(url, init)

/** What of the options both the mode and the scenarios need. */
export function partsOf(options: RunOptions): Pick<
  ScenarioContext,
  'contract' | 'reach' | 'fetch' | 'ending' | 'target'
> & {
  baseUrl: string
} {
  const { fetch: send = globalFetch } = options
  const target = options.target.replace(/\/+$/, '')
  return {
    contract: contractOf(options.contract),
    reach: options.reach ?? direct(target, send),
    fetch: send,
    ending: endingOf(options.signal),
    target,
    baseUrl: options.sandbox.replace(/\/+$/, ''),
  }
}

/**
 * Makes what a run works with; asks the sandbox for its app.
 *
 * @param checks - gets each check as it is made
 */
export async function createContext(
  options: RunOptions,
  mode: ScenarioMode,
  checks: ScenarioCheck[],
): Promise<ScenarioContext> {
  const { baseUrl, ...parts } = partsOf(options)
  const { contract, reach, fetch: send, ending } = parts
  const named = createControl({ baseUrl, appid: options.appid, fetch: send, ending })
  const appid = options.appid ?? (await named.config()).appid
  const control = createControl({ baseUrl, appid, fetch: send, ending })
  const replies: Reply[] = []
  const asking = createAsk(contract, reach, ending)

  const context: ScenarioContext = {
    ...parts,
    ...{ mode, appid, control, replies },
    keyIds: new Set(),
    async ask(path, ask) {
      const reply = await asking(path, ask)
      replies.push(reply)
      return reply
    },
    person: (role) => createPerson(context, baseUrl, role),
    async countRequests(path, fingerprints) {
      const codes = new Set(fingerprints.map((hash) => `***#${hash}`))
      const of = (query: Record<string, unknown>, body: unknown): unknown =>
        query['js_code'] ?? (body as { code?: unknown } | undefined)?.code
      return (await control.requests()).filter(
        (request) => request.path === path && codes.has(of(request.query, request.body) as string),
      ).length
    },
    check(what, expected, actual, ok) {
      const check = { what, expected: asWords(expected), actual: asWords(actual), ok }
      checks.push(check)
      options.onCheck?.(check)
    },
  }
  return context
}
