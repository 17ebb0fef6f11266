import type { StoredKeys, UserState } from '../state-types.js'
import type { WxIdentity } from '../types.js'

const maxUsers = 10_000
const minute = 60_000

const keyOf = (user: WxIdentity): string => `${user.appid}:${user.openid}`

/** Keeps a Map small: the entry that was written longest ago goes. */
function put<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > maxUsers) map.delete(map.keys().next().value!)
}

/** {@link UserState} of one process, for servers without Redis. Bounded: it forgets the user seen longest ago. */
export function createMemoryUserState(now: () => number = Date.now): UserState {
  const sessions = new Map<string, Map<string, number>>()
  const keys = new Map<string, StoredKeys>()
  const refused = new Map<string, { since: number; count: number }>()
  const state: UserState = {
    async addSession(user, sid, loginAt) {
      const own = sessions.get(keyOf(user)) ?? new Map<string, number>()
      own.set(sid, loginAt)
      put(sessions, keyOf(user), own)
      return own.size
    },
    async addLogin(user, { sid, loginAt }, key, size) {
      await state.addKey(user, key, size)
      return state.addSession(user, sid, loginAt)
    },
    async removeSessions(user, sids) {
      const own = sessions.get(keyOf(user))
      for (const sid of sids) own?.delete(sid)
      if (own?.size === 0) sessions.delete(keyOf(user))
    },
    async listSessions(user) {
      const own = [...(sessions.get(keyOf(user)) ?? [])]
      return own
        .sort((a, b) => b[1] - a[1])
        .map(([sid, loginAt]) => ({ sid, loginAt: Math.abs(loginAt) }))
    },
    async takeOldest(user, max, newest) {
      const own = sessions.get(keyOf(user))
      if (!((own?.get(newest) ?? -1) > 0)) return []
      const others = [...own!].filter(([sid]) => sid !== newest).sort((a, b) => b[1] - a[1])
      const taken = others.slice(max - 1)
      for (const [sid, loginAt] of taken) own!.set(sid, -Math.abs(loginAt))
      return taken.map(([sid]) => sid)
    },
    keepAlive: () => undefined,
    async addKey(user, key, size, onlyBeside = false) {
      if (onlyBeside && !keys.has(keyOf(user))) return
      const own = keys.get(keyOf(user)) ?? { keys: [], notBefore: 0 }
      const known = own.keys.find(({ id }) => id === key.id)
      const others = own.keys.filter(({ id }) => id !== key.id)
      const entry = { ...key, at: Math.max(key.at, known?.at ?? 0) }
      const kept = [entry, ...others].sort((a, b) => b.at - a.at).slice(0, size)
      put(keys, keyOf(user), { ...own, keys: kept })
    },
    readKeys: async (user) => keys.get(keyOf(user)) ?? { keys: [], notBefore: 0 },
    async replaceKeys(user, key) {
      put(keys, keyOf(user), { keys: [key], notBefore: key.at })
    },
    async forgetKeys(user) {
      keys.delete(keyOf(user))
    },
    async refusals(user, sessionId, add) {
      const key = `${keyOf(user)}:${sessionId}`
      const seen = refused.get(key)
      const live = seen && now() - seen.since < minute ? seen : { since: now(), count: 0 }
      if (add === 0) return live.count
      put(refused, key, { since: live.since, count: live.count + 1 })
      return live.count + 1
    },
  }
  return state
}
