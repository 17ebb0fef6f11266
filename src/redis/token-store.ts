import { createHash, randomUUID } from 'node:crypto'
import type { TokenStore } from '../state-types.js'
import { askOfKey, createAsk } from './ask.js'
import type { RedisLink } from './link.js'
import { compareAndDrop, createScript, type Scripting } from './script.js'

/** The commands used here; every kind of node-redis client has them. */
interface Commands extends Scripting {
  get(key: string): Promise<string | null>
  set(
    key: string,
    value: string,
    options: { expiration: { type: 'PX'; value: number } },
  ): Promise<unknown>
  del(keys: string[]): Promise<unknown>
}

/** Drops the text of a token while it is that of the token with this hash. */
const dropToken = createScript(`
local found = redis.call('GET', KEYS[1])
if found and string.sub(found, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  return redis.call('DEL', KEYS[1])
end
return 0`)

// A lock that never ends is none of ours, whatever it holds.
const take = createScript(`
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`)

/** Enough of a hash to tell tokens apart, and not to guess one. */
const hashOf = (token: string): string =>
  createHash('sha256').update(token).digest('base64url').slice(0, 16)

/** What {@link createRedisTokenStore} needs beside the way to Redis. */
export interface RedisTokenStoreOptions {
  /** Prefix of every key. */
  prefix: string
  /** Deadline of one operation in ms. */
  timeout: number
  seal(token: string, appid: string): string
  /** Null where it was sealed for another app, or with a secret that is gone. */
  open(sealed: string, appid: string): string | null
}

/**
 * {@link TokenStore} of all processes: a hash of the token, when it ends, and the token itself, sealed; beside it the
 * lock of the process that fetches. What cannot be read counts as absent.
 */
export function createRedisTokenStore(
  link: RedisLink,
  { prefix, timeout, seal, open }: RedisTokenStoreOptions,
): TokenStore {
  const redis = (): Commands => link.client as Commands
  const keyOf = (appid: string): string => `${prefix}token:{${appid}}`

  const askNow = createAsk(link, timeout)
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    if (!link.ready()) throw new Error('Redis is away')
    return askNow(work)
  }

  return {
    async read(appid) {
      const key = keyOf(appid)
      const text = (await askOfKey(ask, redis, key, () => redis().get(key))) ?? ''
      const [, hash, end, sealed] = /^(\S+) (\d{1,15}) (\S+)$/.exec(text) ?? []
      const token = sealed === undefined ? null : open(sealed, appid)
      if (token === null || hashOf(token) !== hash) return null
      return { token, expiresAt: Number(end) }
    },

    async write(appid, { token, expiresAt }) {
      const value = Math.ceil(expiresAt - Date.now())
      if (value <= 0) return
      const text = `${hashOf(token)} ${String(expiresAt)} ${seal(token, appid)}`
      await ask(() => redis().set(keyOf(appid), text, { expiration: { type: 'PX', value } }))
    },

    async drop(appid, token) {
      const key = keyOf(appid)
      await askOfKey(ask, redis, key, () => dropToken(redis(), key, hashOf(token)))
    },

    async lock(appid, ms) {
      const key = `${keyOf(appid)}:lock`
      const own = randomUUID()
      const giveBack = (): Promise<unknown> => compareAndDrop(redis(), key, own)
      try {
        if ((await ask(() => take(redis(), key, own, ms))) !== 1) return null
      } catch (error) {
        // It may have been given all the same.
        giveBack().catch(() => undefined)
        throw error
      }
      return async () => {
        await ask(giveBack)
      }
    },
  }
}
