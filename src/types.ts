import type { IncomingMessage } from 'node:http'
import type { CookieOptions, Request, Router } from 'express'
import type { Store } from 'express-session'
import type { WxAccessTokenSource, WxServerApi } from './api-types.js'
import type { WxLoginError } from './errors.js'
import type { WxAccountEventName, WxMessagePushOptions } from './push-types.js'
import type { WxReadiness, WxReadinessOptions } from './readiness-types.js'

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/**
 * Register the type of your user once, and `req.wx.user` and the hooks know it.
 *
 * @example
 * ```ts
 * declare module 'express-wx-login' {
 *   interface WxRegister { user: { id: number; name: string } }
 * }
 * ```
 */
export interface WxRegister {}

/** Your user: what `onUser` returned. `unknown` until {@link WxRegister} names its type. */
export type WxUser = WxRegister extends { user: infer U } ? U : unknown

/** Who somebody is for WeChat: always `(appid, openid)`, never the openid alone. */
export interface WxIdentity {
  /** The mini program. */
  appid: string
  /** The user in this mini program. */
  openid: string
  /** The user across all apps of one Open Platform account; only where the mini program is bound to one. */
  unionid?: string | undefined
}

/** A mini program with its AppSecret. */
export interface WxApp {
  /** AppID of the mini program: `wx` and 16 hex digits. */
  appid: string
  /** AppSecret of the mini program. Goes to WeChat only. */
  secret: string
}

/**
 * Finds an app by its appid, for servers with many or changing mini programs.
 * Called once a login, before the code is spent, and for calls of `wx.api`; has `hookTimeout` to answer.
 *
 * @param appid - what the phone named in the body or its Referer; undefined where it named none
 * @param req - the request it is for; undefined where `wx.api` is called outside of one
 * @returns the app, or null where this appid is not served
 */
export type WxAppResolver = (
  appid: string | undefined,
  req: Request | undefined,
) => Awaitable<WxApp | null>

/** The watermark in WeChat's encrypted data: which app it was made for, and when. */
export interface WxWatermark {
  appid: string
  /** Unix time in seconds. */
  timestamp: number
}

/** `encryptedData` and its `iv` as the phone got them from WeChat, both base64. */
export interface WxEncryptedData {
  encryptedData: string
  iv: string
}

/** `rawData` and its `signature` as the phone got them from WeChat; `rawData` byte for byte. */
export interface WxSignedData {
  rawData: string
  /** Hex of `sha1(rawData + session_key)`. */
  signature: string
}

/** A profile as the phone sent it: only WeChat's documented fields, each of its documented type. */
export interface WxProfile {
  /**
   * `signed`: `rawData` whose signature fits the session key; `encrypted`: `encryptedData` (with or
   * without `rawData`); `form`: typed by the user into the mini program's own form, proven by nothing.
   */
  source: 'signed' | 'encrypted' | 'form'
  /**
   * WeChat's stand-in for a user who shared nothing (微信用户, grey avatar): do not overwrite real data with it. In a
   * form, a stand-in beside a name or avatar of the user's own is left out, and this is false.
   */
  isDefault: boolean
  nickName?: string
  avatarUrl?: string
  /** 0 unknown, 1 male, 2 female. */
  gender?: number
  city?: string
  province?: string
  country?: string
  language?: string
}

/** A phone number WeChat vouches for. */
export interface WxPhone {
  /** With the country code where it is foreign. */
  phoneNumber: string
  purePhoneNumber: string
  countryCode: string
}

/** What `onUser` is told: who it is, why it is called, and what is known beside the identity. */
export type WxUserEvent = WxIdentity & {
  reason: 'login' | 'profile' | 'phone'
  profile?: WxProfile
  phone?: WxPhone
}

/** What `onLogin` is told: a session was saved. */
export interface WxLoginEvent extends WxIdentity {
  /** Public id of the new session. */
  sessionId: string
  user: WxUser
}

/** What `onLogout` is told: the phone asked for the end of its session. */
export interface WxLogoutEvent extends WxIdentity {
  sessionId: string
  /** True where every session of the user ended. */
  everywhere: boolean
}

