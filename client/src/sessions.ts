import { nothing } from './call.js'
import { refusalOf, WxLoginError } from './errors.js'
import { exchange, takeCode } from './log-in.js'
import type { Settings } from './settings.js'
import { openStorage } from './stored-session.js'
import { post } from './transport.js'
import type { Session, WxResponse } from './types.js'

/** The one session of a client, and the one login that may be in flight. */
export interface Sessions<U> {
  /** The session, even an expired one. */
  held(): Session<U> | null
  /** The session, unless it has expired. */
  current(): Session<U> | null
  /** Whether the server is known to have the phone's key, as far as the client can tell. */
  settled(): boolean
  /** @returns a function that throws `ABORTED` once there was a logout: what began before it must not go on */
  guard(): () => void
  ready(): Promise<Session<U>>
  login(): Promise<Session<U>>
  /** A session other than the one that was refused. */
  renew(refused: Session<U>): Promise<Session<U>>
  /** The error for a second refusal, which keeps the next logins away for a moment. */
  refusedTwice(response: WxResponse): WxLoginError
  /** Takes over what a reply says of the user. */
  setUser(user: U): void
  /** Forgets the session. @returns what was forgotten */
  end(): Session<U> | null
}

/** WeChat allows four wx.login a second; a server that refuses every session must not use them up. */
const pauseAfterRefusal = 1000

declare const console: { error(error: unknown): void }

export function createSessions<U>(settings: Settings<U>): Sessions<U> {
  const storage = openStorage<U>(settings.wx, settings.storageKey + ':' + settings.baseUrl)
  let session = storage.read()
  let told = session
  // More than 0 where a code was taken and no server has confirmed it: the phone may encrypt with a key that the server
  // does not have, and wx.checkSession, which does not know the server, would find it right.
  let dirty = 0
  let era = 0
  let flight: Promise<Session<U>> | null = null
  // One at a time, also after a logout: the server must see the codes in the order in which they were taken.
  let last: Promise<unknown> = Promise.resolve()
  let paused: WxLoginError
  let pauseEnd = 0

  function tell(): void {
    if (session === told) return
    told = session
    try {
      settings.onSession(session)
    } catch (error) {
      console.error(error)
    }
  }

  function set(next: Session<U> | null): void {
    session = next
    storage.write(dirty ? null : next)
    tell()
  }

  const current = (): Session<U> | null =>
    session && session.expiresAt > Date.now() ? session : null

  function markDirty(): void {
    // Nothing is left to be read at the next start of what would look settled.
    if (!dirty) storage.write(null)
    dirty++
  }

  const guard = (): (() => void) => {
    const mine = era
    return () => {
      if (mine !== era) throw new WxLoginError('ABORTED', 'logged out')
    }
  }

  /** Keeps logins away for a while, where the server asked for it: by the clock, without a timer. */
  function pause(error: WxLoginError): void {
    paused = error
    pauseEnd = Date.now() + error.retryAfter
  }

  /** @throws what the server refused the last login with, where it asked for a pause that is not over */
  function checkPause(): void {
    const retryAfter = pauseEnd - Date.now()
    // More than was left before: the clock was put back.
    if (retryAfter > 0 && retryAfter <= paused.retryAfter) {
      throw Object.assign(paused, { retryAfter })
    }
  }

  function login(): Promise<Session<U>> {
    if (flight) return flight
    const check = guard()
    let taken: number
    const own = last
      .then(() => {
        check()
        checkPause()
        markDirty()
        return takeCode(settings, markDirty)
      })
      .then((code) => {
        check()
        taken = dirty
        return exchange(settings, code, session)
      })
      .then((made) => {
        // Nobody waits for it any longer.
        if (flight !== own) post(settings, settings.routes.logout, {}, made).catch(nothing)
        check()
        // Unless a code that nobody waited for any longer has come since.
        if (dirty === taken) dirty = 0
        set(made)
        return made
      })
    // It is told before those who wait are: nobody else has the promise yet.
    last = own.then(land, land)
    function land(result: object): void {
      if (flight === own) flight = null
      session = current()
      if ((result as WxLoginError).retryAfter) pause(result as WxLoginError)
      tell()
    }
    return (flight = own)
  }

  function ready(): Promise<Session<U>> {
    const usable = current()
    if (!flight && usable) return Promise.resolve(usable)
    // Who waits for a login that fails still has the session that it was to replace.
    return login().catch((error: unknown) => {
      const left = current()
      if (left) return left
      throw error
    })
  }

  return {
    held: () => session,
    current,
    settled: () => !!current() && !dirty && !flight,
    guard,
    ready,
    login,
    renew(refused) {
      if (session && session.token === refused.token) {
        // Another client of this mini program may have logged in meanwhile.
        const stored = storage.read()
        if (stored && stored.expiresAt > refused.expiresAt) {
          session = stored
          tell()
        } else {
          checkPause()
          session = null
          storage.write(session)
        }
      }
      return ready()
    },
    refusedTwice(response) {
      const error = refusalOf(response, 'UNAUTHORIZED')
      pause(Object.assign(error, { retryAfter: error.retryAfter || pauseAfterRefusal }))
      return error
    },
    setUser(user) {
      if (session) set(Object.assign({}, session, { user }))
    },
    end() {
      const ended = session
      era++
      flight = null
      set(null)
      return ended
    },
  }
}
