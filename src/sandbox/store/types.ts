/** How a store is to behave: as it is, gone (`down`), or there without ever answering (`silent`). */
export type StoreState = 'up' | 'down' | 'silent'

/** One thing that a store holds. */
export interface StoreEntry {
  readonly key: string
  /** Redis' word for what it is: `string`, `hash`, `zset`, … */
  readonly type: string
  /** Seconds until it is gone; null where it does not expire. */
  readonly expiresIn: number | null
  /** Parsed where it is JSON. */
  readonly value: unknown
}

/** The store of the server under test, seen from the sandbox. */
export interface WatchedStore {
  readonly kind: 'redis' | 'memory'
  state: StoreState
  /** What is in it of what was asked for lately. */
  entries(): Promise<StoreEntry[]>
}

/** How many keys are remembered. */
export const maxKeys = 200
