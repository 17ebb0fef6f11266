import { randomUUID } from 'node:crypto'
import { type Once, rememberedFor } from '../state-types.js'
import { askOfKey, createAsk } from './ask.js'
import type { RedisLink } from './link.js'
import { compareAndDrop, type Scripting } from './script.js'

type Expiration = { type: 'PX'; value: number }

/** The commands used here; every kind of node-redis client has them. */
interface Commands extends Scripting {
  get(key: string): Promise<string | null>
  set(
    key: string,
    value: string,
    options: { condition?: 'NX'; expiration: Expiration },
  ): Promise<unknown>
  del(keys: string[]): Promise<unknown>
}

const doneValue = 'done'

/** What {@link createRedisOnce} needs beside the way to Redis. */
export interface RedisOnceOptions {
  /** Prefix of every key. */
  prefix: string
  /** Deadline of one operation in ms. */
  timeout: number
}

/**
 * {@link Once} of all processes: a key for each thing, set only where there is none. A key of another type than
 * expected is dropped and counts as absent.
 */
export function createRedisOnce(link: RedisLink, { prefix, timeout }: RedisOnceOptions): Once {
  const redis = (): Commands => link.client as Commands
  const ask = createAsk(link, timeout)

  /** Takes the place; where that is not known to have worked, Redis may have given it all the same. */
  async function take(key: string, own: string, ms: number): Promise<boolean> {
    const expiration = { type: 'PX', value: ms } as const
    try {
      return (await ask(() => redis().set(key, own, { condition: 'NX', expiration }))) !== null
    } catch (error) {
      compareAndDrop(redis(), key, own).catch(() => undefined)
      throw error
    }
  }

  return {
    async begin(id, ms) {
      const key = `${prefix}once:${id}`
      const own = randomUUID()
      if (!(await take(key, own, ms))) {
        const value = await askOfKey(ask, redis, key, () => redis().get(key))
        if (value === doneValue) return 'done'
        // It has just ended: there is one more try.
        if (value !== null || !(await take(key, own, ms))) return 'running'
      }
      return {
        async done() {
          const kept = { type: 'PX', value: rememberedFor } as const
          await ask(() => redis().set(key, doneValue, { expiration: kept }))
        },
        async release() {
          // A place that has ended by itself may be another's by now.
          await ask(() => compareAndDrop(redis(), key, own))
        },
      }
    },
  }
}
