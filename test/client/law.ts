import type fc from 'fast-check'
import type { MakeClient } from './world.js'

/** What the client must do, whatever happens. */
export interface Law {
  name: string
  /** @throws where the client that is made does otherwise */
  check(make: MakeClient, runs: fc.Parameters<unknown>): Promise<void>
}

/** The value, or the code of the error. Any other error is one that the client must not give. */
export type Outcome = { value: unknown } | { code: string }

/** What becomes of a promise, as soon as it is known. */
export const watch = (promise: PromiseLike<unknown>): { outcome?: Outcome } => {
  const watched: { outcome?: Outcome } = {}
  promise.then(
    (value) => {
      watched.outcome = { value }
    },
    (error: unknown) => {
      const { name, code, message } = error as Error & { code?: string }
      watched.outcome = { code: name === 'WxLoginError' ? code! : `${name}: ${message}` }
    },
  )
  return watched
}

/** @throws with the message where it does not hold */
export function must(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message)
}

/** @throws where the two are not the same */
export const same = (actual: unknown, expected: unknown, what: string): void => {
  const [got, want] = [JSON.stringify(actual), JSON.stringify(expected)]
  must(got === want, `${what}: ${got}, not ${want}`)
}

/** What came out, each kind once. */
export const ends = (watched: readonly { outcome?: Outcome }[]): string[] => [
  ...new Set(
    watched.map(({ outcome }) =>
      outcome ? ('code' in outcome ? outcome.code : 'ok') : 'never settled',
    ),
  ),
]
