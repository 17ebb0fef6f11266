import type { SessionData, Store } from 'express-session'
import type { RedisStore } from 'connect-redis'
import { withDeadline } from '../deadline.js'

type Callback<T> = (error?: unknown, value?: T) => void

const settle = <T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> => {
  if (callback)
    work.then(
      (value) => callback(null, value),
      (error: unknown) => callback(error),
    )
  return work
}

const isSession = (value: unknown): value is SessionData => {
  const cookie = (value as { cookie?: unknown } | null | undefined)?.cookie
  return typeof cookie === 'object' && cookie !== null
}

/** A record that no retry will make readable: broken JSON, or a key that holds another Redis type. */
const unreadable = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof Error && error.message.startsWith('WRONGTYPE'))

/** What {@link createRedisSessionStore} needs beside the client. */
export interface RedisSessionStoreOptions {
  /** Prefix of the session keys. */
  prefix: string
  /** Lifetime in seconds of sessions whose cookie has none. */
  ttl: number
  /** Deadline of one operation in ms. */
  timeout: number
  /** Told when a lifetime could not be extended; the request goes on. */
  onTouchError: (error: unknown) => void
}

/**
 * connect-redis' store with three differences: every operation has a deadline; a record that cannot
 * be read is dropped and counts as none; a failed touch does not fail the request.
 */
export function createRedisSessionStore(
  Base: typeof RedisStore,
  client: unknown,
  options: RedisSessionStoreOptions,
): Store {
  const { prefix, ttl, timeout, onTouchError } = options

  class WxRedisStore extends Base {
    async #read(sid: string): Promise<SessionData | null> {
      try {
        const found: unknown = await withDeadline(super.get(sid), timeout)
        if (found === null || isSession(found)) return found as SessionData | null
      } catch (error) {
        if (!unreadable(error)) throw error
      }
      await withDeadline(super.destroy(sid), timeout)
      return null
    }

    async #touch(sid: string, session: SessionData): Promise<void> {
      try {
        await withDeadline(super.touch(sid, session), timeout)
      } catch (error) {
        onTouchError(error)
      }
    }

    override get(
      sid: string,
      callback?: Callback<SessionData | null>,
    ): Promise<SessionData | null> {
      return settle(this.#read(sid), callback)
    }

    override set(
      sid: string,
      session: SessionData,
      callback?: Callback<unknown>,
    ): Promise<unknown> {
      return settle(withDeadline(super.set(sid, session), timeout), callback)
    }

    override touch(
      sid: string,
      session: SessionData,
      callback?: Callback<unknown>,
    ): Promise<unknown> {
      return settle(this.#touch(sid, session), callback)
    }

    override destroy(sid: string, callback?: Callback<unknown>): Promise<unknown> {
      return settle(withDeadline(super.destroy(sid), timeout), callback)
    }
  }

  return new WxRedisStore({ client, prefix, ttl })
}
