import { credentials, tokenIn } from './contract.js'
import { AbortedError, type Ending, TimeLimitError, within } from './limits.js'
import type { Reach, TargetContract } from './types.js'

/** How long a server under test may take for anything. */
const answerLimit = 15_000

/** What the server under test answered. */
export interface Reply {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number
  /** Why there was no answer; null where there is one. */
  readonly failure: 'timeout' | 'connection' | null
  /** JSON where it is JSON, else its text. */
  readonly body: unknown
  readonly header: (name: string) => string | null
  /** All it said, headers included: to look for what it must not say. */
  readonly text: string
  /** What it gave as session; undefined for none. */
  readonly token: string | undefined
  /** Of our error shape; null where the body has another. */
  readonly error: { readonly code: string; readonly action: string } | null
}

/** A request to the server under test. */
export interface Ask {
  readonly method?: 'GET' | 'POST'
  readonly body?: object
  readonly token?: string | undefined
  /** Whose phone it comes from. */
  readonly user?: string | null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function errorIn(body: unknown): Reply['error'] {
  const { error } = (body ?? {}) as { error?: { code?: unknown; action?: unknown } }
  const { code, action } = error ?? {}
  return typeof code === 'string' && typeof action === 'string' ? { code, action } : null
}

/** Reads a response to the end. */
export async function readReply(contract: TargetContract, response: Response): Promise<Reply> {
  const text = await response.text()
  const body = parse(text)
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
  return {
    status: response.status,
    failure: null,
    body,
    header: (name) => response.headers.get(name),
    text: `${headers.join('\n')}\n\n${text}`,
    token: tokenIn(contract, body),
    error: errorIn(body),
  }
}

const silence = (failure: 'timeout' | 'connection'): Reply => ({
  ...{ status: 0, failure, body: '', header: () => null, text: '' },
  ...{ token: undefined, error: null },
})

/** Marks a refusal of the sandbox' relay, which is no answer of the server behind it. */
export const relayError = 'x-sandbox-error'

/** Speaks to the server under test; no answer is an answer too. */
export const createAsk =
  (contract: TargetContract, reach: Reach, ending: Ending) =>
  async (path: string, ask: Ask = {}): Promise<Reply> => {
    const { body, token, user = null } = ask
    const headers: Record<string, string> = {}
    if (body) headers['content-type'] = 'application/json'
    if (token !== undefined) headers[contract.header] = credentials(contract, token)
    const method = ask.method ?? (body ? 'POST' : 'GET')
    const init: RequestInit = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    try {
      return await within(answerLimit, ending, async (signal) => {
        const response = await reach(path, { ...init, signal }, user)
        const refused = response.headers.get(relayError)
        if (refused === null) return readReply(contract, response)
        return silence(refused === 'SANDBOX_TARGET_TIMEOUT' ? 'timeout' : 'connection')
      })
    } catch (error) {
      if (error instanceof AbortedError) throw error
      return silence(error instanceof TimeLimitError ? 'timeout' : 'connection')
    }
  }
