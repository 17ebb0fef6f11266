import { setTimeout as delay } from 'node:timers/promises'
import type { RedisStore } from 'connect-redis'
import type { Request } from 'express'
import type { Session, SessionData, Store } from 'express-session'
import { createThrottle } from '../throttle.js'
import { nextTurn } from '../turn.js'
import type { RedisLink } from './link.js'
import { isConnectionError, isWrongType } from './reply-error.js'
import { compareAndDrop, createScript, type Scripting } from './script.js'
import {
  createTexts,
  type Fields,
  isOfAnother,
  marked,
  mergeSessions,
  unmarked,
} from './session-text.js'

type Callback = (error?: unknown) => void
type Loaded = (error: unknown, session?: SessionData | null) => void

/** The commands used beside connect-redis' own. */
interface Commands extends Scripting {
  get(key: string): Promise<string | null>
  getEx(key: string, options: { type: 'EX'; value: number }): Promise<string | null>
  set(key: string, value: string, options: object): Promise<string | null>
  expire(key: string, seconds: number): Promise<unknown>
}

/** A client that may keep what it has read. */
interface Caching {
  readonly clientSideCache?: object | undefined
}

/**
 * Writes a session only over the text it was loaded from. Answers 1 where it did, 0 where the session has
 * ended, and otherwise the text that stands there instead.
 */
const compareAndSet = createScript(`
local found = redis.call('GET', KEYS[1])
if not found then return 0 end
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`)

/** A write that fails to land is another's that landed: as many writers at once need as many attempts. */
const maxAttempts = 100

/** How long a read waits for the next connection, in ms: {@link createRedis} makes one after 10. */
const reconnectTime = 80

/** What {@link createRedisSessionStore} needs beside the client. */
export interface RedisSessionStoreOptions {
  /** Prefix of the session keys. */
  prefix: string
  /** Lifetime in seconds of sessions whose cookie has none. */
  ttl: number
  /** How long a use of a session stands for the next ones, in ms: it is not extended again before. */
  step: number
  /** Told where a lifetime could not be extended; the session is read all the same. */
  onExtendError: (error: unknown) => void
  /** Whether sessions are ever sent as cookies; else of the cookie only its lifetime is worth its bytes. */
  cookies: boolean
}

/**
 * connect-redis' store, which creates only what is new and updates only what was loaded: a request that is
 * still running when its session is logged out, revoked or replaced cannot bring it back, and two requests
 * that write different fields both keep theirs. In as many round trips as without; and a lifetime is extended in the
 * very command that reads the session.
 */
