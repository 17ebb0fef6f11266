import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, Response } from 'express'
import type { CookieOptions, SessionOptions, Store } from 'express-session'
import { createStoreOutage } from '../diagnostics-channels.js'
import { WxLoginError } from '../errors.js'
import type { SessionSettings, Settings } from '../settings.js'
import { nextTurn } from '../turn.js'
import { createCookieLoad } from './cookie-load.js'
import { cookieFlags, warnOfInsecure } from './cookies.js'
import { detachSession, LazySession } from './lazy-session.js'
import { readRecord } from './record.js'
import type { Loaded, SessionHost, SessionRequest } from './session-host.js'
import { disconnected, storeCall, storeUnavailable } from './store-call.js'
import { assertAlive, type StoreGuard } from './store-guard.js'
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
 * The session the plugin owns. A token in a header is looked up in the store, and `req.session` becomes
 * express-session's own when it is used. Where cookies are on, express-session itself loads, saves, touches and sets
 * its cookie; a token is shown to it as that cookie, for the one call in which it reads cookies.
 */
export function createOwnSession(
  settings: Settings,
  session: SessionSettings,
  store: StoreGuard,
  { ready = () => true, onLateError = () => undefined }: OwnSessionOptions = {},
): SessionHost {
  const { transport, storeTimeout } = settings
  const codec = createTokenCodec(session.secrets)
  const tellLate = (error: unknown, req: IncomingMessage): void => {
    onLateError(storeUnavailable(error), req)
  }
  const options: SessionOptions = {
    name: session.name,
    secret: [...session.secrets],
    store,
    resave: false,
    saveUninitialized: false,
    // A cookie has to be sent again to slide; a token in a header slides with the record.
    rolling: true,
    cookie: {
      ...(transport.cookie && session.cookie),
      maxAge: session.ttl * 1000,
    } as CookieOptions,
  }
  const loadByCookie = createCookieLoad(options, tellLate)
  // Kept now: a second express-session on the same store would replace it with its own cookie options.
  const generate = (store as Store as GeneratingStore).generate.bind(store)
  const outage = createStoreOutage()
  let connected = true
  store.on('disconnect', () => {
    connected = false
    outage.begin('all')
  })
  store.on('connect', () => {
    connected = true
    outage.end()
  })
  const isUp = (): boolean => connected && ready()

  const present = (req: IncomingMessage): Presented =>
    readToken(req, transport, session.name, codec)

  function presentedId(req: IncomingMessage): string | null {
    const presented = present(req)
    if (presented.kind === 'conflict') throw conflict()
    return presented.kind === 'token' ? presented.sid : null
  }

  /** Ends a session that holds no login that can be trusted; the next login writes a good one. */
  function giveUp(sid: string): void {
    store.remove([sid]).catch(() => undefined)
  }

  /** Reads the session of a token; nothing is put on a request that has none. */
  function loadByToken(
    req: SessionRequest,
    res: ServerResponse,
    sid: string,
    done: (loaded: Loaded) => void,
  ): void {
    store.fetch(sid, (error, data) => {
      if (error !== null) {
        done({ record: null, failure: storeUnavailable(error) })
        return
      }
      const record = readRecord(data)
      if (!data || !record) {
        if (data) giveUp(sid)
        done({ record: null })
        return
      }
      const lazy = new LazySession(sid, { req, res, store, data, tellLate })
      lazy.attach()
      done({ record, sid, slot: lazy })
    })
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
        // Not at once; see nextTurn.
        void nextTurn().then(() => done({ record: null }))
        return
      }
      if (!isUp()) {
        // Who brings no token misses nothing.
        done({ record: null, ...(sid !== null && { failure: disconnected() }) })
        return
      }
      if (!transport.cookie) {
        loadByToken(req, res, sid!, done)
        return
      }
      const token = sid === null || presented.kind !== 'token' ? null : presented.token
      loadByCookie(req, res, token && codec.toCookie(token), (error) => {
        done(settle(req, sid, error))
      })
    },

    detach: detachSession,

    prepare(req) {
      if (req.session) throw new WxLoginError('WX_SESSION_CONFLICT')
      const sid = presentedId(req)
      if (!isUp()) throw disconnected()
      return sid
    },

    make(req, res, record, user) {
      // A request of its own for express-session: the one that is being answered keeps its state,
      // and the new session is written once, by us, and not again at the end of the response. With what it is asked
      // for, and not inherited from the real one: V8 makes all of a request slow that is a prototype.
      const { socket: connection, secure } = req as SessionRequest & Partial<Request>
      const carrier = { connection, secure, sessionStore: store } as unknown as SessionRequest
      generate(carrier)
      const made = carrier.session!
      // express-session takes off it what passes between its two looks at the clock.
      made.cookie.originalMaxAge = session.ttl * 1000
      made.wx = record
      if (user !== null) made.wxUser = user
      const token = codec.issue(made.id)
      return {
        sid: made.id,
        token,
        // The guard of the store sees to the deadline.
        save: () =>
          new Promise((resolve, reject) => {
            made.save((error: unknown) => {
              if (error === null) resolve()
              else reject(error as WxLoginError)
            })
          }),
        deliver() {
          if (!transport.cookie) return
          if (made.cookie.secure === true && secure === false) warnOfInsecure()
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
      return record && { record, sid, slot: { wxUser: stored!.wxUser } }
    },

    async save(req) {
      await assertAlive(store, req)
      await storeCall(storeTimeout, (done) => void req.session!.save(done))
    },

    async end(req, res) {
      const sid = req.sessionID!
      const cookie = transport.cookie ? cookieFlags(req.session!.cookie) : undefined
      detachSession(req)
      await store.remove([sid])
      if (!cookie) return
      // Without `expires`: Express 4 would take that instead of its own, which is in the past.
      const { expires: _, ...flags } = cookie
      ;(res as Response).clearCookie(session.name, flags)
    },

    alive: (sids) => store.alive(sids),

    destroy: (sids) => store.remove(sids),

    expiresIn({ loginAt }) {
      const left = Math.floor((loginAt - Date.now()) / 1000) + session.absoluteTtl
      return Math.max(0, Math.min(session.ttl, left))
    },
  }

  /** What express-session's answer means for a request that presented `sid` (null: no token, or a bad one). */
  function settle(req: SessionRequest, sid: string | null, error: unknown): Loaded {
    if (error !== undefined && error !== null) {
      detachSession(req)
      if (WxLoginError.is(error)) return { record: null, failure: error }
      // The store's own failures come as ours: this is express-session, which can make nothing of the record.
      if (sid !== null) giveUp(sid)
      return { record: null }
    }
    // Outside session.cookie.path express-session makes none.
    const own = req.session
    if (!own || own.id !== sid) return { record: null }
    const record = readRecord(own)
    if (record) return { record, sid, slot: own }
    if (own.wx !== undefined) {
      detachSession(req)
      giveUp(sid)
    }
    return { record: null }
  }
}
