import { createRequire } from 'node:module'
import type { RedisStore } from 'connect-redis'
import { WxLoginError } from '../errors.js'
import { here } from '../here.js'

/**
 * connect-redis' store class. It is an optional peer, needed only where `redis` is given, and wxLogin()
 * is synchronous: hence `require` instead of an import, and not where a bundler would look for it.
 */
export function loadConnectRedis(
  load: (name: string) => unknown = createRequire(here),
): typeof RedisStore {
  try {
    return (load('connect-redis') as { RedisStore: typeof RedisStore }).RedisStore
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string }
    if (code !== 'MODULE_NOT_FOUND' || !message?.includes("'connect-redis'")) throw error
    throw new WxLoginError('WX_APP_CONFIG', {
      message:
        'wxLogin: the option redis needs the package connect-redis: npm i connect-redis redis',
    })
  }
}
