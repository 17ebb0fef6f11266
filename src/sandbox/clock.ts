import { SandboxError } from './sandbox-error.js'
import type { SandboxClock } from './types.js'

const lastDate = 8.64e15

export function createClock(base: () => number): SandboxClock {
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
      return now()
    },
  }
}
