import { hash } from 'node:crypto'

const keepFor = 60_000
const maxEntries = 10_000

/** A call that others may join, and what they share beside it. */
export interface Shared {
  readonly call: Promise<unknown>
}

/** Calls of the last minute. */
export interface LastMinute<E extends Shared> {
  /**
   * Joins the call of this name, or starts it. A call that failed is forgotten.
   *
   * @param name - its parts hold no line break
   */
  join(name: readonly string[], start: () => E): E
  /** Whether a call of this name has succeeded. */
  has(name: readonly string[]): boolean
}

/** In process memory, bounded, under a hash of the name. */
export function createLastMinute<E extends Shared>(
  now: () => number = () => performance.now(),
): LastMinute<E> {
  interface Kept {
    readonly key: string
    readonly entry: E
    readonly since: number
    succeeded: boolean
  }
  const entries = new Map<string, Kept>()
  // Oldest first. Goes on where it stopped: one that begins anew steps over everything that was deleted.
  const walk = entries.values()
  let oldest: Kept | undefined
  const keyOf = (name: readonly string[]): string => hash('sha256', name.join('\n'), 'base64')

  const drop = (kept: Kept): void => {
    if (entries.get(kept.key) === kept) entries.delete(kept.key)
  }

  function forgetOld(): void {
    const past = now() - keepFor
    while (entries.size > 0) {
      // There is one: what is kept is the oldest, or comes after it.
      oldest ??= walk.next().value!
      if (oldest.since > past && entries.size <= maxEntries) return
      drop(oldest)
      oldest = undefined
    }
  }

  return {
    join(name, start) {
      forgetOld()
      const key = keyOf(name)
      const known = entries.get(key)
      if (known) return known.entry
      const entry = start()
      const kept = { key, entry, since: now(), succeeded: false }
      entries.set(key, kept)
      entry.call.then(
        () => {
          kept.succeeded = true
        },
        () => {
          // A failure is the answer to those who joined; the next one calls again.
          drop(kept)
        },
      )
      return entry
    },
    has(name) {
      forgetOld()
      return entries.get(keyOf(name))?.succeeded ?? false
    },
  }
}

/** Work that is done once however many ask for it, and again only after it failed. */
export function createOnlyOnce<T>(): (work: () => Promise<T>) => Promise<T> {
  let done: Promise<T> | undefined
  return (work) => {
    done ??= work().catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}
