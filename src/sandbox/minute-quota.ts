import type { SandboxClock } from './types.js'

const minute = 60_000

/** How often something is done for each user. */
export interface MinuteQuota {
  /** Counts one; false where the user had all of this minute's. */
  take(name: string, appid: string): boolean
  /** How often it was done in this minute; 0 where there is no limit. */
  count(name: string, appid: string): number
}

/** @param limit - how often a minute for one user of one app; 0 for no limit */
export function createMinuteQuota(clock: SandboxClock, limit: number): MinuteQuota {
  const windows = new Map<string, { since: number; count: number }>()

  function forgetOld(): void {
    for (const [id, { since }] of windows) {
      if (clock.now() - since < minute) return
      windows.delete(id)
    }
  }

  return {
    take(name, appid) {
      if (limit === 0) return true
      forgetOld()
      const id = `${appid} ${name}`
      const window = windows.get(id) ?? { since: clock.now(), count: 0 }
      windows.set(id, window)
      if (window.count >= limit) return false
      window.count += 1
      return true
    },
    count(name, appid) {
      const window = windows.get(`${appid} ${name}`)
      return window && clock.now() - window.since < minute ? window.count : 0
    },
  }
}
