import type { SandboxRotation } from './option-types.js'
import type { Seeds } from './seed.js'
import type { SandboxClock } from './types.js'

interface Entry {
  key: string
  count: number
  since: number
  /** The key that went with the last code; undefined before the first one. */
  ofLastCode: string | undefined
}

/** The phones' session keys: one valid key a user and app, as at WeChat. */
export interface SessionKeys {
  /** Whether the user has ever had a key: by a login, or data that the phone made. */
  has(name: string, appid: string): boolean
  /** The valid key: base64 of 16 bytes. */
  current(name: string, appid: string): string
  /** `wx.login` was called: a new key, where the rotation policy says so. */
  login(name: string, appid: string): string
  /** Whether the key that went with the last code is still the valid one. */
  lastCodeHolds(name: string, appid: string): boolean
  /**
   * The keys the user has had, the valid one first, and since when that one is valid; empty before the first. Makes
   * none.
   */
  history(name: string, appid: string): { keys: string[]; since: number | null }
  /** A new key, whatever the policy. */
  replace(name: string, appid: string): string
}

/** Keys that can be told once they are no longer valid. */
const remembered = 10

export function createSessionKeys(
  seeds: Seeds,
  clock: SandboxClock,
  policy: { rotation: SandboxRotation; rotationInterval: number },
): SessionKeys {
  const entries = new Map<string, Entry>()

  const keyOf = (name: string, appid: string, count: number): string =>
    seeds.secret('key', appid, name, count).subarray(0, 16).toString('base64')

  function renew(name: string, appid: string): Entry {
    const id = `${appid} ${name}`
    const old = entries.get(id)
    const count = (old?.count ?? 0) + 1
    const entry = {
      key: keyOf(name, appid, count),
      count,
      since: clock.now(),
      ofLastCode: old?.ofLastCode,
    }
    entries.set(id, entry)
    return entry
  }

  const existing = (name: string, appid: string): Entry =>
    entries.get(`${appid} ${name}`) ?? renew(name, appid)

  return {
    has: (name, appid) => entries.has(`${appid} ${name}`),
    current: (name, appid) => existing(name, appid).key,
    login(name, appid) {
      const due =
        policy.rotation === 'always' ||
        (policy.rotation === 'interval' &&
          clock.now() - existing(name, appid).since >= policy.rotationInterval)
      const entry = due ? renew(name, appid) : existing(name, appid)
      entry.ofLastCode = entry.key
      return entry.key
    },
    lastCodeHolds(name, appid) {
      const entry = entries.get(`${appid} ${name}`)
      return entry !== undefined && entry.ofLastCode === entry.key
    },
    history(name, appid) {
      const entry = entries.get(`${appid} ${name}`)
      if (!entry) return { keys: [], since: null }
      // What was made of the seed once is made of it again: nothing has to be kept.
      const keys = Array.from({ length: Math.min(entry.count, remembered + 1) }, (_, age) =>
        keyOf(name, appid, entry.count - age),
      )
      return { keys, since: entry.since }
    },
    replace: (name, appid) => renew(name, appid).key,
  }
}
