import type { WxRedis } from 'express-wx-login/redis'
import type { Database } from './database.js'
import { isMigrated } from './schema.js'

export interface Readiness {
  status: 'ok' | 'unavailable'
  /** `memory`: no Redis is configured, sessions are in this process. */
  redis: 'ok' | 'unavailable' | 'memory'
  database: 'ok' | 'unavailable'
}

// Below the second after which a load balancer typically gives up on a check.
const checkTimeout = 800

/** Returns the readiness check. Checks that run at the same time are one check, so that nobody can pile them up. */
export function createReadinessCheck(
  database: Database,
  redis?: WxRedis,
): () => Promise<Readiness> {
  let running: Promise<Readiness> | undefined

  async function check(): Promise<Readiness> {
    const [redisOk, databaseOk] = await Promise.all([
      redis === undefined || answers(async () => (await redis.ping()) === 'PONG'),
      answers(() => isMigrated(database)),
    ])
    return {
      status: redisOk && databaseOk ? 'ok' : 'unavailable',
      redis: redis === undefined ? 'memory' : redisOk ? 'ok' : 'unavailable',
      database: databaseOk ? 'ok' : 'unavailable',
    }
  }

  return () => (running ??= check().finally(() => (running = undefined)))
}

/** True where `question` says yes in time; an error or silence is a no. */
async function answers(question: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, checkTimeout, false)
  })
  try {
    return await Promise.race([question().catch(() => false), silence])
  } finally {
    clearTimeout(timer)
  }
}
