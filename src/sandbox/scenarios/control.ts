import type { SandboxFault, SandboxRequest } from '../types.js'
import type { SandboxPhoneNumber } from '../user-types.js'
import type { SandboxConfig, SandboxState } from '../wire/types.js'
import { AbortedError, type Ending, within } from './limits.js'

const limit = 10_000

/** The sandbox itself does not answer, or not as a sandbox does: nothing can be said of the server under test. */
export class SandboxUnreachableError extends Error {
  override readonly name = 'SandboxUnreachableError'
}

/** The control surface of a sandbox, as far as scenarios use it. */
export interface Control {
  config(): Promise<SandboxConfig>
  setUser(user: { name: string; blocked?: boolean; phone?: object }): Promise<{
    openids: Record<string, string>
  }>
  login(name: string): Promise<{ code: string }>
  phoneNumber(name: string): Promise<SandboxPhoneNumber>
  state(name: string): Promise<SandboxState>
  addFault(fault: SandboxFault): Promise<unknown>
  clearFaults(): Promise<unknown>
  advanceClock(ms: number): Promise<unknown>
  /** How far it is ahead of this machine's clock, in ms. */
  clockAhead(): Promise<number>
  requests(): Promise<SandboxRequest[]>
  setStore(state: 'up' | 'down' | 'silent'): Promise<unknown>
}

/** Options of {@link createControl}. */
export interface ControlOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** Default: the sandbox' first app */
  readonly appid?: string | undefined
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  readonly ending: Ending
}

/** Speaks to a sandbox over HTTP, in this page or in another process. */
export function createControl({ baseUrl, appid, fetch, ending }: ControlOptions): Control {
  async function ask<T>(method: string, path: string, body?: object): Promise<T> {
    const init: RequestInit = { method }
    if (body) {
      init.headers = { 'content-type': 'application/json' }
      init.body = JSON.stringify(body)
    }
    const url = `${baseUrl}/__sandbox/${path}`
    try {
      return await within(limit, ending, async (signal) => {
        const response = await fetch(url, { ...init, signal })
        const reply = (await response.json()) as T & { error?: { message?: string } }
        if (response.ok) return reply
        throw new Error(reply.error?.message ?? `HTTP ${String(response.status)}`)
      })
    } catch (error) {
      if (error instanceof AbortedError) throw error
      const why = (error as Error).message
      throw new SandboxUnreachableError(`${method} /__sandbox/${path.replace(/\?.*/, '')}: ${why}`)
    }
  }

  const ofUser = (name: string, what: string): Promise<never> =>
    ask('POST', `users/${encodeURIComponent(name)}/${what}`, { ...(appid && { appid }) })

  return {
    config: () => ask('GET', 'config'),
    setUser: (user) => ask('POST', 'users', user),
    login: (name) => ofUser(name, 'login'),
    phoneNumber: (name) => ofUser(name, 'phone-number'),
    state: (name) => {
      const query = new URLSearchParams({ user: name, ...(appid && { appid }) })
      return ask('GET', `state?${query.toString()}`)
    },
    addFault: (fault) => ask('POST', 'faults', fault),
    clearFaults: () => ask('DELETE', 'faults'),
    advanceClock: (advanceMs) => ask('POST', 'clock', { advanceMs }),
    clockAhead: async () => (await ask<{ now: number }>('GET', 'clock')).now - Date.now(),
    requests: () => ask('GET', 'requests'),
    setStore: (state) => ask('POST', 'store', { state }),
  }
}
