import type { Config } from './config.js'
import { redisKind } from './redis.js'
import { curlWalk, phoneWalk } from './walk.js'

/** What runs here, in words: for the banner and the start page. Holds no secret. */
export interface Status {
  url: string
  wechat: string
  sessions: string
  database: string
  /** What somebody should know before they rely on this server. */
  warnings: string[]
  /** Only with a sandbox. */
  sandboxPage?: string
  walk?: string[]
  /** What can be done with what `walk` gave. */
  phoneWalk?: string[]
}

const sessionsIn = {
  single: 'in Redis',
  sentinel: 'in Redis behind Sentinel',
  cluster: 'in a Redis Cluster',
}

export function describeStatus(config: Config, url: string, sandboxUrl?: string): Status {
  const warnings: string[] = []
  let wechat = 'the real one'
  if (config.wechat.mode === 'sandbox') {
    wechat = `SANDBOX, in this process`
    warnings.push('SANDBOX: no WX_APPID and WX_SECRET are set, so anybody can log in as anybody.')
  } else if (config.wechat.mode === 'remote-sandbox') {
    wechat = `SANDBOX at ${config.wechat.baseUrl}`
    warnings.push(`SANDBOX: WX_API_BASE is set without an app, so anybody can log in as anybody.`)
  } else if (config.wechat.baseUrl !== undefined) wechat = `at ${config.wechat.baseUrl}`

  if (config.redisUrl === undefined)
    warnings.push(
      'MEMORY SESSIONS: no REDIS_URL is set, so everybody is logged out when this process ends.',
    )
  if (config.randomSessionSecret)
    warnings.push('RANDOM SECRET: no SESSION_SECRET is set, so no session outlives this process.')
  if (config.databaseUrl === undefined)
    warnings.push(
      'EMBEDDED DATABASE: no DATABASE_URL is set, so users and notes are gone when this process ends.',
    )

  return {
    url,
    wechat,
    sessions: config.redisUrl === undefined ? 'in memory' : sessionsIn[redisKind(config.redisUrl)],
    database:
      config.databaseUrl === undefined ? 'embedded PostgreSQL (PGlite), in memory' : 'PostgreSQL',
    warnings,
    ...(sandboxUrl !== undefined && {
      sandboxPage: `${sandboxUrl}/__sandbox`,
      walk: curlWalk(url, sandboxUrl),
      phoneWalk: phoneWalk(url, sandboxUrl),
    }),
  }
}
