import type { Request } from 'express'
import { type Session, type SessionData, Store } from 'express-session'
import { DeadlineError, withDeadline } from '../deadline.js'
import { WxLoginError } from '../errors.js'
import { readRecord } from './record.js'

/** A method that answers by a Node callback. */
type Call<T> = (done: (error?: Error | null, value?: T | null) => void) => void

/** One answer for every way in which a store fails; the reason goes to the operator. */
export function storeUnavailable(error: unknown): WxLoginError {
  if (WxLoginError.is(error)) return error
  if (error instanceof DeadlineError) {
    return new WxLoginError('WX_STORE_UNAVAILABLE', {
      reason: `the session store gave ${error.message}`,
    })
  }
  const { name, code, message } =
    error instanceof Error ? (error as Error & { code?: unknown }) : {}
  // Of the message only the word Redis begins with (OOM, READONLY, …): the rest can quote a key.
  const word = /^[A-Z]{3,20}(?= )/.exec(message ?? '')?.[0]
  const what = [name, code, word].filter(Boolean).join(' ')
  return new WxLoginError('WX_STORE_UNAVAILABLE', {
    reason: `the session store failed: ${what || 'unknown error'}`,
  })
}

/** Asks a store; every way in which it fails is `WX_STORE_UNAVAILABLE`. */
export async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeUnavailable(error)
  }
}

/** The store is known to be away, so it is not asked. */
export const disconnected = (): WxLoginError =>
  new WxLoginError('WX_STORE_UNAVAILABLE', { reason: 'the session store is disconnected' })

function ask<T>(ms: number, call: Call<T>): Promise<T | null> {
  const work = new Promise<T | null>((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value ?? null)
    })
  })
  return withDeadline(work, ms)
}

/**
 * Calls a method with a Node callback and waits for it, for at most `ms` milliseconds.
 *
 * @throws `WX_STORE_UNAVAILABLE`
 */
export function storeCall<T>(ms: number, call: Call<T>): Promise<T | null> {
  return available(() => ask(ms, call))
}

const isSession = (value: unknown): value is SessionData => {
  const cookie = (value as { cookie?: unknown } | null | undefined)?.cookie
  if (typeof cookie !== 'object' || cookie === null) return false
  // Anything else makes express-session throw in the middle of the response.
  const { originalMaxAge } = cookie as { originalMaxAge?: unknown }
  return originalMaxAge === undefined || originalMaxAge === null || Number.isFinite(originalMaxAge)
}

/** What {@link StoreGuard} needs beside the store. */
export interface StoreGuardOptions {
  /** Deadline of one operation, in ms. */
  timeout: number
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
  readonly #inner: Store
  readonly #options: StoreGuardOptions

  constructor(inner: Store, options: StoreGuardOptions) {
    super()
    this.#inner = inner
    this.#options = options
    for (const event of ['connect', 'disconnect']) inner.on(event, () => this.emit(event))
  }

  #ask<T>(call: Call<T>): Promise<T | null> {
    return ask(this.#options.timeout, call).catch((error: unknown) => {
      this.#options.onFailure?.()
      throw error
    })
  }

  /** Whether a login has lived as long as any may. */
  #tooOld({ wx }: SessionData): boolean {
    const { absoluteTtl = Infinity } = this.#options
    return typeof wx?.loginAt === 'number' && Date.now() - wx.loginAt > absoluteTtl * 1000
  }

  /** A stored session, or null. */
  async read(sid: string): Promise<SessionData | null> {
    return available(() => this.#read(sid))
  }

  /** Which of these sessions hold a login. */
  alive(sids: string[]): Promise<boolean[]> {
    return Promise.all(sids.map(async (sid) => readRecord(await this.read(sid)) !== null))
  }

  /** Ends sessions. */
  async remove(sids: string[]): Promise<void> {
    await available(() => Promise.all(sids.map((sid) => this.#drop(sid))))
  }

  #answer<T>(work: Promise<T>, done: ((error: unknown, value?: T) => void) | undefined): void {
    work.then(
      (value) => done?.(null, value),
      (error: unknown) => done?.(storeUnavailable(error)),
    )
  }

  #drop(sid: string): Promise<unknown> {
    return this.#ask((done) => void this.#inner.destroy(sid, done))
  }

  async #read(sid: string): Promise<SessionData | null> {
    try {
      const found = await this.#ask<SessionData | null>((done) => void this.#inner.get(sid, done))
      if (found === null) return null
      if (isSession(found) && !this.#tooOld(found)) return found
    } catch (error) {
      if (!(error instanceof SyntaxError) && !this.#options.unreadable?.(error)) throw error
    }
    await this.#drop(sid)
    return null
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

  override get(sid: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#answer(this.#read(sid), done)
  }

  override set(sid: string, session: SessionData, done?: (error?: unknown) => void): void {
    this.#answer(
      this.#ask((called) => void this.#inner.set(sid, session, called)),
      done,
    )
  }

  override destroy(sid: string, done?: (error?: unknown) => void): void {
    this.#answer(this.#drop(sid), done)
  }

  override touch(sid: string, session: SessionData, done?: () => void): void {
    const { touch } = this.#inner
    const touched = touch
      ? this.#ask((called) => void touch.call(this.#inner, sid, session, called))
      : Promise.resolve()
    touched
      .catch((error: unknown) => this.#options.onTouchError?.(error))
      .then(
        () => done?.(),
        () => done?.(),
      )
  }
}

/**
 * Refuses to write a session that has ended since it was loaded: a logout that came between would be undone.
 * Takes it off the request then, so that express-session does not write it either.
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