/** What `onRevoke` is told: sessions ended that the phone did not log out itself. */
export interface WxRevokeEvent extends WxIdentity {
  /** Public ids of the sessions that ended; may be none with the two reasons that WeChat gives. */
  sessionIds: string[]
  /**
   * `revoke`: `wx.sessions.revoke` or `revokeAll`; `limit`: the user had more sessions than `session.maxPerUser`;
   * `user_authorization_revoke`: the user withdrew what they had shared (`revokeInfo` says what);
   * `user_authorization_cancellation`: the user closed the account. With the last two, delete what you keep.
   */
  reason: 'revoke' | 'limit' | Exclude<WxAccountEventName, 'user_info_modified'>
  /**
   * What the user withdrew, in WeChat's numbers: 6 nickname and avatar, 8 phone number, …
   * https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes
   */
  revokeInfo?: string
}

/** What the listener of `wx.sessions.onEnd` is told. */
export interface WxSessionEnd {
  /** Public id of the session that ended. */
  sessionId: string
  /**
   * `logout`: by the phone; `login`: the phone logged in again with this session's token; `revoke`:
   * `wx.sessions.revoke` or `revokeAll`, or WeChat told that the user is gone; `limit`: more sessions than `session.maxPerUser`; `gone`: found to be
   * expired or deleted.
   */
  reason: 'logout' | 'login' | 'revoke' | 'limit' | 'gone'
}

/** One session of a user, as `wx.sessions.list` shows it. */
export interface WxSessionInfo {
  /** Public id: names the session, opens nothing. */
  id: string
  loginAt: Date
}

/**
 * Who is asking: `req.wx` on every request that carries a live session.
 *
 * Copying, printing or `JSON.stringify`-ing it never shows the session key.
 */
export interface WxContext extends WxIdentity {
  /**
   * Public id of this session, as in `wx.sessions.list`; not the token. Empty for a call through cloud hosting that
   * brings no session.
   */
  readonly sessionId: string
  /** When the user logged in; now, for a call through cloud hosting that brings no session. */
  readonly loginAt: Date
  /** What `onUser` returned last. Assigning it changes what the session keeps. */
  user: WxUser
  /**
   * WeChat's `session_key`, unsealed when read; not enumerable. Never send it anywhere.
   * @throws {@link WxLoginError} `WX_STALE_KEY` where it was sealed with a secret that is gone, or WeChat gave none
   *   (cloud hosting, without a login by code)
   */
  readonly sessionKey: string
  /** The same as `sessionKey`, under WeChat's own name. */
  readonly session_key: string
  /**
   * Decrypts data of this user's phone and checks padding, encoding, watermark (app and age) and openId.
   * @throws {@link WxLoginError} `WX_STALE_KEY` whatever of it was wrong; `WX_BAD_REQUEST` for a wrong shape;
   *   `WX_RATE_LIMITED` after 20 refusals in a minute on this session
   */
  decrypt<T = Record<string, unknown>>(
    data: WxEncryptedData,
  ): Promise<T & { watermark: WxWatermark }>
  /** Whether `signature` is WeChat's for exactly this `rawData`; compares in constant time. */
  verifySignature(data: WxSignedData): Promise<boolean>
}

/** Options of the guard. */
export interface GuardOptions {
  /** Refuse sessions whose login is longer ago than this, in seconds: the phone logs in again. */
  maxAge?: number | undefined
}

/** What a code was exchanged for. */
export interface WxCodeSession {
  openid: string
  /** Base64 of 16 bytes. Stays on the server. */
  sessionKey: string
  unionid?: string | undefined
}

/** The `fetch` this package needs of one; the global one, undici's, or the sandbox'. */
export type WxFetch = (url: string, init: RequestInit) => Promise<Response>

/** How the package talks to WeChat. */
export interface WxWeChatOptions {
  /** Where WeChat's API is. Default `https://api.weixin.qq.com`; http only on this machine, or outside production. */
  baseUrl?: string | undefined
  /** Deadline of one whole exchange or call of the API, body and retry included, in ms. Default 5000. */
  timeout?: number | undefined
  /** Another `fetch`: a proxy agent, or the sandbox'. Default: the global one. */
  fetch?: WxFetch | undefined
  /**
   * Another way to exchange the code, for third-party platforms and tests.
   * Has `timeout` to answer; a {@link WxLoginError} it throws is answered as it is, anything else as `WX_UPSTREAM`.
   */
  code2Session?:
    ((d: WxApp & { code: string; signal: AbortSignal }) => Promise<WxCodeSession>) | undefined
  /** Another source of access tokens. Default: WeChat's `stable_token`, shared by all processes in `redis`. */
  accessToken?: WxAccessTokenSource | undefined
  /**
   * Whether WeChat is asked if it made the `encryptedData` of a phone number, which nothing else proves.
   * Default true; false saves the call and the access token.
   */
  checkEncryptedData?: boolean | undefined
}

