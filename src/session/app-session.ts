import type { Session, SessionData, Store } from 'express-session'
import { WxLoginError } from '../errors.js'
import { explained } from '../start-up.js'
import { warnOfInsecure } from './cookies.js'
import { readRecord } from './record.js'
import type { Loaded, SessionHost, SessionRequest } from './session-host.js'
import { disconnected, storeCall } from './store-call.js'
import { assertAlive, StoreGuard } from './store-guard.js'

/**
 * The session the app set up itself, with its own express-session before the plugin:
 * the plugin keeps the login in it and leaves cookie, store and lifetime to the app.
 */
export function createAppSession(storeTimeout: number): SessionHost {
  let store: Store | undefined
  let guard: StoreGuard | undefined

  function known(): Store {
    if (store) return store
    throw new WxLoginError('WX_SESSION_MISSING', {
      message:
        'The session store is the app’s own and known from the first request on; there was none yet.',
    })
  }

  const guarded = (): StoreGuard => (guard ??= new StoreGuard(known(), { timeout: storeTimeout }))

  function current(req: SessionRequest): Session & Partial<SessionData> {
    store ??= req.sessionStore
    if (req.session) {
      if (store) return req.session
      throw new WxLoginError('WX_SESSION_MISSING', {
        message: explained(
          'req.session is not of express-session. wxLogin needs one that is kept on the server: use express-session instead, or give wxLogin a `session: { secret }` and take the other one away.',
          'no-session',
        ),
      })
    }
    // express-session leaves the session out while its store is disconnected.
    throw store ? disconnected() : new WxLoginError('WX_SESSION_MISSING')
  }

  return {
    load(req, _res, done) {
      let loaded: Loaded
      try {
        const session = current(req)
        const record = readRecord(session)
        loaded = record ? { record, sid: session.id, slot: session } : { record: null }
      } catch (failure) {
        loaded = { record: null, failure: failure as WxLoginError }
      }
      done(loaded)
    },

    // The session is the app's, and so is what it makes of one with a login that is not served here.
    detach: () => undefined,

    prepare: (req) => current(req).id,

    make(req, res, record, user) {
      const before = { session: current(req), sessionID: req.sessionID }
      const from = known() as Store & { generate: (req: SessionRequest) => void }
      // Not regenerate(): it ends the old session first, and that one must live until this one is saved.
      from.generate(req)
      const made = req.session!
      made.wx = record
      if (user !== null) made.wxUser = user
      return {
        sid: made.id,
        token: null,
        save: async () => void (await storeCall(storeTimeout, (done) => void made.save(done))),
        deliver() {
          if (!made.cookie.secure) return
          // express-session says nothing where it leaves the cookie out.
          res.once('finish', () => {
            if (!res.hasHeader('set-cookie')) warnOfInsecure()
          })
        },
        abandon() {
          req.session = before.session
          req.sessionID = before.sessionID!
        },
      }
    },

    async authenticate() {
      throw new WxLoginError('WX_SESSION_MISSING', {
        message:
          'authenticate() reads tokens of sessions the plugin owns: give wxLogin a `session: { secret }`.',
      })
    },

    async save(req) {
      await assertAlive(guarded(), req)
      await storeCall(storeTimeout, (done) => void current(req).save(done))
    },

    async end(req) {
      await storeCall(storeTimeout, (done) => void current(req).destroy(done))
    },

    alive: async (sids) => guarded().alive(sids),

    destroy: async (sids) => guarded().remove(sids),

    expiresIn(_record, req) {
      const { originalMaxAge } = current(req).cookie
      // A cookie without an end lives as long as the store keeps it: a day, for connect-redis.
      return originalMaxAge === null ? 86_400 : Math.floor(originalMaxAge / 1000)
    },
  }
}
