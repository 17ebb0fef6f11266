import { type SessionData, Store } from 'express-session'
import { withDeadline } from '../deadline.js'

type Done<T> = (error?: unknown, value?: T) => void

/**
 * Any express-session store with a deadline on every operation, so that a store that hangs fails the request
 * instead of holding it. (The store for Redis has its own.)
 */
export class DeadlineStore extends Store {
  readonly #inner: Store
  readonly #timeout: number
  readonly #onTouchError: (error: unknown) => void

  /**
   * @param timeout - ms
   * @param onTouchError - told when a lifetime could not be extended; the request goes on
   */
  constructor(inner: Store, timeout: number, onTouchError: (error: unknown) => void) {
    super()
    this.#inner = inner
    this.#timeout = timeout
    this.#onTouchError = onTouchError
    for (const event of ['connect', 'disconnect']) inner.on(event, () => this.emit(event))
  }

  #call<T>(call: (done: Done<T>) => void, done: Done<T> | undefined): void {
    const work = new Promise<T | undefined>((resolve, reject) => {
      call((error, value) => {
        if (error) reject(error as Error)
        else resolve(value)
      })
    })
    withDeadline(work, this.#timeout).then(
      (value) => done?.(null, value),
      (error: unknown) => done?.(error),
    )
  }

  override touch(sid: string, session: SessionData, done?: () => void): void {
    const { touch } = this.#inner
    if (!touch) {
      done?.()
      return
    }
    const touched = (error?: unknown): void => {
      if (error) this.#onTouchError(error)
      done?.()
    }
    this.#call((called) => void touch.call(this.#inner, sid, session, called), touched)
  }

  override get(sid: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#call((called) => void this.#inner.get(sid, called), done)
  }

  override set(sid: string, session: SessionData, done?: (error?: unknown) => void): void {
    this.#call((called) => void this.#inner.set(sid, session, called), done)
  }

  override destroy(sid: string, done?: (error?: unknown) => void): void {
    this.#call((called) => void this.#inner.destroy(sid, called), done)
  }
}
