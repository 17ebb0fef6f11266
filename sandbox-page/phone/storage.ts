import type { PhoneStorage } from '../../src/sandbox/phone/types.js'
import { createMemoryStorage } from '../../src/sandbox/phone/storage.js'

/** The browser's storage; one in memory where the browser has none for us. */
export function browserStorage(): PhoneStorage {
  try {
    return localStorage
  } catch {
    return createMemoryStorage()
  }
}

/**
 * The part of a storage that belongs to one target: a session of one server is never sent to another.
 *
 * @param changed - called after each change
 */
export function storageOfTarget(
  storage: PhoneStorage,
  target: string,
  changed: () => void,
): PhoneStorage {
  const prefix = `sandbox-phone ${target} `
  const keys = (): string[] =>
    Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
  return {
    get length() {
      return keys().length
    },
    key: (index) => keys()[index] ?? null,
    getItem: (key) => storage.getItem(prefix + key),
    setItem(key, value) {
      storage.setItem(prefix + key, value)
      changed()
    },
    removeItem(key) {
      storage.removeItem(prefix + key)
      changed()
    },
  }
}
