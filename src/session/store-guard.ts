import type { Request } from 'express'
import expressSession, { type Session, type SessionData, Store } from 'express-session'
import { type Call, callInTime, DeadlineError } from '../deadline.js'
import { events } from '../diagnostics-channels.js'
import { WxLoginError } from '../errors.js'
import { createThrottle, type Throttle } from '../throttle.js'
import { readRecord } from './record.js'
import { storeUnavailable } from './store-call.js'

type Loaded = (error: unknown, session: SessionData | null) => void

/** express-session's types leave out what its class takes. */
const Cookie = expressSession.Cookie as unknown as new (
  cookie: SessionData['cookie'],
) => SessionData['cookie']

const isLifetime = (value: unknown): boolean =>
  value === undefined || value === null || Number.isFinite(value)

/** Anything else makes express-session throw, when the session is used or in the middle of the response. */
const isSession = (value: unknown): value is SessionData => {
  const { cookie } = value as { cookie?: unknown }
  if (typeof cookie !== 'object' || cookie === null) return false
  const { originalMaxAge, maxAge } = cookie as { originalMaxAge?: unknown; maxAge?: unknown }
  return isLifetime(originalMaxAge) && isLifetime(maxAge)
}

/** A store that can extend the life of a session in the moment of reading it. */
interface SlidingStore {
  getAndExtend?: (
    sid: string,
    done: (error?: unknown, session?: SessionData | null) => void,
  ) => void
}

/** How exact a lifetime slides, in ms: a use of a session is not told to the store again before. */
export const slideStep = (ttl: number): number => Math.min(60_000, ttl * 50)

/** What {@link StoreGuard} needs beside the store. */
export interface StoreGuardOptions {
  /** Deadline of one operation, in ms. */
  timeout: number
  /** Sliding lifetime of a session in seconds. */
  ttl?: number
  /** Longest life of a login in seconds, however often it is used. */
  absoluteTtl?: number
  /** Told of every operation that failed or was too slow. */
  onFailure?: () => void
  /** Told when a lifetime could not be extended; the request goes on. */
  onTouchError?: (error: unknown) => void
  /** Whether an error of `get` means a record that no retry will make readable, beside broken JSON. */
  unreadable?: (error: unknown) => boolean
}

/**
 * Any express-session store, made fit for the request path: every operation has a deadline and fails as
 * `WX_STORE_UNAVAILABLE`; a record that cannot be read, or is past its longest life, is dropped and counts as
 * none; a failed touch does not fail the request.
 */
export class StoreGuard extends Store {
  readonly #inner: Store & SlidingStore
  readonly #options: StoreGuardOptions
  #touches: Throttle | undefined

  constructor(inner: Store, options: StoreGuardOptions) {
    super()
    this.#inner = inner
    this.#options = options
    for (const event of ['connect', 'disconnect']) inner.on(event, () => this.emit(event))
  }

