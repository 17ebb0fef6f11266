import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session, SessionData, Store } from 'express-session'
import type { WxLoginError } from '../errors.js'
import type { WxSessionRecord } from './record.js'

/** A request as express-session sees one. */
export interface SessionRequest extends IncomingMessage {
  session?: Session & Partial<SessionData>
  sessionID?: string
  sessionStore?: Store
  /** The path before any mounting; Express sets it, express-session wants it. */
  originalUrl?: string
}

/** A login, and the session it stands in. */
export interface Login {
  readonly record: WxSessionRecord
  readonly sid: string
  /** Where the session keeps the user: what is written here is saved with it. */
  readonly slot: { wxUser?: unknown }
}

/** What loading the session of a request came to. */
export type Loaded =
  | Login
  | {
      record: null
      /** Why there is none, where the request itself or the store is at fault. */
      failure?: WxLoginError
    }

/** A session that is made but not saved yet. */
export interface NewSession {
  readonly sid: string
  /** What the phone keeps; null where the session travels in the app's own cookie. */
  readonly token: string | null
  /** Writes it; resolves when the store has confirmed. */
  save(): Promise<void>
  /** Once saved: makes the response carry it (cookie transport). */
  deliver(): void
  /** Not saved after all: leaves the request as it was. */
  abandon(): void
}

/**
 * Where sessions live: the plugin's own express-session, or the app's.
 * Every method that reaches the store throws `WX_STORE_UNAVAILABLE` where it fails or is too slow.
 */
export interface SessionHost {
  /** Loads the session of the request, for `req.session`; calls back once, never with an exception. */
  load(req: SessionRequest, res: ServerResponse, done: (loaded: Loaded) => void): void
  /**
   * Whether a session can be made for this request, before a code is spent on it.
   *
   * @returns the id of the session that came with it, without asking the store
   * @throws `WX_BAD_REQUEST`, `WX_SESSION_CONFLICT`, `WX_SESSION_MISSING`, `WX_STORE_UNAVAILABLE`
   */
  prepare(req: SessionRequest): string | null
  /** Makes a new session with a new id. */
  make(req: SessionRequest, res: ServerResponse, record: WxSessionRecord, user: unknown): NewSession
  /** The login of a session by its token, outside Express. */
  authenticate(req: IncomingMessage): Promise<Login | null>
  /** Takes the session off a request it is not for; it lives on. */
  detach(req: SessionRequest): void
  /**
   * Writes `req.session` now.
   *
   * @throws `WX_SESSION_REQUIRED` where it has ended meanwhile
   */
  save(req: SessionRequest): Promise<void>
  /** Ends the session of this request. */
  end(req: SessionRequest, res: ServerResponse): Promise<void>
  /** Which of these sessions hold a login. */
  alive(sids: string[]): Promise<boolean[]>
  /** Ends sessions by id. */
  destroy(sids: string[]): Promise<void>
  /** Seconds until this session ends unless it is used again. */
  expiresIn(record: WxSessionRecord, req: SessionRequest): number
}
