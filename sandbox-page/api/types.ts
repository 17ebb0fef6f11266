import type { StoreEntry, StoreState } from '../../src/sandbox/store/types.js'
import type { SandboxFault } from '../../src/sandbox/types.js'
import type { WireParty } from '../../src/sandbox/wire/types.js'

export type {
  SandboxConfig,
  SandboxState,
  WireDecoded,
  WireDetail,
  WireField,
  WireMessage,
  WireOutcome,
  WireParty,
} from '../../src/sandbox/wire/types.js'
export type { RevealPart } from '../../src/sandbox/wire/render.js'
export type { SandboxFault } from '../../src/sandbox/types.js'
export type { StoreEntry, StoreState } from '../../src/sandbox/store/types.js'

/** What the sandbox sees of the store of the server under test. */
export interface StoreView {
  /** Null where the sandbox cannot see any. */
  kind: 'redis' | 'memory' | null
  state: StoreState
  entries: StoreEntry[]
}

/** An answer of the server under test, by way of the relay. */
export interface RelayReply {
  status: number
  /** Parsed where it is JSON, else the text. */
  body: unknown
}

/** A request to the server under test. */
export interface RelayRequest {
  /** URL of the server, with the path it is mounted under where it has one. */
  target: string
  /** Begins with a slash. */
  path: string
  method: string
  user: string
  token?: string | undefined
  body?: object | undefined
}

/** Orders of faults: what {@link SandboxFault} has, as JSON. */
export type FaultOrder = SandboxFault

/** Parties of the wire from left to right. */
export const parties: readonly WireParty[] = ['phone', 'server', 'wechat', 'redis']
