import type { SandboxTapRedisOptions } from '../types.js'
import type { WireRecorder } from '../wire/recorder.js'
import { openTap, type RedisTap } from './tap.js'
import type { WatchedStore } from './types.js'
import { watchStore } from './watched-store.js'

/** What of the server under test the sandbox sees: where it keeps sessions. */
export interface AttachedStore {
  /** The one that was attached last; null where there is none. */
  current(): WatchedStore | null
  tapRedis(url: string, options?: SandboxTapRedisOptions): Promise<string>
  watch<S extends object>(store: S): S
  close(): Promise<void>
}

export function createAttachedStore(wire: WireRecorder): AttachedStore {
  const taps: RedisTap[] = []
  let current: WatchedStore | null = null
  return {
    current: () => current,
    async tapRedis(url, options = {}) {
      const tap = await openTap(url, wire, options)
      taps.push(tap)
      current = tap
      return tap.url
    },
    watch(store) {
      const { store: stand, watched } = watchStore(store, wire)
      current = watched
      return stand
    },
    async close() {
      await Promise.all(taps.splice(0).map((tap) => tap.close()))
    },
  }
}