/** Earlier session keys of a user: WeChat replaces the key at `wx.login`, while data may be on its way. */
export interface WxKeyHistoryOptions {
  /** Keys remembered for a user, the newest included. Default 5; 1 for none but the newest. */
  size?: number | undefined
  /** How long an earlier key is accepted after it was replaced, in seconds. Default 600. */
  window?: number | undefined
}

/** Flags of the session cookie. Default `{ httpOnly: true, sameSite: 'lax', path: '/' }`. */
export interface WxCookieOptions extends Pick<
  CookieOptions,
  'httpOnly' | 'sameSite' | 'path' | 'domain' | 'partitioned'
> {
  /** `'auto'`: as the connection of the login is. Default true in production, else `'auto'`. */
  secure?: boolean | 'auto' | undefined
}

/** The session the plugin owns. */
export interface WxSessionOptions {
  /** Signs tokens and seals session keys: at least 32 bytes. The first of a list signs, all of them verify. */
  secret: string | string[]
  /** Sliding lifetime in seconds. Default 604800 (7 days). */
  ttl?: number | undefined
  /**
   * Longest life of a session in seconds, however often it is used: after it the phone logs in again.
   * Default 7776000 (90 days), or `ttl` where that is longer.
   */
  absoluteTtl?: number | undefined
  /** Name of the session cookie (cookie transport). Default `wx.sid`. */
  name?: string | undefined
  /** Flags of that cookie. Its lifetime is `ttl`. */
  cookie?: WxCookieOptions | undefined
  /** Any express-session store, instead of `redis`. */
  store?: Store | undefined
  /** Sessions one user may have at once; with one more the oldest ends. Default 100. */
  maxPerUser?: number | undefined
}

/** How the token travels. */
export interface WxTransportOptions {
  /** Request header of the token. Default `authorization`. */
  header?: string | undefined
  /** Word before the token in that header; an empty string for none. Default `Bearer`. */
  scheme?: string | undefined
  /** Also set and read a cookie, for H5 pages beside the mini program. Default false. */
  cookie?: boolean | undefined
}

/** Paths of the plugin's routes; `false` switches one off. */
export interface WxRoutes {
  /** Default `/wx/login`. */
  login: string | false
  /** Default `/wx/logout`. */
  logout: string | false
  /** Default `/wx/session`. */
  session: string | false
  /** Default `/wx/profile`. */
  profile: string | false
  /** Default `/wx/phone`. */
  phone: string | false
  /** Default `/wx/push`; there only with the option `messagePush`. */
  messagePush: string | false
}

/** The part of a node-redis client (5 or 6; plain, pool, cluster or sentinel) that the package uses. */
export interface WxRedisClient {
  sendCommand: unknown
  connect: () => Promise<unknown>
  on: (event: 'error', listener: (error: Error) => void) => unknown
}

/** Who is believed to call through WeChat's cloud hosting. */
export interface WxCloudHostingOptions {
  /**
   * Also users of other mini programs that share the environment (资源复用), by `X-WX-FROM-OPENID` and
   * `X-WX-FROM-APPID`; the appid must be among the `apps`. Default false.
   */
  resourceSharing?: boolean | undefined
}

