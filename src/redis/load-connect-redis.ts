import { createRequire } from 'node:module'
import type { RedisStore } from 'connect-redis'
import { WxLoginError } from '../errors.js'
import { here } from '../here.js'
import { explained } from '../start-up.js'

/**
 * connect-redis' store class. It is an optional peer, needed only where `redis` is given, and wxLogin()
 * is synchronous: hence `require` instead of an import, and not where a bundler would look for it.
 */
export function loadConnectRedis(
  load: (name: string) => unknown = createRequire(here),
): typeof RedisStore {
  const install = 'npm i connect-redis redis (on Node 20 connect-redis@9)'
  const fault = (what: string): WxLoginError =>
    new WxLoginError('WX_APP_CONFIG', {
      message: explained(
        `wxLogin: the option redis needs the package connect-redis${what}`,
        'connect-redis',
      ),
    })
  try {
    const { RedisStore: Store } = load('connect-redis') as { RedisStore?: typeof RedisStore }
    // 7 and older export it by default.
    if (typeof Store !== 'function') throw fault(`, 9 or newer; update it: ${install}`)
    return Store
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string }
    if (code !== 'MODULE_NOT_FOUND' || !message?.includes("'connect-redis'")) throw error
    throw fault(`: ${install}`)
  }
}
