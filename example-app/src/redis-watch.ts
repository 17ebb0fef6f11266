import type { WxRedis } from 'express-wx-login/redis'
import type { Log } from './logger.js'
import type { RedisState } from './session-check.js'

// The first time after as long as a connection may take; then more often while something is wrong.
const period = { first: 1000, ok: 500, partly: 500, unavailable: 250 }

/**
 * Logs once when Redis goes and once when it is back, however often the client tries. It asks, because events
 * do not tell: a cluster has some for each node, and Sentinel's client none at all when it loses the master.
 *
 * @returns a function that ends it
 */
export function watchRedis(redis: WxRedis, check: () => Promise<RedisState>, log: Log): () => void {
  let told: RedisState = 'ok'
  let lastError: Error | undefined
  let stopped = false
  let timer = later(period.first)

  function later(ms: number): NodeJS.Timeout {
    return setTimeout(() => void look(), ms).unref()
  }

  function tell(state: RedisState): void {
    const why = { ...(lastError && { err: lastError }) }
    if (state === 'ok') log.info('Redis is there again')
    else if (state === 'partly')
      log.error(why, 'Redis is partly unavailable: some sessions cannot be read')
    else log.error(why, 'Redis is unavailable: trying again until it is there')
  }

  async function look(): Promise<void> {
    const state = await check()
    if (stopped) return
    if (state !== told) tell(state)
    told = state
    if (state === 'ok') lastError = undefined
    timer = later(period[state])
  }

  for (const event of ['error', 'node-error'])
    redis.on(event, (error: unknown) => {
      if (error instanceof Error) lastError = error
    })

  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