export function createRedisSessionStore(
  Base: typeof RedisStore,
  link: RedisLink,
  options: RedisSessionStoreOptions,
): Store {
  const redis = (): Commands => link.client as Commands
  const { ttl, step, cookies } = options
  const extensions = createThrottle(step)
  // A use within a step of the last extension adds nothing, and is due its whole lifetime all the same.
  const slack = Math.ceil(step / 1000)
  // Of this store: what another one wrote says nothing of what is here.
  const { textOf, setText } = createTexts()

  /** A connection that breaks is mostly replaced by the next in no time; reading again harms nothing. */
  async function readAgain<T>(read: () => Promise<T>, first = read()): Promise<T> {
    try {
      return await first
    } catch (error) {
      // A pool would give it to a connection that is as broken.
      if (!isConnectionError(error) || link.kind === 'pool') throw error
      const until = performance.now() + reconnectTime
      do await delay(10, undefined, { ref: false })
      while (!link.ready() && performance.now() < until)
      if (!link.ready()) throw error
      return read()
    }
  }

  class WxRedisStore extends Base {
    async #create(key: string, session: SessionData, text: string, seconds: number): Promise<void> {
      const expiration = { type: 'EX', value: seconds }
      if ((await redis().set(key, text, { condition: 'NX', expiration })) === null) {
        throw new Error('EXISTS a new session has the id of another')
      }
      setText(session, text)
    }

    async #update(
      sid: string,
      session: SessionData,
      text: string,
      seconds: number,
      loaded: string,
    ): Promise<void> {
      const key = this.prefix + sid
      let from = loaded
      let to = text
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const found = await compareAndSet(redis(), key, from, to, seconds)
        if (typeof found !== 'string') {
          // Not `to`: what others wrote is not in this object, and its next save would take it out again.
          if (found === 1) setText(session, text)
          return
        }
        const [base, theirs, mine] = [loaded, found, text].map(
          (each) => JSON.parse(unmarked(each)) as Fields,
        )
        from = found
        to = marked(sid, mergeSessions(base!, theirs!, mine!))
      }
      throw new Error('BUSY the session is written by too many requests at once')
    }

    async #write(sid: string, session: SessionData): Promise<void> {
      const key = this.prefix + sid
      const own = (this as unknown as { getTTL(session: SessionData): number }).getTTL(session)
      if (own <= 0) {
        await super.destroy(sid)
        return
      }
      const seconds = own < ttl ? own : own + slack
      const text = marked(sid, forStore(session))
      const loaded = textOf(session)
      await (loaded === undefined
        ? this.#create(key, session, text, seconds)
        : this.#update(sid, session, text, seconds, loaded))
    }

    #getEx(sid: string): Promise<string | null> {
      return redis().getEx(this.prefix + sid, { type: 'EX', value: ttl + slack })
    }

    /**
     * Extends a lifetime in the command that reads; a Redis that does not know that, or refuses it now, is read.
     *
     * @param reply - where it has been asked
     */
    async #textAndExtend(sid: string, reply = this.#getEx(sid)): Promise<string | null> {
      try {
        return await reply
      } catch (error) {
        extensions.forget(sid)
        if (isConnectionError(error) || isWrongType(error)) throw error
        const key = this.prefix + sid
        const text = redis().get(key)
        redis()
          .expire(key, ttl + slack)
          .then(() => extensions.due(sid), options.onExtendError)
        return text
      }
    }

    /** @param reply - of the command that extends, where it has been asked */
    async #read(
      sid: string,
      extend: boolean,
      reply?: Promise<string | null>,
    ): Promise<SessionData | null> {
      const key = this.prefix + sid
      const text = await (extend ? this.#textAndExtend(sid, reply) : redis().get(key))
      if (!text) return null
      const session = parse(text)
      if (session === null) {
        await compareAndDrop(redis(), key, text)
        return null
      }
      if (isOfAnother(sid, text)) {
        link.trouble()
        throw new Error('answers are out of step')
      }
      if (extend) this.#correct(key, session)
      return session
    }

    /** A session that the app gave a lifetime of its own gets that one. */
    #correct(key: string, session: SessionData): void {
      const own = ownLifetime(session)
      if (own !== null) {
        redis().expire(key, own).catch(options.onExtendError)
      }
    }

    override get(sid: string, callback?: Loaded): Promise<SessionData | null> {
      const found = readAgain(() => this.#read(sid, false))
      if (callback) found.then((session) => callback(null, session), callback)
      return found
    }

    /** Reads a session that is in use. */
    getAndExtend(sid: string, callback: Loaded): void {
      const extend = extensions.due(sid)
      const reply = extend ? this.#getEx(sid) : redis().get(this.prefix + sid)
      const carefully = (): void => {
        const first = this.#read(sid, extend, reply)
        readAgain(() => this.#read(sid, extend), first).then(
          (session) => callback(null, session),
          callback,
        )
      }
      // Nearly every read: nothing is wrong, so nothing stands between the answer and the request.
      const settle = (text: string | null): void => {
        const session = text === null || isOfAnother(sid, text) ? null : parse(text)
        if (session === null && text !== null) {
          carefully()
          return
        }
        if (extend && session !== null) this.#correct(this.prefix + sid, session)
        callback(null, session)
      }
      // Answers of Redis come many at a time; what comes out of a cache does not. See nextTurn.
      const cached = !extend && (link.client as Caching).clientSideCache
      if (!cached) reply.then(settle, carefully)
      else reply.then((text) => nextTurn().then(() => settle(text)), carefully)
    }

    /** Reading has extended the session already, unless the app gave it a lifetime of its own. */
    override touch(sid: string, session: SessionData, callback?: Callback): Promise<void> {
      if (ownLifetime(session) !== null) return super.touch(sid, session, callback)
      callback?.(null)
      return Promise.resolve()
    }

    override set(sid: string, session: SessionData, callback?: Callback): Promise<void> {
      const work = this.#write(sid, session)
      if (callback) work.then(() => callback(null), callback)
      return work
    }

    override createSession(req: Request, data: SessionData): Session & SessionData {
      const session = super.createSession(req, data) as Session & SessionData
      const text = textOf(data)
      if (text !== undefined) setText(session, text)
      return session
    }
  }

  /** The lifetime in seconds of a session that has another than all others. */
  function ownLifetime({ cookie }: SessionData): number | null {
    const { originalMaxAge } = cookie ?? {}
    const own = typeof originalMaxAge === 'number' ? Math.ceil(originalMaxAge / 1000) : ttl
    return own === ttl ? null : own
  }

  /** What of a session is worth storing. */
  function forStore(session: SessionData): object {
    if (cookies) return session
    const { cookie, ...contents } = session
    const { originalMaxAge } = cookie
    // The lifetime of all others is known.
    return originalMaxAge === ttl * 1000 ? contents : { cookie: { originalMaxAge }, ...contents }
  }

  /** A stored session; null for a text that is none. */
  function parse(text: string): SessionData | null {
    let session: unknown
    try {
      session = JSON.parse(unmarked(text))
    } catch {
      return null
    }
    if (typeof session !== 'object' || session === null) return null
    setText(session, text)
    const found = session as SessionData
    if (!cookies) found.cookie ??= { originalMaxAge: ttl * 1000 } as SessionData['cookie']
    return found
  }

  const store = new WxRedisStore({ client: link.client, ...options })
  return Object.defineProperty(store, 'client', { get: () => link.client })
}
