import type { IncomingMessage } from 'node:http'
import type { CookieOptions, Request } from 'express'
import type { Store } from 'express-session'
import type { WxAccessTokenSource } from './api-types.js'
import type { WxLoginError } from './errors.js'
import type { WxLoginEvent, WxLogoutEvent, WxRevokeEvent, WxUserEvent } from './hook-types.js'
import type { WxMessagePushOptions } from './push-types.js'
import type { Awaitable, WxApp, WxCodeSession, WxUser } from './types.js'

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

/** Options of the guard. */
export interface GuardOptions {
  /** Refuse sessions whose login is longer ago than this, in seconds: the phone logs in again. */
  maxAge?: number | undefined
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
  /** What tells such a client from others; ioredis and redis 4 are refused by name. */
  sendCommand: unknown
  /** Yours to call; the plugin answers 503 until it is done. */
  connect: () => Promise<unknown>
  /** Listened to, so that a broken connection does not end the process. */
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
  /** How the token travels. Default: in the header `Authorization: Bearer …`. */
  transport?: WxTransportOptions | undefined
  /** Paths of the plugin's own routes; `false` switches one off. Default: `/wx/login` and its siblings. */
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
  /** How WeChat is asked: address, deadline, `fetch`, or other ways to exchange codes and get access tokens. */
  wechat?: WxWeChatOptions | undefined
  /** Oldest watermark accepted, in seconds. Default 3600. */
  watermarkMaxAge?: number | undefined
  /** How many earlier session keys of a user are accepted, and for how long. Default 5, for 600 seconds. */
  keyHistory?: WxKeyHistoryOptions | undefined
  /** WeChat's message push (消息推送). Default: there is no route for it. */
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
