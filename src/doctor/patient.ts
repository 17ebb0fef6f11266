import expressSession from 'express-session'
import type { LiveClient } from '../redis/client-kind.js'
import type { WxRedisClient } from '../option-types.js'
import { type Settings, wechatDefaults } from '../settings.js'
import type { WxApp } from '../types.js'

/** What is examined: a server, or the set-up of one. */
export interface Patient {
  /** The apps that are known by name: none where a function finds them. */
  readonly apps: readonly WxApp[]
  /** How WeChat is talked to; undefined where that cannot be tried. */
  readonly wechat:
    Pick<Settings['wechat'], 'baseUrl' | 'fetch' | 'code2Session' | 'accessToken'> | undefined
  readonly sessionSecrets: readonly string[]
  /** Where sessions are: in `other` they are in a store of the app's, or the session is the app's own. */
  readonly store: 'redis' | 'memory' | 'other'
  readonly redis: LiveClient | undefined
}

/** A running server. */
export function patientOf(settings: Settings, redis: WxRedisClient | undefined): Patient {
  const { apps, session, wechat } = settings
  const inMemory =
    session !== undefined &&
    (session.store ? session.store instanceof expressSession.MemoryStore : !redis)
  return {
    apps: [...(apps?.values() ?? [])],
    wechat,
    sessionSecrets: session?.secrets ?? [],
    store: inMemory ? 'memory' : session && !session.store ? 'redis' : 'other',
    redis: redis as LiveClient | undefined,
  }
}

/** How WeChat is talked to at this address. */
export const wechatAt = (baseUrl: string | undefined): NonNullable<Patient['wechat']> => ({
  baseUrl: baseUrl ?? wechatDefaults.baseUrl,
  fetch: wechatDefaults.fetch,
  code2Session: undefined,
  accessToken: undefined,
})
