import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Response } from 'express'
import expressSession, { type Store } from 'express-session'
import { WxLoginError } from '../errors.js'
import type { SessionSettings, Settings } from '../settings.js'
import { cookieFlags, keepCookieOut, lendCookie } from './cookies.js'
import { readRecord } from './record.js'
import type { Loaded, SessionHost, SessionRequest } from './session-host.js'
import {
  assertAlive,
  disconnected,
  type StoreGuard,
  storeUnavailable,
  storeCall,
} from './store-guard.js'
import { createTokenCodec } from './token.js'
import { type Presented, readToken } from './transport.js'

/** express-session puts `generate` on the store it is given; its types leave that out. */
type GeneratingStore = Store & { generate: (req: SessionRequest) => void }

const conflict = (): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message: 'Two different tokens in one request.' })

/** What {@link createOwnSession} can do without. */
export interface OwnSessionOptions {
  /** Whether the store can be asked now; an answer of false saves the wait. */
  ready?: () => boolean
  /** Told of a save that failed after the response was sent. */
  onLateError?: (error: WxLoginError, req: IncomingMessage) => void
}

/**
 * The session the plugin owns: express-session loads, saves and touches it; the token travels in a
 * header, and express-session is shown it as its own cookie for the one call in which it reads cookies.
 */
