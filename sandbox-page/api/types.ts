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
export type { SandboxFault } from '../../src/sandbox/types.js'

/** How the store that the server under test uses is to behave. */
export type StoreState = 'up' | 'down' | 'silent'

/** One key of the store. */
export interface StoreEntry {
  key: string
  /** Redis' word for what it is: `string`, `set`, `zset`, … */
  type: string
  /** Seconds; null where it does not expire. */
  expiresIn: number | null
  value: unknown
}

/** What the sandbox sees of the store of the server under test. */
export interface StoreView {
  /** Null where the sandbox cannot see any. */
  kind: 'redis' | 'memory' | null
  state: StoreState
  entries: StoreEntry[]
}

/** A user as the control surface describes them. */
export interface UserView {
  name: string
  openids: Record<string, string>
  unionid: string | null
}

/** Which side of a message a masked field is in; `decoded` has fields as `0.2`: thing taken apart, step. */
export type RevealPart = 'request' | 'response' | 'decoded'

/** An answer of the server under test, by way of the relay. */
export interface RelayReply {
  status: number
  /** Parsed where it is JSON, else the text. */
  body: unknown
}

/** A request to the server under test. */
export interface RelayRequest {
  /** Origin of the server, with the path it is mounted under where it has one. */
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
