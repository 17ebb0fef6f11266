import type { UserState } from '../state-types.js'
import { createThrottle } from '../throttle.js'
import type { WxIdentity } from '../types.js'
import { askOfKey, createAsk } from './ask.js'
import type { RedisLink } from './link.js'
import { isWrongType } from './reply-error.js'
import { createScript, type Scripting } from './script.js'

/** The commands used here; every kind of node-redis client has them. */
interface Commands extends Scripting {
  zRem(key: string, members: string[]): Promise<unknown>
  zRangeWithScores(
    key: string,
    from: number,
    to: number,
  ): Promise<{ value: string; score: number }[]>
  expire(key: string, seconds: number): Promise<unknown>
  get(key: string): Promise<string | null>
  set(
    key: string,
    value: string,
    options: { condition: 'NX'; expiration: { type: 'EX'; value: number } },
  ): Promise<unknown>
  incr(key: string): Promise<number>
  del(keys: string[]): Promise<unknown>
  hGetAll(key: string): Promise<Record<string, string>>
}

const functionAddSession = `
local function addSession(key, ttl, at, sid)
  redis.call('ZADD', key, at, sid)
  redis.call('EXPIRE', key, ttl)
  return redis.call('ZCARD', key)
end`

const addSession = createScript(`${functionAddSession}
return addSession(KEYS[1], unpack(ARGV))`)

// A negative login time marks a session that is being ended: it is found until it has ended.
const takeOldest = createScript(`
local own = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not own or tonumber(own) < 0 then return {} end
local room, taken = tonumber(ARGV[1]) - 1, {}
for _, sid in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  if sid ~= ARGV[2] then
    if room > 0 then
      room = room - 1
    else
      local at = tonumber(redis.call('ZSCORE', KEYS[1], sid))
      if at > 0 then redis.call('ZADD', KEYS[1], -at, sid) end
      taken[#taken + 1] = sid
    end
  end
end
return taken`)

/** The field that says which keys are good no more; the others are named by the id of their key. */
const notBeforeField = 'notBefore'

// A field a key: when it was exchanged last, a space, the sealed key. What is no such field is dropped.
const functionAddKey = `
local function addKey(key, ttl, where, size, id, at, sealed)
  local found, kept = redis.call('HGETALL', key), {}
  if #found == 0 and where == 'beside' then return end
  for i = 1, #found, 2 do
    local time = string.match(found[i + 1], '^(%d+) %S+$')
    if time and #time <= 16 then
      if found[i] ~= id then
        kept[#kept + 1] = { found[i], tonumber(time) }
      elseif tonumber(time) > tonumber(at) then
        at = time
      end
    elseif found[i] ~= '${notBeforeField}' then
      redis.call('HDEL', key, found[i])
    end
  end
  kept[#kept + 1] = { id, tonumber(at) }
  redis.call('HSET', key, id, at .. ' ' .. sealed)
  redis.call('EXPIRE', key, ttl)
  table.sort(kept, function(a, b) return a[2] > b[2] end)
  for i = tonumber(size) + 1, #kept do redis.call('HDEL', key, kept[i][1]) end
end`

const addKey = createScript(`${functionAddKey}
addKey(KEYS[1], unpack(ARGV))`)

const addLogin = createScript(`${functionAddSession}${functionAddKey}
local ttl, at, sid = ARGV[1], ARGV[2], ARGV[3]
addKey(KEYS[2], ttl, 'always', unpack(ARGV, 4))
return addSession(KEYS[1], ttl, at, sid)`)

