import { createRedis, type WxRedis } from 'express-wx-login/redis'
import { atMost } from './at-most.js'
import type { Log } from './logger.js'

/** What a `REDIS_URL` leads to. */
export type RedisKind = 'single' | 'sentinel' | 'cluster'

export function redisKind(url: string): RedisKind {
  return (/^rediss?\+(sentinel|cluster):/.exec(url)?.[1] as RedisKind | undefined) ?? 'single'
}

/**
 * A client that connects in the background and for ever: Redis may be down when the server starts,
 * and may come and go. Until it is there, requests that need a session get a quick 503.
 */
export function openRedis(url: string, log: Log): WxRedis {
  const redis = createRedis(url)
  // It rejects only where the client was closed while it tried.
  redis.connect().catch((error: unknown) => log.debug({ err: error }, 'Redis was never reached'))
  return redis
}

// Within the server's own patience with everything it closes.
const closeTimeout = 300

/** Lets pending commands finish, where Redis lets them. Never throws: the process is about to end. */
export async function closeRedis(redis: WxRedis): Promise<void> {
  const quietly = async (end: () => unknown): Promise<void> => {
    try {
      await end()
    } catch {
      // It was closed already, or never open.
    }
  }
  await atMost(
    closeTimeout,
    quietly(() => redis.close()),
  )
  // Whoever still has not answered is not there; a Sentinel's client even waits here for its last attempt.
  await atMost(
    closeTimeout,
    quietly(() => redis.destroy()),
  )
}
