import type { Settings } from '../settings.js'
import type { StoredKey, UserKey, UserState } from '../state-types.js'
import type { WxIdentity } from '../types.js'
import { keyIdOf } from './record.js'
import type { Sealer } from './sealing.js'

/** A key known beside those that are remembered: the session's own, or one that was just exchanged. */
export interface OwnKey {
  /** Null where it was sealed with a secret that is gone. */
  sessionKey: string | null
  /** When it was exchanged, Unix ms. */
  at: number
}

/** The session keys of users, across their sessions and devices. */
export interface KeyHistory {
  /**
   * Enters a session in the list of the user and remembers the key of its login, sealed as it is in the session.
   *
   * @returns how many sessions are remembered now
   */
  addLogin(
    user: WxIdentity,
    session: { sid: string; loginAt: number },
    key: StoredKey,
  ): Promise<number>
  /** Remembers a key that was exchanged, but only where keys of the user are remembered already: for a login that came to nothing. */
  addBeside(user: WxIdentity, sessionKey: string, at: number): Promise<void>
  /** The keys that data of this user may be made with now, newest first. */
  of(user: WxIdentity, own?: OwnKey): Promise<UserKey[]>
  /** WeChat has ended all keys but this one. */
  replace(user: WxIdentity, sessionKey: string, at: number): Promise<void>
}

/**
 * WeChat has one valid session key for a user and app, on all devices, and may replace it at every `wx.login`; data
 * that was made just before is on its way with the key before. So the last keys are remembered for the user, sealed,
 * and an earlier one is good for a short time after it was replaced.
 *
 * @param options.window - that time, in seconds
 */
export function createKeyHistory(
  state: UserState,
  sealer: Sealer,
  { size, window }: Settings['keyHistory'],
  now: () => number = Date.now,
): KeyHistory {
  const stored = (user: WxIdentity, sessionKey: string, at: number): StoredKey => ({
    id: keyIdOf(sessionKey),
    sealed: sealer.seal(sessionKey, user),
    at,
  })

  return {
    addLogin: (user, session, key) => state.addLogin(user, session, key, size),

    addBeside: (user, sessionKey, at) =>
      state.addKey(user, stored(user, sessionKey, at), size, true),

    async of(user, own) {
      const { keys, notBefore } = await state.readKeys(user)
      const known = new Map<string, number>()
      const learn = (sessionKey: string | null, at: number): void => {
        if (sessionKey === null || at < notBefore) return
        known.set(sessionKey, Math.max(at, known.get(sessionKey) ?? 0))
      }
      for (const { sealed, at } of keys) learn(sealer.open(sealed, user), at)
      if (own) learn(own.sessionKey, own.at)
      const newestFirst = [...known].sort(([, a], [, b]) => b - a).slice(0, size)
      return newestFirst
        .map(([sessionKey], i) => ({ sessionKey, replacedAt: newestFirst[i - 1]?.[1] }))
        .filter(({ replacedAt = Infinity }) => now() - replacedAt <= window * 1000)
    },

    replace: (user, sessionKey, at) => state.replaceKeys(user, stored(user, sessionKey, at)),
  }
}