const replaceKeys = createScript(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '${notBeforeField}', ARGV[2], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
return redis.call('EXPIRE', KEYS[1], ARGV[4])`)

const refusalWindow = 60

/** What {@link createRedisUserState} needs beside the way to Redis. */
export interface RedisUserStateOptions {
  /** Prefix of every key. */
  prefix: string
  /** Sliding lifetime of a session in seconds. */
  ttl: number
  /** Deadline of one operation in ms. */
  timeout: number
}

/**
 * {@link UserState} in Redis: a sorted set of session ids by login time, a hash of session keys, and a counter of
 * refused data per session. The keys of one user share a hash tag, so that they lie in one cluster slot.
 * A key of another type than expected is dropped and counts as absent.
 */
export function createRedisUserState(link: RedisLink, options: RedisUserStateOptions): UserState {
  const redis = (): Commands => link.client as Commands
  const { prefix, ttl, timeout } = options
  const ask = createAsk(link, timeout)
  const keyOf = (user: WxIdentity, what: string): string =>
    `${prefix}user:{${user.appid}:${user.openid}}:${what}`
  const sessionsOf = (user: WxIdentity): string => keyOf(user, 'sessions')
  const keysOf = (user: WxIdentity): string => keyOf(user, 'keys')
  const halfLife = ttl * 500
  const extensions = createThrottle(halfLife, 2 ** 18)

  const run = <T>(key: string, work: () => Promise<T>): Promise<T> =>
    askOfKey(ask, redis, key, work)

  const state: UserState = {
    async addSession(user, sid, loginAt) {
      const key = sessionsOf(user)
      return (await run(key, () => addSession(redis(), key, 2 * ttl, loginAt, sid))) as number
    },

    async addLogin(user, { sid, loginAt }, key, size) {
      const both = [sessionsOf(user), keysOf(user)]
      const { id, at, sealed } = key
      const enter = (): Promise<unknown> =>
        addLogin(redis(), both, 2 * ttl, loginAt, sid, size, id, at, sealed)
      try {
        return (await ask(enter)) as number
      } catch (error) {
        if (!isWrongType(error)) throw error
        // Whichever of the two it is: each on its own drops what it finds.
        await state.addKey(user, key, size)
        return state.addSession(user, sid, loginAt)
      }
    },

    async removeSessions(user, sids) {
      const key = sessionsOf(user)
      if (sids.length > 0) await run(key, () => redis().zRem(key, sids))
    },

    async listSessions(user) {
      const key = sessionsOf(user)
      const found = await run(key, () => redis().zRangeWithScores(key, 0, -1))
      return found.reverse().map(({ value, score }) => ({ sid: value, loginAt: Math.abs(score) }))
    },

    async takeOldest(user, max, newest) {
      const key = sessionsOf(user)
      return (await run(key, () => takeOldest(redis(), key, max, newest))) as string[]
    },

    // Sessions slide when they are used, the list and the keys only at logins: they are given twice the lifetime, and
    // again once in half a lifetime by each process that still sees the user.
    keepAlive(user, loginAt) {
      if (Date.now() - loginAt < halfLife) return
      const key = sessionsOf(user)
      if (!extensions.due(key)) return
      ask(() =>
        Promise.all([key, keysOf(user)].map((each) => redis().expire(each, 2 * ttl))),
      ).catch(() => {
        extensions.forget(key)
      })
    },

    async addKey(user, { id, at, sealed }, size, onlyBeside = false) {
      const key = keysOf(user)
      const where = onlyBeside ? 'beside' : 'always'
      await run(key, () => addKey(redis(), key, 2 * ttl, where, size, id, at, sealed))
    },

    async readKeys(user) {
      const key = keysOf(user)
      const found = Object.entries(await run(key, () => redis().hGetAll(key)))
      const notBefore = Number(found.find(([id]) => id === notBeforeField)?.[1] ?? 0)
      const keys = found.flatMap(([id, text]) => {
        const [, at, sealed] = /^(\d{1,16}) (\S+)$/.exec(text) ?? []
        return sealed === undefined ? [] : [{ id, at: Number(at), sealed }]
      })
      return { keys, notBefore: Number.isSafeInteger(notBefore) ? notBefore : 0 }
    },

    async replaceKeys(user, { id, at, sealed }) {
      const key = keysOf(user)
      await run(key, () => replaceKeys(redis(), key, id, at, sealed, 2 * ttl))
    },

    async forgetKeys(user) {
      await ask(() => redis().del([keysOf(user)]))
    },

    async refusals(user, sessionId, add) {
      const key = keyOf(user, `refused:${sessionId}`)
      return run(key, async () => {
        if (add === 0) {
          const count = Number(await redis().get(key))
          return Number.isSafeInteger(count) ? count : 0
        }
        // A window that begins with the first refusal: one that every refusal extends would never end.
        const [, count] = await Promise.all([
          redis().set(key, '0', {
            condition: 'NX',
            expiration: { type: 'EX', value: refusalWindow },
          }),
          redis().incr(key),
        ])
        // The key ended between the two, and INCR has made one without an end.
        if (count === 1) await redis().expire(key, refusalWindow)
        return count
      })
    },
  }
  return state
}
