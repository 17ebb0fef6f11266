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
  const entries = new Map<string, { entry: E; since: number; succeeded: boolean }>()
  const keyOf = (name: readonly string[]): string => hash('sha256', name.join('\n'), 'base64')

  // Oldest first, so that this ends at the first that is young enough.
  function forgetOld(): void {
    for (const [key, { since }] of entries) {
      if (since + keepFor > now() && entries.size <= maxEntries) return
      entries.delete(key)
    }
  }

  return {
    join(name, start) {
      forgetOld()
      const key = keyOf(name)
      const known = entries.get(key)
      if (known) return known.entry
      const entry = start()
      const kept = { entry, since: now(), succeeded: false }
      entries.set(key, kept)
      entry.call.then(
        () => {
          kept.succeeded = true
        },
        () => {
          // A failure is the answer to those who joined; the next one calls again.
          if (entries.get(key) === kept) entries.delete(key)
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
