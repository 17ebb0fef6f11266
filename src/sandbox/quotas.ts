import type { SandboxQuota } from './option-types.js'
import type { SandboxClock, SandboxEndpoint } from './types.js'

const minute = 60_000
const day = 24 * 3600_000

/** What WeChat's documents say of one app; it does not tell the others. */
const documented: Readonly<Partial<Record<SandboxEndpoint, SandboxQuota>>> = {
  '/cgi-bin/token': { perDay: 2000 },
  '/cgi-bin/stable_token': { perMinute: 10_000, perDay: 500_000 },
  '/wxa/resetusersessionkey': { perMinute: 60_000 },
}

/** How often apps call the endpoints. */
export interface Quotas {
  /** Counts one call; the errcode where the app had all of this minute's or this day's. */
  take(path: string, appid: string): 45009 | 45011 | undefined
}

interface Window {
  since: number
  count: number
}

/** @param own - quotas in place of WeChat's, by path */
export function createQuotas(
  clock: SandboxClock,
  own: Readonly<Partial<Record<string, SandboxQuota>>>,
): Quotas {
  const quotas: Readonly<Partial<Record<string, SandboxQuota>>> = { ...documented, ...own }
  const windows = new Map<string, Window>()

  function windowOf(id: string, length: number): Window {
    const known = windows.get(id)
    if (known && clock.now() - known.since < length) return known
    const fresh = { since: clock.now(), count: 0 }
    windows.set(id, fresh)
    return fresh
  }

  return {
    take(path, appid) {
      const { perMinute = Infinity, perDay = Infinity } = quotas[path] ?? {}
      const thisMinute = windowOf(`minute ${path} ${appid}`, minute)
      const today = windowOf(`day ${path} ${appid}`, day)
      if (today.count >= perDay) return 45009
      if (thisMinute.count >= perMinute) return 45011
      thisMinute.count += 1
      today.count += 1
      return undefined
    },
  }
}
