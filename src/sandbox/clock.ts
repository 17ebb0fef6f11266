import { SandboxError } from './sandbox-error.js'
import type { SandboxClock } from './types.js'

const lastDate = 8.64e15

/** The clock as the sandbox itself sees it. */
export interface WorldClock extends SandboxClock {
  /** Calls the listener after every turn of the clock. */
  onAdvance(listener: () => void): void
}

export function createClock(base: () => number): WorldClock {
  const listeners: (() => void)[] = []
  let ahead = 0
  const now = (): number => base() + ahead
  return {
    now,
    advance(ms) {
      if (!Number.isSafeInteger(ms) || ms < 0) {
        throw new SandboxError(
          'SANDBOX_BAD_REQUEST',
          'advanceMs: must be a whole number of ms, 0 or more: time does not run backwards',
        )
      }
      if (now() + ms > lastDate) {
        throw new SandboxError(
          'SANDBOX_BAD_REQUEST',
          'advanceMs: leads past the last date there is',
        )
      }
      ahead += ms
      for (const listener of listeners) listener()
      return now()
    },
    onAdvance(listener) {
      listeners.push(listener)
    },
  }
}
