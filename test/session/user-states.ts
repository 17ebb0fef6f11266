import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { createRedisUserState } from '../../src/redis/user-state.js'
import { createMemoryUserState } from '../../src/session/memory-user-state.js'
import type { UserState } from '../../src/state-types.js'
import type { WxIdentity } from '../../src/types.js'
import { redisUrl } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'

export type Client = ReturnType<typeof createClient>

export const alice: WxIdentity = { appid: 'wx1111111111111111', openid: 'oAlice' }
export const bob: WxIdentity = { appid: 'wx1111111111111111', openid: 'oBob' }
export const aliceElsewhere: WxIdentity = { appid: 'wx2222222222222222', openid: 'oAlice' }
export const ttl = 7 * 24 * 3600

/** One way to keep user states, and how to make time pass for it. */
export interface Kind {
  make(): UserState
  pass(ms: number): Promise<void>
}

export interface UserStates {
  /** On the Redis of this test run. */
  client: Client
  /** Of every key of one test; taken away after it. */
  prefix: string
  inMemory: Kind
  inRedis: Kind
}

/** Both kinds of user state, new for each test of the file that calls this. */
export function userStates(): UserStates {
  let clock = 0
  const states = {
    prefix: '',
    inMemory: {
      make: () => createMemoryUserState(() => clock),
      async pass(ms) {
        clock += ms
      },
    },
    inRedis: {
      make: () =>
        createRedisUserState(linkTo(states.client), {
          prefix: states.prefix,
          ttl,
          timeout: 5000,
        }),
      // Time passes where it counts: every key is that much nearer to its end.
      async pass(ms) {
        for (const key of await states.client.keys(`${states.prefix}*`)) {
          const left = await states.client.pTTL(key)
          if (left > ms) await states.client.pExpire(key, left - ms)
          else if (left >= 0) await states.client.del(key)
        }
      },
    },
  } as UserStates

  beforeAll(async () => {
    states.client = createClient({ url: redisUrl() })
    await states.client.connect()
  })
  afterAll(() => states.client.close())
  beforeEach(() => {
    clock = 1_800_000_000_000
    states.prefix = `test-user-state:${randomUUID()}:`
  })
  afterEach(async () => {
    const keys = await states.client.keys(`${states.prefix}*`)
    if (keys.length > 0) await states.client.del(keys)
  })
  return states
}