/** Everything `wxLogin` takes beside the app. */
export interface WxCommonOptions {
  /** The session the plugin owns. Leave it out where the app runs its own express-session before the plugin. */
  session?: WxSessionOptions | undefined
  /** A node-redis client (5 or 6): sessions and per-user lists live there. */
  redis?: WxRedisClient | undefined
  /** Prefix of every Redis key. Default `wx:`. */
  redisPrefix?: string | undefined
  /** Deadline of one store operation in ms. Default 1000. */
  storeTimeout?: number | undefined
  transport?: WxTransportOptions | undefined
  routes?: Partial<WxRoutes> | undefined
  /**
   * Saves the user and returns it. Runs at every login before the session is made, and when a profile or a phone
   * number comes in.
   * What it returns is kept in the session as JSON and sent to the phone: return what the phone may see.
   * Throw {@link WxLoginError.reject} to refuse. Two processes may run it for one user at the same time: upsert.
   */
  onUser?: ((event: WxUserEvent, req: Request) => Awaitable<WxUser | void>) | undefined
  /** After a login was saved. Its failure changes nothing. */
  onLogin?: ((event: WxLoginEvent, req: Request) => Awaitable<void>) | undefined
  /** After a logout. Its failure changes nothing. */
  onLogout?: ((event: WxLogoutEvent, req: Request) => Awaitable<void>) | undefined
  /** After sessions were revoked. Its failure changes nothing. */
  onRevoke?: ((event: WxRevokeEvent) => Awaitable<void>) | undefined
  /** Every error the plugin answers or swallows, with its `reason`; for the log. Its failure changes nothing. */
  onError?: ((error: WxLoginError, req?: IncomingMessage) => Awaitable<void>) | undefined
  /** Deadline of `onUser` and of the app resolver, in ms. Default 5000. */
  hookTimeout?: number | undefined
  wechat?: WxWeChatOptions | undefined
  /** Oldest watermark accepted, in seconds. Default 3600. */
  watermarkMaxAge?: number | undefined
  keyHistory?: WxKeyHistoryOptions | undefined
  messagePush?: WxMessagePushOptions | undefined
  /**
   * Seals session keys. Default: `session.secret`, or the AppSecret where the session is the app's own;
   * required where `apps` is a function and the session is the app's own. At least 32 bytes; the first of a
   * list seals, all of them open.
   */
  keySecret?: string | string[] | undefined
  /**
   * Believes the gateway of WeChat's cloud hosting (微信云托管): calls of `wx.cloud.callContainer` get `req.wx` from
   * `X-WX-OPENID` and its siblings, where `X-WX-SOURCE` is there. Only for a server that runs there with access from
   * the public network (公网访问) closed: anybody else who reaches it can send these headers. Everywhere else they are
   * taken off the request.
   * `{ resourceSharing: true }` also takes callers of other mini programs (资源复用, `X-WX-FROM-OPENID`) that are among
   * the `apps`. Default false.
   */
  cloudHosting?: boolean | WxCloudHostingOptions | undefined
}

/** What `wxLogin` takes: one app, a list of apps, or a function that finds them. */
export type WxLoginOptions = WxCommonOptions &
  (
    | { appid: string; secret: string; apps?: never }
    | { apps: WxApp[] | WxAppResolver; appid?: never; secret?: never }
  )

/** Sessions of one user, on all devices. */
export interface WxSessions {
  /** The user's live sessions, newest first. */
  list(user: WxIdentity): Promise<WxSessionInfo[]>
  /** Ends one session by its public id; false where the user has none of that id. */
  revoke(user: WxIdentity, id: string): Promise<boolean>
  /** Ends every session of the user but `except` (a public id); says how many ended. */
  revokeAll(user: WxIdentity, options?: { except?: string | undefined }): Promise<number>
  /**
   * Calls `listener` once when this session ends, in whichever process that happens: to close what is still
   * open for it, a WebSocket or a stream. With `redis` at once; a session that expired is found within ten
   * seconds. An open socket does not keep its session alive.
   *
   * @param session - `req.wx`, or what `wx.authenticate` gave
   * @returns a function that forgets the listener: call it when the socket closes
   * @throws {@link WxLoginError} `WX_SESSION_REQUIRED` for anything that is not such a context
   * @example
   * ```ts
   * wss.handleUpgrade(req, socket, head, (ws) => {
   *   const forget = wx.sessions.onEnd(who, () => ws.close(4401, 'session ended'))
   *   ws.once('close', forget)
   * })
   * ```
   */
  onEnd(session: WxContext, listener: (end: WxSessionEnd) => void): () => void
}

