import type { IncomingMessage } from 'node:http'
import type { Router } from 'express'
import type { WxServerApi } from './api-types.js'
import type { WxReadiness, WxReadinessOptions } from './readiness-types.js'
import type { WxContext, WxIdentity } from './types.js'

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
  /** When the user logged in. */
  loginAt: Date
}

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
  /** Lists and ends the sessions of a user, and tells when one ends. */
  readonly sessions: WxSessions
  /** WeChat's server API, with the access token looked after. */
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
