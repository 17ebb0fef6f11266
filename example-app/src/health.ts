import { answers } from './answers.js'
import type { Database } from './database.js'
import { isMigrated } from './schema.js'
import type { RedisState } from './session-check.js'

export interface Readiness {
  status: 'ok' | 'unavailable'
  /** `memory`: no Redis is configured, sessions are in this process. */
  redis: RedisState | 'memory'
  database: 'ok' | 'unavailable'
}

/**
 * Returns the readiness check. Checks that run at the same time are one check, so that nobody can pile them up.
 *
 * A cluster of which a part is away counts as ready: all processes share it, and a load balancer that took them
 * out one after the other would turn a third of the sessions that get a 503 into everything.
 */
export function createReadinessCheck(
  database: Database,
  redis?: () => Promise<RedisState>,
): () => Promise<Readiness> {
  let running: Promise<Readiness> | undefined

  async function check(): Promise<Readiness> {
    const [redisState, databaseOk] = await Promise.all([
      redis ? redis() : ('memory' as const),
      answers(() => isMigrated(database)),
    ])
    return {
      status: redisState !== 'unavailable' && databaseOk ? 'ok' : 'unavailable',
      redis: redisState,
      database: databaseOk ? 'ok' : 'unavailable',
    }
  }

  return () => (running ??= check().finally(() => (running = undefined)))
}