/** The plugin: an Express router, and what a server needs beside the requests. */
export interface WxLogin extends Router {
  readonly sessions: WxSessions
  readonly api: WxServerApi
  /**
   * Who is asking, outside Express: a WebSocket upgrade, a raw http server.
   *
   * @returns null without a live session; header token (and cookie with `transport.cookie`) as on routes
   * @throws {@link WxLoginError} `WX_STORE_UNAVAILABLE`; `WX_BAD_REQUEST` for two different tokens;
   *   `WX_SESSION_MISSING` where the session is the app's own
   * @example
   * ```ts
   * server.on('upgrade', async (req, socket, head) => {
   *   const who = await wx.authenticate(req)
   *   if (!who) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
   *   wss.handleUpgrade(req, socket, head, (ws) => serve(ws, who.openid))
   * })
   * ```
   */
  authenticate(req: IncomingMessage): Promise<WxContext | null>
  /**
   * Whether this server is ready, for its `/readyz`: options, NODE_ENV, session secret, AppID and AppSecret, IP list,
   * clock and Redis, each with its fix where something is wrong. Never throws, and ends within `timeout`.
   * What was found is kept: of Redis for two seconds, of WeChat for a minute, or for five where all is well, so that
   * a probe every second does not use up WeChat's quota. Nothing in it is paid for.
   *
   * What WeChat says is the same for all processes, and sessions live on while it is away: that it cannot be reached
   * is a warning here, and a refused AppSecret one too once this process has seen it accepted.
   *
   * Answer only `ok` to the world: the findings name the AppID and the IP of the server.
   *
   * @example
   * ```ts
   * app.get('/readyz', async (_req, res) => {
   *   const { ok, findings } = await wx.checkReadiness()
   *   if (!ok) log.error({ findings }, 'not ready')
   *   res.status(ok ? 200 : 503).json({ ok })
   * })
   * ```
   */
  checkReadiness(options?: WxReadinessOptions): Promise<WxReadiness>
  /**
   * Call it with `server.close()`: refuses new logins and phone numbers (503 `WX_CLOSING`) and resolves when those in
   * flight are answered. Leaves the Redis client alone: close it afterwards, it is yours.
   *
   * @param options.timeout - after so many ms, those that still wait for WeChat or for `onUser` are answered 503
   *   `WX_CLOSING`, and make no session; default: they are waited for
   */
  close(options?: { timeout?: number | undefined }): Promise<void>
}

/** A session key that data of a user may be made with. Inside the package. */
export interface UserKey {
  sessionKey: string
  /** When a newer key was exchanged, Unix ms; undefined for the newest. */
  replacedAt?: number | undefined
}

/** A session key of a user as it is remembered. Inside the package. */
export interface StoredKey {
  /** Tells two keys of one user apart without opening them. */
  id: string
  sealed: string
  /** When it was exchanged last, Unix ms. */
  at: number
}

/** What is remembered of a user's session keys. Inside the package. */
export interface StoredKeys {
  /** In no order. */
  keys: StoredKey[]
  /** No key exchanged before this Unix ms is good any more; 0 where all are. */
  notBefore: number
}

/**
 * What is known of a user beside the sessions themselves. Inside the package: implemented in memory
 * (session/) and in Redis (redis/).
 */
export interface UserState {
  /** Remembers a session of the user; answers how many are remembered now, some of which may have expired. */
  addSession(user: WxIdentity, sid: string, loginAt: number): Promise<number>
  removeSessions(user: WxIdentity, sids: string[]): Promise<void>
  /** Session ids with their login times (ms), newest first; some may have expired. */
  listSessions(user: WxIdentity): Promise<{ sid: string; loginAt: number }[]>
  /**
   * Marks the oldest beyond `max` as being ended, in one step, and answers them: never `newest`, and none at
   * all where `newest` is marked itself or not in the list any more, so that logins at the same time cannot end
   * each other both ways. They stay in the list until they are removed.
   */
  takeOldest(user: WxIdentity, max: number, newest: string): Promise<string[]>
  /**
   * Keeps the list for as long as a session of the user lives; cheap enough for every request.
   *
   * @param loginAt - when the session began (Unix ms): its login has seen to the first half of a lifetime
   */
  keepAlive(user: WxIdentity, loginAt: number): void
  /**
   * Remembers a session key of the user, and the newest `size` in all.
   *
   * @param onlyBeside - only where keys of the user are remembered already
   */
  addKey(user: WxIdentity, key: StoredKey, size: number, onlyBeside?: boolean): Promise<void>
  readKeys(user: WxIdentity): Promise<StoredKeys>
  /** Remembers this key only: none that was exchanged before it is good any more. */
  replaceKeys(user: WxIdentity, key: StoredKey): Promise<void>
  /** Forgets every session key of the user. */
  forgetKeys(user: WxIdentity): Promise<void>
  /** Refused open data of one session in the last minute; `add` counts one more. */
  refusals(user: WxIdentity, sessionId: string, add: 0 | 1): Promise<number>
}

/** Sessions that ended, by their public ids. Inside the package. */
export interface SessionsEnd {
  ids: string[]
  reason: WxSessionEnd['reason']
}

/** Carries the news of ended sessions between processes. Inside the package: implemented in redis/. */
export interface EndChannel {
  /** Tells all processes. That it failed is no error: the sessions are looked after without it too. */
  publish(end: SessionsEnd): void
  /** Listens until {@link EndChannel.unsubscribe}; resolves when nothing is missed any more. */
  subscribe(listener: (end: SessionsEnd) => void): Promise<void>
  unsubscribe(): void
  /** Called every now and then while there are listeners: makes sure that it still hears. */
  check(): void
}
