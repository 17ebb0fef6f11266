import { relayOf } from '../../src/sandbox/relay/path.js'
import { createAsk, send } from './request.js'
import type {
  FaultOrder,
  RelayReply,
  RelayRequest,
  RevealPart,
  SandboxConfig,
  SandboxFault,
  SandboxState,
  StoreState,
  StoreView,
  WireDetail,
} from './types.js'
import { watchWire, type WireListener } from './wire-stream.js'

/** The control surface of a sandbox. Everything that asks rejects with an `ApiError`. */
export interface Api {
  config(): Promise<SandboxConfig>
  wire: {
    /** @returns stops */
    watch(listener: WireListener): () => void
    detail(id: number): Promise<WireDetail>
    /** The value of one masked field. */
    reveal(id: number, part: RevealPart, field: string): Promise<unknown>
    clear(): Promise<void>
  }
  /** What WeChat knows of a user in an app. */
  state(user: string, appid: string): Promise<SandboxState>
  store: {
    view(): Promise<StoreView>
    set(state: StoreState): Promise<StoreView>
  }
  /** Each answers the faults in force then. */
  faults: {
    list(): Promise<SandboxFault[]>
    add(...faults: FaultOrder[]): Promise<SandboxFault[]>
    /** Takes one out: the first that is the same. */
    remove(fault: SandboxFault): Promise<SandboxFault[]>
    clear(): Promise<SandboxFault[]>
  }
  clock: {
    /** Unix time in ms. */
    now(): Promise<number>
    /** @returns the new time */
    advance(ms: number): Promise<number>
  }
  users: {
    /** The row of the user in the server's own table; null where the sandbox cannot see it. */
    row(name: string, appid: string): Promise<Record<string, unknown> | null>
  }
  /** A request to the server under test, as the phone of a user sends it: seen on the wire. */
  relay(request: RelayRequest): Promise<RelayReply>
}

/**
 * @param baseUrl - where the sandbox is, without a slash at the end. Default: where the page came from
 * @example
 * ```ts
 * const api = createApi()
 * const stop = api.wire.watch({ message: show, cleared: empty, connected: banner })
 * await api.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 1 })
 * ```
 */
export function createApi(baseUrl = ''): Api {
  const ask = createAsk(baseUrl)
  const clearFaults = () => ask<SandboxFault[]>('DELETE', '/faults')
  const listFaults = () => ask<SandboxFault[]>('GET', '/faults')

  async function addFaults(...faults: FaultOrder[]): Promise<SandboxFault[]> {
    let all: SandboxFault[] | undefined
    // One after the other: those of one endpoint apply in the order they came.
    for (const fault of faults) all = await ask<SandboxFault[]>('POST', '/faults', fault)
    return all ?? listFaults()
  }

  return {
    config: () => ask('GET', '/config'),
    wire: {
      watch: (listener) => watchWire(baseUrl, listener),
      detail: (id) => ask('GET', `/wire/${String(id)}`),
      async reveal(id, part, field) {
        const body = { part, field }
        return (await ask<{ value: unknown }>('POST', `/wire/${String(id)}/reveal`, body)).value
      },
      clear: () => ask('DELETE', '/wire'),
    },
    state: (user, appid) => ask('GET', `/state?${new URLSearchParams({ user, appid }).toString()}`),
    store: {
      view: () => ask('GET', '/store'),
      set: (state) => ask('POST', '/store', { state }),
    },
    faults: {
      list: listFaults,
      add: addFaults,
      async remove(fault) {
        const same = JSON.stringify(fault)
        const all = await listFaults()
        const at = all.findIndex((other) => JSON.stringify(other) === same)
        if (at === -1) return all
        // The control surface clears them all or none.
        await clearFaults()
        return addFaults(...all.toSpliced(at, 1))
      },
      clear: clearFaults,
    },
    clock: {
      now: async () => (await ask<{ now: number }>('GET', '/clock')).now,
      advance: async (advanceMs) =>
        (await ask<{ now: number }>('POST', '/clock', { advanceMs })).now,
    },
    users: {
      async row(name, appid) {
        const query = new URLSearchParams({ appid }).toString()
        const path = `/users/${encodeURIComponent(name)}/row?${query}`
        return (await ask<{ row: Record<string, unknown> | null }>('GET', path)).row
      },
    },
    async relay({ target, path, method, user, token, body }) {
      const url = baseUrl + relayOf(target) + path
      const response = await send(url, {
        method,
        headers: {
          'X-Sandbox-User': encodeURIComponent(user),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      try {
        return { status: response.status, body: JSON.parse(text) as unknown }
      } catch {
        return { status: response.status, body: text }
      }
    },
  }
}
