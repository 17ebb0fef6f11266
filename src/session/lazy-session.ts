import type { ServerResponse } from 'node:http'
import type { Session, SessionData } from 'express-session'
import { define, type RequestSlot, share, slotFor, slotOf, until } from '../request-slot.js'
import type { SessionRequest } from './session-host.js'
import type { StoreGuard } from './store-guard.js'

/** A session on a request, as express-session gives it. */
type LiveSession = Session & Partial<SessionData>

/** What is in a session, without the cookie, whose times change with every use. */
const textOf = (session: LiveSession, changes: object = {}): string =>
  JSON.stringify(Object.assign({}, session, { cookie: undefined }, changes))

/** Lets a session live its whole lifetime from now on. */
function renew(session: LiveSession): void {
  const { originalMaxAge } = session.cookie
  session.touch()
  // express-session takes off it what passes between its two looks at the clock.
  session.cookie.originalMaxAge = originalMaxAge
}

const lazyIn = ({ session }: RequestSlot): LazySession | undefined =>
  session as LazySession | undefined

// Shared by all requests: getters of its own for each would cost more than they save.
const properties = {
  session: until('session', (slot) => lazyIn(slot)?.open()),
  sessionID: until('sessionID', (slot) => lazyIn(slot)?.sid),
  sessionStore: until('sessionStore', (slot) => lazyIn(slot)?.store),
}
const shared = Symbol('express-wx-login.session')

/** Has Express' requests inherit what stands for the session of one, until that is used. */
export function shareSession(requests: object): void {
  share(requests, shared, properties)
}

/**
 * The session of a request that has been read, before anybody asks for it. `req.session` becomes express-session's
 * own object when it is used first, and is saved before the response ends if it was changed, as with express-session.
 * A request that does not use it pays for none of that.
 */
export class LazySession {
  readonly #req: SessionRequest
  readonly #res: ServerResponse
  readonly #store: StoreGuard
  readonly #data: SessionData
  readonly #tellLate: (error: unknown, req: SessionRequest) => void
  readonly #sid: string
  /** How long the session lives, as it was stored. */
  readonly #lifetime: number | null
  #opened: LiveSession | undefined
  #watching = false
  /** The user as text, once it was handed out. */
  #user: string | undefined
  /** What the store has, once it was opened: of which session, and its text. */
  #saved!: { id: string; text: string }

  constructor(
    sid: string,
    parts: {
      req: SessionRequest
      res: ServerResponse
      store: StoreGuard
      data: SessionData
      /** Told of a save at the end of the response that failed. */
      tellLate: (error: unknown, req: SessionRequest) => void
    },
  ) {
    this.#req = parts.req
    this.#res = parts.res
    this.#store = parts.store
    this.#data = parts.data
    this.#tellLate = parts.tellLate
    this.#sid = sid
    this.#lifetime = parts.data.cookie.originalMaxAge
  }

  /** Puts it on the request. */
  attach(): void {
    const req = this.#req
    slotFor(req).session = this
    if (!(shared in req)) Object.defineProperties(req, properties)
  }

  /** False once it was taken off the request: it has ended, or is not for this app. */
  #isAttached(): boolean {
    return slotFor(this.#req).session === this
  }

  get sid(): string {
    return this.#sid
  }

  get store(): StoreGuard {
    return this.#store
  }

  /** What the session keeps of the user. */
  get wxUser(): unknown {
    if (this.#opened) return this.#opened.wxUser
    const { wxUser } = this.#data
    // It may be changed in place, as everything in a session.
    if (typeof wxUser === 'object' && wxUser !== null) {
      this.#user ??= JSON.stringify(wxUser)
      this.#watch()
    }
    return wxUser
  }

  set wxUser(user: unknown) {
    this.open().wxUser = user
  }

  /** The session itself. */
  open(): LiveSession {
    if (this.#opened) return this.#opened
    const req = this.#req
    const attached = this.#isAttached()
    define(req, 'sessionID', this.sid)
    define(req, 'sessionStore', this.#store)
    const session = this.#store.createSession(req as never, this.#data)
    this.#opened = session
    // From here on it stands on the request itself, where it can be deleted.
    if (attached) slotFor(req).session = undefined
    else detachSession(req)
    // What is stored for a phone has no cookie to say when it ends.
    if (!session.cookie.expires) renew(session)
    this.#adopt(session)
    if (this.#user !== undefined) {
      const text = textOf(session, { wxUser: JSON.parse(this.#user) as unknown })
      this.#saved = { id: this.sid, text }
    }
    this.#watch()
    return session
  }

  /** Keeps in mind what the store has of a session, also after the app's own `save` and `reload`. */
  #adopt(session: LiveSession): void {
    const { save, reload } = session
    const remember = (): void => {
      this.#saved = { id: session.id, text: textOf(session) }
    }
    const req = this.#req
    remember()
    const methods = {
      save(done?: (error?: unknown) => void) {
        remember()
        return save.call(session, done)
      },
      reload: (done: (error?: unknown) => void) =>
        reload.call(session, (error?: unknown) => {
          if (req.session && req.session !== session) this.#adopt(req.session)
          done(error)
        }),
    }
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(session, name, { configurable: true, writable: true, value })
    }
  }

  /** Lets the response end only when what was changed is saved. */
  #watch(): void {
    const res = this.#res
    if (this.#watching || res.writableEnded) return
    this.#watching = true
    const { end } = res
    let begun = false
    let saving = false
    const wrapped = (...args: unknown[]): ServerResponse => {
      const endNow = (): ServerResponse => Reflect.apply(end, res, args) as ServerResponse
      if (saving) return res
      // Once: a session that cannot be stored throws below, and the app answers with that error.
      if (begun) return endNow()
      begun = true
      const saved = this.#commit()
      if (!saved) return endNow()
      saving = true
      // The answer is decided: nobody else may begin another one meanwhile.
      if (!res.headersSent) res.writeHead(res.statusCode)
      void saved.then(endNow)
      return res
    }
    res.end = wrapped as typeof end
  }

  /** Saves the session if it is not as the store has it; null where there is nothing to do. */
  #commit(): Promise<void> | null {
    if (!this.#opened) {
      if (!this.#isAttached() || JSON.stringify(this.#data.wxUser) === this.#user) return null
      this.open()
    }
    const { session, sessionID } = this.#req
    // Destroyed, or replaced by something that is none.
    if (typeof session?.save !== 'function' || typeof sessionID !== 'string') return null
    if (session.id !== this.#saved.id || textOf(session) !== this.#saved.text) {
      renew(session)
      return new Promise((resolve) => {
        session.save((error?: unknown) => {
          if (error !== undefined && error !== null) this.#tellLate(error, this.#req)
          resolve()
        })
      })
    }
    if (session.cookie.originalMaxAge === this.#lifetime) return null
    // The app gave this session a lifetime of its own.
    renew(session)
    return new Promise((resolve) => {
      this.#store.touch(sessionID, session, resolve)
    })
  }
}

/** Takes a session off a request that has no use for it. */
export function detachSession(req: SessionRequest): void {
  delete req.session
  delete req.sessionID
  const slot = slotOf(req)
  if (slot) slot.session = undefined
}
