import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import expressSession from 'express-session'
import { warnOnce } from './diagnostics.js'
import { production } from './options.js'
import type { LiveClient } from './redis/client-kind.js'
import { createRedisEndChannel } from './redis/end-channel.js'
import type { RedisLink } from './redis/link.js'
import { loadConnectRedis } from './redis/load-connect-redis.js'
import { isWrongType } from './redis/reply-error.js'
import { createRedisSessionStore } from './redis/session-store.js'
import { shareRedisLink } from './redis/shared-link.js'
import { createRedisUserState } from './redis/user-state.js'
import { report, type Runtime } from './runtime.js'
import { createAppSession } from './session/app-session.js'
import { createKeyHistory } from './session/key-history.js'
import { createMemoryUserState } from './session/memory-user-state.js'
import { createOwnSession } from './session/own-session.js'
import { createSealer } from './session/sealing.js'
import { createSessionEnds } from './session/session-ends.js'
import type { SessionHost } from './session/session-host.js'
import { StoreGuard, storeUnavailable } from './session/store-guard.js'
import type { Settings } from './settings.js'
import type { UserState, WxRedisClient } from './types.js'
import { createBreaker } from './wechat/breaker.js'
import { createCodeFlights } from './wechat/code-flights.js'

/** How long user lists are kept where the session's lifetime is the app's business: 30 days. */
const appSessionTtl = 30 * 24 * 3600

/** A runtime, and what ends what was opened for it. */
export interface OwnedRuntime {
  readonly runtime: Runtime
  close(): void
}

/** Puts the parts of one `wxLogin()` together, with Redis where there is a client. */
export function createRuntime(settings: Settings, redis: WxRedisClient | undefined): OwnedRuntime {
  const link = redis && shareRedisLink(redis as unknown as LiveClient, settings.storeTimeout)
  const state = createState(settings, link)
  const tell = (error: unknown, req?: IncomingMessage): void => {
    report(runtime, storeUnavailable(error), req)
  }
  const host = createHost(settings, link, tell)
  const sealer = createSealer(settings.keySecrets)
  const cut = new AbortController()
  // Every login in flight listens.
  setMaxListeners(0, cut.signal)
  const runtime: Runtime = {
    settings,
    state,
    host,
    storeReady: () => link?.ready() ?? true,
    sealer,
    keys: createKeyHistory(state, sealer, settings.keyHistory),
    flights: createCodeFlights(),
    breaker: createBreaker(),
    ends: createSessionEnds(
      (sids) => host.alive(sids),
      link && createRedisEndChannel(link, settings.redisPrefix),
    ),
    logins: { open: true, running: new Set(), cut },
  }
  return {
    runtime,
    close() {
      runtime.ends.close()
      link?.close()
    },
  }
}

function createHost(
  settings: Settings,
  link: RedisLink | undefined,
  tell: (error: unknown, req?: IncomingMessage) => void,
): SessionHost {
  const { session, storeTimeout: timeout } = settings
  if (!link && production()) {
    warnOnce(
      'WX_LISTS',
      'wxLogin has no redis: wx.sessions, session.maxPerUser and the limit on refused data know this process only.',
    )
  }
  if (!session) return createAppSession(timeout)
  const options = { timeout, onTouchError: tell, absoluteTtl: session.absoluteTtl }
  const host = (store: StoreGuard, ready?: () => boolean): SessionHost =>
    createOwnSession(settings, session, store, { ...(ready && { ready }), onLateError: tell })
  if (link && !session.store) {
    const inner = createRedisSessionStore(loadConnectRedis(), link, {
      prefix: `${settings.redisPrefix}sess:`,
      ttl: session.ttl,
    })
    const onFailure = (): void => {
      link.trouble()
    }
    const store = new StoreGuard(inner, { ...options, onFailure, unreadable: isWrongType })
    return host(store, () => link.ready())
  }
  const store = session.store ?? new expressSession.MemoryStore()
  if (store instanceof expressSession.MemoryStore) {
    warnOnce(
      'WX_MEMORY',
      'wxLogin keeps sessions in memory: they end with this process. Give it `redis`.',
    )
  }
  return host(new StoreGuard(store, options))
}

function createState(settings: Settings, link: RedisLink | undefined): UserState {
  if (!link) return createMemoryUserState()
  return createRedisUserState(link, {
    prefix: settings.redisPrefix,
    ttl: settings.session?.ttl ?? appSessionTtl,
    timeout: settings.storeTimeout,
  })
}
