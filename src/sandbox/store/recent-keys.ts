import { maxKeys } from './types.js'

/** The keys that were used lately, newest first. */
export interface RecentKeys {
  use(key: string): void
  drop(key: string): void
  list(): string[]
}

export function createRecentKeys(limit = maxKeys): RecentKeys {
  const keys = new Set<string>()
  return {
    use(key) {
      keys.delete(key)
      keys.add(key)
      if (keys.size <= limit) return
      const [oldest] = keys
      keys.delete(oldest!)
    },
    drop: (key) => void keys.delete(key),
    list: () => [...keys].reverse(),
  }
}
