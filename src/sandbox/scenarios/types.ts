/** The same in both languages of the page. */
export interface Words {
  readonly en: string
  readonly zh: string
}

/**
 * What is asked of the server: `behaviour`, what any login backend has to do; `contract`, that and the exact statuses,
 * error codes and fields of this package's HTTP contract.
 */
export type ScenarioMode = 'behaviour' | 'contract'

/** What a scenario cannot do without: a route of the server, or a store that the sandbox sees. */
export type ScenarioNeed = 'phone' | 'logout' | 'store'

/** How the server under test is spoken to. */
export interface TargetContract {
  /** Path of `POST { code }`. */
  readonly login: string
  /** Path of a GET that needs a session. */
  readonly guarded: string
  /** Path of `POST { code }` or `{ encryptedData, iv }` of the phone number button; null where there is none. */
  readonly phone: string | null
  /** Path of the POST that ends the session; null where there is none. */
  readonly logout: string | null
  /** The header the token goes into. */
  readonly header: string
  /** The word before the token; empty for none. */
  readonly scheme: string
  /** Where the token is in the reply to a login, as `token` or `data.token`. */
  readonly tokenField: string
}

/** One thing that was looked at. */
export interface ScenarioCheck {
  readonly what: Words
  readonly expected: Words
  /** What came; never holds a token, a code or a key. */
  readonly actual: Words
  readonly ok: boolean
}

/** How a scenario ended; `skipped` where something it needs is not there, which is no pass. */
export type ScenarioStatus = 'passed' | 'failed' | 'skipped' | 'aborted'

/** What came of a scenario. */
export interface ScenarioResult {
  readonly id: string
  readonly status: ScenarioStatus
  readonly mode: ScenarioMode
  /** In the order in which they were made. */
  readonly checks: readonly ScenarioCheck[]
  /** Why it was skipped; null otherwise. */
  readonly reason: Words | null
  /** How long it took. */
  readonly ms: number
}

/** How a request gets to the server under test. */
export type Reach = (
  path: string,
  init: RequestInit,
  /** Whose phone it comes from; null where it is nobody's. */
  user: string | null,
) => Promise<Response>

/** Options of `runScenario`. */
export interface RunOptions {
  /** Base URL of the sandbox without a slash at the end; `''` in a page of the sandbox itself. */
  readonly sandbox: string
  /** Base URL of the server under test, without a slash at the end. */
  readonly target: string
  /** Default: what `detectMode` of the same server finds. */
  readonly mode?: ScenarioMode | undefined
  /** What differs from {@link TargetContract}'s defaults, which are those of this package. */
  readonly contract?: Partial<TargetContract> | undefined
  /** The app the phones are in. Default: the sandbox' first */
  readonly appid?: string | undefined
  /** To the sandbox. Default: the global `fetch` */
  readonly fetch?: ((url: string, init?: RequestInit) => Promise<Response>) | undefined
  /** To the server under test. Default: `fetch` of its URL. In a page: `relayTo(target)` */
  readonly reach?: Reach | undefined
  /** Ends it early, as `aborted`; what it changed is still put back. */
  readonly signal?: AbortSignal | undefined
  /** Told of each check as it is made. */
  readonly onCheck?: ((check: ScenarioCheck) => void) | undefined
}

/** One story that a login backend has to get right. */
export interface Scenario {
  /** In kebab-case. */
  readonly id: string
  readonly title: Words
  /** What one learns from it. */
  readonly why: Words
  readonly needs: readonly ScenarioNeed[]
}