  #ask<T>(
    operation: 'get' | 'set' | 'destroy' | 'touch',
    call: Call<T>,
    done: (error: unknown, value: T | null) => void,
  ): void {
    callInTime<T>(this.#options.timeout, call, (error, value) => {
      if (error !== null) this.#failed(operation, error)
      done(error, value)
    })
  }

  /** A record that no retry will make readable: the store itself is well. */
  #isUnreadable(error: unknown): boolean {
    return error instanceof SyntaxError || this.#options.unreadable?.(error) === true
  }

  #failed(operation: string, error: unknown): void {
    this.#options.onFailure?.()
    if (this.#isUnreadable(error)) return
    const late = error instanceof DeadlineError
    events.storeFailed.tell(() => ({ operation, late }))
  }

  /** Whether a login has lived as long as any may. */
  #tooOld({ wx }: SessionData): boolean {
    const { absoluteTtl = Infinity } = this.#options
    return typeof wx?.loginAt === 'number' && Date.now() - wx.loginAt > absoluteTtl * 1000
  }

  #load(sid: string, call: Call<SessionData>, done: Loaded): void {
    this.#ask('get', call, (error, found) => {
      if (error === null) {
        if (found === null || (isSession(found) && !this.#tooOld(found))) {
          done(null, found)
          return
        }
      } else if (!this.#isUnreadable(error)) {
        done(storeUnavailable(error), null)
        return
      }
      this.destroy(sid, (failed) => {
        done(failed ?? null, null)
      })
    })
  }

  /** A stored session, or null; its life stays as long as it is. */
  read(sid: string): Promise<SessionData | null> {
    return new Promise((resolve, reject) => {
      this.#load(
        sid,
        (answer) => void this.#inner.get(sid, answer),
        (error, found) => {
          if (error === null) resolve(found)
          else reject(error as WxLoginError)
        },
      )
    })
  }

  /** The session of a request: read, and its life extended. */
  fetch(sid: string, done: Loaded): void {
    if (this.#inner.getAndExtend) {
      this.get(sid, done)
      return
    }
    this.get(sid, (error, found) => {
      done(error, found)
      if (found !== null) this.#extend(sid, found)
    })
  }

  /** Tells a store that only knows `touch` that a session is in use. */
  #extend(sid: string, found: SessionData): void {
    const step = slideStep(this.#options.ttl ?? Infinity)
    this.#touches ??= createThrottle(step)
    if (!this.#touches.due(sid)) return
    const { originalMaxAge } = found.cookie
    // A store may ask the cookie, of express-session's own class, how long it lives. A use within the step adds
    // nothing, and is due its whole lifetime all the same.
    const maxAge = typeof originalMaxAge === 'number' ? originalMaxAge + step : originalMaxAge
    const cookie = Object.assign(new Cookie(found.cookie), { maxAge })
    cookie.originalMaxAge = originalMaxAge
    this.touch(sid, { ...found, cookie })
  }

  /** Which of these sessions hold a login. */
  alive(sids: string[]): Promise<boolean[]> {
    return Promise.all(sids.map(async (sid) => readRecord(await this.read(sid)) !== null))
  }

  /** Ends sessions. */
  async remove(sids: string[]): Promise<void> {
    await Promise.all(
      sids.map(
        (sid) =>
          new Promise<void>((resolve, reject) => {
            this.destroy(sid, (error) => {
              if (error === null) resolve()
              else reject(error as WxLoginError)
            })
          }),
      ),
    )
  }

  /** The inner store's, which may remember what a session was loaded from; its login cannot be changed. */
  override createSession(req: Request, data: SessionData): Session & SessionData {
    const session = this.#inner.createSession(req, data) as Session & SessionData
    if (session.wx) {
      Object.freeze(session.wx)
      Object.defineProperty(session, 'wx', { writable: false, configurable: false })
    }
    return session
  }

  /** Read where it is in use: extended in the same moment where the store can do that, else by whoever asks. */
  override get(sid: string, done: Loaded): void {
    const inner = this.#inner
    this.#load(
      sid,
      (answer) => {
        if (inner.getAndExtend) inner.getAndExtend(sid, answer)
        else inner.get(sid, answer)
      },
      done,
    )
  }

  override set(sid: string, session: SessionData, done?: (error?: unknown) => void): void {
    this.#ask(
      'set',
      (answer) => void this.#inner.set(sid, session, answer),
      (error) => done?.(error === null ? null : storeUnavailable(error)),
    )
  }

  override destroy(sid: string, done?: (error?: unknown) => void): void {
    this.#ask(
      'destroy',
      (answer) => void this.#inner.destroy(sid, answer),
      (error) => done?.(error === null ? null : storeUnavailable(error)),
    )
  }

  override touch(sid: string, session: SessionData, done?: () => void): void {
    const { touch } = this.#inner
    if (!touch) {
      done?.()
      return
    }
    this.#ask(
      'touch',
      (answer) => void touch.call(this.#inner, sid, session, answer),
      (error) => {
        if (error !== null) this.#options.onTouchError?.(error)
        done?.()
      },
    )
  }
}

/**
 * Refuses to write a session that has ended since it was loaded: a logout that came between would be undone.
 * Takes it off the request then, so that it is not written at the end of the response either.
 *
 * @throws `WX_SESSION_REQUIRED`
 */
export async function assertAlive(
  store: StoreGuard,
  req: { session?: unknown; sessionID?: string },
): Promise<void> {
  const { session, sessionID } = req
  const alive = session !== undefined && sessionID !== undefined
  if (alive && (await store.read(sessionID)) !== null) return
  delete req.session
  throw new WxLoginError('WX_SESSION_REQUIRED', { reason: 'the session ended during the request' })
}
