import type { IncomingMessage } from 'node:http'
import expressSession from 'express-session'
import type { WxServerApi } from './api-types.js'
import { warnOnce } from './diagnostics.js'
import type { WxRedisClient } from './option-types.js'
import { production } from './options.js'
import type { LiveClient } from './redis/client-kind.js'
import { createRedisEndChannel } from './redis/end-channel.js'
import type { RedisLink } from './redis/link.js'
import { loadConnectRedis } from './redis/load-connect-redis.js'
import { createRedisOnce } from './redis/once.js'
import { isWrongType } from './redis/reply-error.js'
import { createRedisSessionStore } from './redis/session-store.js'
import { shareRedisLink } from './redis/shared-link.js'
import { createRedisTokenStore } from './redis/token-store.js'
import { createRedisUserState } from './redis/user-state.js'
import { report, type Runtime } from './runtime.js'
import { servedApp } from './served-app.js'
import { createAppSession } from './session/app-session.js'
import { createKeyHistory } from './session/key-history.js'
import { createMemoryUserState } from './session/memory-user-state.js'
import { createOwnSession } from './session/own-session.js'
import { createSealer, type Sealer } from './session/sealing.js'
import { createSessionEnds } from './session/session-ends.js'
import type { SessionHost } from './session/session-host.js'
import { available, storeUnavailable } from './session/store-call.js'
import { slideStep, StoreGuard } from './session/store-guard.js'
import type { Settings } from './settings.js'
import { explained } from './start-up.js'
import type { UserState } from './state-types.js'
import type { WxIdentity } from './types.js'
import { createAccessTokens } from './wechat/access-token.js'
import { createBreaker } from './wechat/breaker.js'
import { createCodeFlights } from './wechat/code-flights.js'
import { createMemoryOnce } from './wechat/memory-once.js'
import { createPhoneFlights } from './wechat/phone-flights.js'
import { createServerApi } from './wechat/server-api.js'
import { createTokenSource } from './wechat/token-source.js'

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
  const runtime: Runtime = {
    settings,
    state,
    host,
    storeReady: () => link?.ready() ?? true,
    sealer,
    keys: createKeyHistory(state, sealer, settings.keyHistory),
    flights: createCodeFlights(),
    phoneFlights: createPhoneFlights(),
    breaker: createBreaker('login'),
    api: createApi(settings, link, sealer, () => runtime),
    ends: createSessionEnds(
      (sids) => host.alive(sids),
      link && createRedisEndChannel(link, settings.redisPrefix),
    ),
    once: link
      ? createRedisOnce(link, { prefix: settings.redisPrefix, timeout: settings.storeTimeout })
      : createMemoryOnce(),
    logins: { open: true, running: new Set(), cuts: new Set() },
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
      explained(
        'wxLogin has no redis: wx.sessions, session.maxPerUser and the limit on refused data know this process only.',
        'memory',
      ),
    )
  }
  if (!session) return createAppSession(timeout)
  const { ttl, absoluteTtl } = session
  const options = { timeout, onTouchError: tell, ttl, absoluteTtl }
  const host = (store: StoreGuard, ready?: () => boolean): SessionHost =>
    createOwnSession(settings, session, store, { ...(ready && { ready }), onLateError: tell })
  if (link && !session.store) {
    const inner = createRedisSessionStore(loadConnectRedis(), link, {
      prefix: `${settings.redisPrefix}sess:`,
      ttl,
      step: slideStep(ttl),
      onExtendError: tell,
      cookies: settings.transport.cookie,
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
      explained(
        'wxLogin keeps sessions in memory: they end with this process. Give it `redis`.',
        'memory',
      ),
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

/** What is sealed here in the place of a user: an access token is the app's. */
const tokenOwner = (appid: string): WxIdentity => ({ appid, openid: 'access_token' })

function createApi(
  { wechat, redisPrefix: prefix, storeTimeout }: Settings,
  link: RedisLink | undefined,
  sealer: Sealer,
  runtime: () => Runtime,
): WxServerApi {
  const breaker = createBreaker('api')
  const store =
    link &&
    createRedisTokenStore(link, {
      prefix,
      timeout: storeTimeout,
      seal: (token, appid) => sealer.seal(token, tokenOwner(appid)),
      open: (sealed, appid) => sealer.open(sealed, tokenOwner(appid)),
    })
  const tokens = wechat.accessToken
    ? createTokenSource(wechat.accessToken)
    : createAccessTokens({ ...wechat, store, breaker })
  return createServerApi({
    ...wechat,
    tokens,
    breaker,
    findApp: (appid) => servedApp(runtime(), appid),
    keys: {
      async newest(user) {
        const [key] = await available(() => runtime().keys.of(user))
        return key && key.replacedAt === undefined ? key.sessionKey : null
      },
      replace: (user, key) => available(() => runtime().keys.replace(user, key, Date.now())),
    },
  })
}