export function createOwnSession(
  settings: Settings,
  session: SessionSettings,
  store: StoreGuard,
  { ready = () => true, onLateError = () => undefined }: OwnSessionOptions = {},
): SessionHost {
  const { transport, storeTimeout } = settings
  const codec = createTokenCodec(session.secrets)
  // express-session leaves requests outside the cookie's path alone; a header is good on every path. A cookie
  // that is secure, behind no proxy it trusts, is one it does not even make (and print, under DEBUG).
  const cookie = transport.cookie ? session.cookie : { ...session.cookie, path: '/', secure: true }
  const middleware = expressSession({
    name: session.name,
    secret: [...session.secrets],
    store,
    ...(!transport.cookie && { proxy: false }),
    resave: false,
    saveUninitialized: false,
    // A cookie has to be sent again to slide; a token in a header slides with the record.
    rolling: transport.cookie,
    cookie: { ...cookie, maxAge: session.ttl * 1000 } as expressSession.CookieOptions,
  })
  // Kept now: a second express-session on the same store would replace it with its own cookie options.
  const generate = (store as Store as GeneratingStore).generate.bind(store)
  let connected = true
  store.on('disconnect', () => (connected = false))
  store.on('connect', () => (connected = true))
  const isUp = (): boolean => connected && ready()

  const present = (req: IncomingMessage): Presented =>
    readToken(req, transport, session.name, codec)

  function presentedId(req: IncomingMessage): string | null {
    const presented = present(req)
    if (presented.kind === 'conflict') throw conflict()
    return presented.kind === 'token' ? presented.sid : null
  }

  /** Runs express-session on the request with exactly this token as its cookie, or with none. */
  function run(
    req: SessionRequest,
    res: ServerResponse,
    token: string | null,
    done: (error?: unknown) => void,
    late: (error: unknown) => void,
  ): void {
    const giveBack = lendCookie(
      req,
      token && `${session.name}=${encodeURIComponent(codec.toCookie(token))}`,
    )
    let called = false
    try {
      middleware(req as never, res as never, (error?: unknown) => {
        // express-session comes back here where its save at the end of the response failed. By then the
        // request is answered: the next handler must not run again.
        if (called) {
          late(error)
          return
        }
        called = true
        giveBack()
        done(error)
      })
    } finally {
      giveBack()
    }
  }

  /** Takes a session that express-session made for an unknown id off a request that has no use for it. */
  function drop(req: SessionRequest): void {
    delete req.session
    delete req.sessionID
  }

  return {
    load(req, res, done) {
      if (req.session) {
        done({ record: null, failure: new WxLoginError('WX_SESSION_CONFLICT') })
        return
      }
      const presented = present(req)
      if (presented.kind === 'conflict') {
        done({ record: null, failure: conflict() })
        return
      }
      const sid = presented.kind === 'token' ? presented.sid : null
      if (sid === null && !transport.cookie) {
        done({ record: null })
        return
      }
      if (!isUp()) {
        // Who brings no token misses nothing.
        done({ record: null, ...(sid !== null && { failure: disconnected() }) })
        return
      }
      if (!transport.cookie) keepCookieOut(res, session.name)
      const token = sid === null || presented.kind !== 'token' ? null : presented.token
      run(
        req,
        res,
        token,
        (error) => {
          done(settle(req, sid, error))
        },
        (error) => {
          onLateError(storeUnavailable(error), req)
        },
      )
    },

    detach: drop,

    prepare(req) {
      if (req.session) throw new WxLoginError('WX_SESSION_CONFLICT')
      const sid = presentedId(req)
      if (!isUp()) throw disconnected()
      return sid
    },

    make(req, res, record, user) {
      // A request of its own for express-session: the one that is being answered keeps its state,
      // and the new session is written once, by us, and not again at the end of the response.
      const carrier = Object.create(req) as SessionRequest
      carrier.sessionStore = store
      generate(carrier)
      const made = carrier.session!
      made.wx = record
      if (user !== null) made.wxUser = user
      const token = codec.issue(made.id)
      return {
        sid: made.id,
        token,
        save: async () => void (await storeCall(storeTimeout, (done) => void made.save(done))),
        deliver() {
          if (!transport.cookie) return
          ;(res as Response).cookie(session.name, codec.toCookie(token), cookieFlags(made.cookie))
        },
        abandon: () => undefined,
      }
    },

    async authenticate(req) {
      const sid = presentedId(req)
      if (sid === null) return null
      if (!isUp()) throw disconnected()
      const stored = await store.read(sid)
      const record = readRecord(stored)
      return record && { sid, record, user: stored?.wxUser ?? null }
    },

    async save(req) {
      await assertAlive(store, req)
      await storeCall(storeTimeout, (done) => void req.session!.save(done))
    },

    async end(req, res) {
      const { sessionID } = req
      // Without `expires`: Express 4 would take that instead of its own, which is in the past.
      const { expires: _, ...flags } = req.session ? cookieFlags(req.session.cookie) : {}
      drop(req)
      if (sessionID !== undefined) await store.remove([sessionID])
      if (transport.cookie) {
        ;(res as Response).clearCookie(session.name, flags)
      }
    },

    alive: (sids) => store.alive(sids),

    destroy: (sids) => store.remove(sids),

    expiresIn(req) {
      const loginAt = readRecord(req.session)?.loginAt ?? Date.now()
      const left = Math.floor((loginAt - Date.now()) / 1000) + session.absoluteTtl
      return Math.max(0, Math.min(session.ttl, left))
    },
  }

  /** What express-session's answer means for a request that presented `sid` (null: no token). */
  function settle(req: SessionRequest, sid: string | null, error: unknown): Loaded {
    if (error !== undefined && error !== null) {
      drop(req)
      if (WxLoginError.is(error)) return { record: null, failure: error }
      // The store's own failures come as ours: this is express-session, which can make nothing of the
      // record. That is no session; the next login writes a good one.
      if (sid !== null) store.remove([sid]).catch(() => undefined)
      return { record: null }
    }
    // Outside session.cookie.path express-session makes none.
    if (!req.session) {
      return { record: null, ...(sid !== null && !isUp() && { failure: disconnected() }) }
    }
    if (req.sessionID !== sid) {
      if (!transport.cookie) drop(req)
      return { record: null }
    }
    const record = readRecord(req.session)
    if (!record && (!transport.cookie || req.session.wx !== undefined)) {
      drop(req)
      store.remove([sid]).catch(() => undefined)
    }
    return { record }
  }
}
