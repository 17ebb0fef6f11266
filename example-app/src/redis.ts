import { createRedis, type WxRedis } from 'express-wx-login/redis'
import type { Log } from './logger.js'

/**
 * A client that connects in the background and for ever: Redis may be down when the server starts,
 * and may come and go. Until it is there, requests that need a session get a quick 503.
 */
export function openRedis(url: string, log: Log): WxRedis {
  const redis = createRedis(url)
  let away = false
  redis.on('error', (error: Error) => {
    if (away) return // once is enough: it tries again several times a second
    away = true
    log.error({ err: error }, 'Redis is unavailable: trying again until it is there')
  })
  redis.on('ready', () => {
    if (away) log.info('Redis is there again')
    away = false
  })
  // It rejects only where the client was closed while it tried.
  redis.connect().catch((error: unknown) => log.debug({ err: error }, 'Redis was never reached'))
  return redis
}

/** Lets pending commands finish. A connection that is not there has none. */
export async function closeRedis(redis: WxRedis): Promise<void> {
  if (redis.isReady) await redis.close()
  else redis.destroy()
}
