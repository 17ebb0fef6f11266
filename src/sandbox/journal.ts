import type { SandboxRequest } from './types.js'

/** What came in and what was answered: the last requests, and whoever listens to new ones. */
export interface Journal {
  add(entry: Omit<SandboxRequest, 'id'>): void
  list(): SandboxRequest[]
  /** @returns a function that ends it */
  subscribe(listener: (entry: SandboxRequest) => void): () => void
}

export function createJournal(size: number): Journal {
  const entries: SandboxRequest[] = []
  const listeners = new Set<(entry: SandboxRequest) => void>()
  let count = 0

  return {
    add(entry) {
      count += 1
      const numbered = { id: count, ...entry }
      entries.push(numbered)
      if (entries.length > size) entries.shift()
      for (const listener of listeners) listener(numbered)
    },
    list: () => structuredClone(entries),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
