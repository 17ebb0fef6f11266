import { type Once, rememberedFor } from '../state-types.js'

const maxRemembered = 10_000

interface Entry {
  done: boolean
  /** Unix ms. */
  until: number
}

/** {@link Once} of one process, for servers without Redis. Bounded: it forgets what was done longest ago. */
export function createMemoryOnce(now: () => number = Date.now): Once {
  const entries = new Map<string, Entry>()

  function put(id: string, entry: Entry): void {
    entries.delete(id)
    entries.set(id, entry)
    if (entries.size > maxRemembered) entries.delete(entries.keys().next().value!)
  }

  return {
    async begin(id, ms) {
      const entry = entries.get(id)
      if (entry && now() < entry.until) return entry.done ? 'done' : 'running'
      const own = { done: false, until: now() + ms }
      put(id, own)
      return {
        async done() {
          put(id, { done: true, until: now() + rememberedFor })
        },
        async release() {
          if (entries.get(id) === own) entries.delete(id)
        },
      }
    },
  }
}
