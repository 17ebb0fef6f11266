import { WxLoginError } from './errors.js'
import { asUser, identityOf, requestState, type Runtime } from './runtime.js'
import { publicId, type WxSessionRecord } from './session/record.js'
import { storeUnavailable } from './session/store-guard.js'
import type { WxContext, WxEncryptedData, WxIdentity, WxSignedData, WxUser } from './types.js'
import { openDataFaults, verifySignature } from './wechat/open-data.js'
import { decryptFor, type Expected } from './wechat/user-data.js'

const maxRefusals = 20

const sids = new WeakMap<WxContext, string>()

/** The id of the session behind a context; undefined for an object that is none. */
export const sidOf = (context: WxContext): string | undefined => sids.get(context)

/**
 * Data that the session key of this user is to be tried on, with a limit on how often it may fail. Attempts at
 * the same time may go a few beyond it.
 */
async function attempt<T>(
  runtime: Runtime,
  user: WxIdentity,
  sessionId: string,
  work: () => T,
  refused: (result: T) => boolean = () => false,
): Promise<T> {
  const count = (add: 0 | 1): Promise<number> =>
    runtime.state.refusals(user, sessionId, add).catch((error: unknown) => {
      throw storeUnavailable(error)
    })
  if ((await count(0)) >= maxRefusals) {
    throw new WxLoginError('WX_RATE_LIMITED', { reason: 'too much data refused on one session' })
  }
  try {
    const result = work()
    if (refused(result)) await count(1)
    return result
  } catch (error) {
    if (WxLoginError.is(error) && error.code === 'WX_STALE_KEY') await count(1)
    throw error
  }
}

/** What data of this session's user must fit. */
function expectedOf(runtime: Runtime, context: WxContext): Expected {
  return {
    ...identityOf(context),
    sessionKey: context.sessionKey,
    watermarkMaxAge: runtime.settings.watermarkMaxAge,
  }
}

/** Tries data of this session's user: `work` throws `WX_STALE_KEY` where it is not accepted. */
export function tryOpenData<T>(
  runtime: Runtime,
  context: WxContext,
  work: (expected: Expected) => T,
): Promise<T> {
  return attempt(runtime, context, context.sessionId, () => work(expectedOf(runtime, context)))
}

/** `req.wx` for a login; `slot` is where the user is kept. */
export function createContext(
  runtime: Runtime,
  sid: string,
  record: WxSessionRecord,
  slot: { wxUser?: unknown },
): WxContext {
  const openKey = (): string => {
    const opened = runtime.sealer.open(record.key, record)
    if (opened !== null) return opened
    throw new WxLoginError('WX_STALE_KEY', {
      reason: 'the session key was sealed with another secret',
    })
  }
  const shape = (data: Parameters<typeof openDataFaults>[0]): void => {
    const faults = openDataFaults(data)
    if (faults.length > 0) throw new WxLoginError('WX_BAD_REQUEST', { message: faults.join('; ') })
  }
  const hidden = { enumerable: false, get: openKey }
  const context = {
    ...identityOf(record),
    // A hash that most requests never read.
    get sessionId() {
      return publicId(sid)
    },
    loginAt: new Date(record.loginAt),
    get user() {
      return asUser(slot.wxUser ?? null)
    },
    set user(user: WxUser) {
      slot.wxUser = user
    },
  }
  const fixed = { writable: false, configurable: false }
  const made = Object.defineProperties(context, {
    appid: fixed,
    openid: fixed,
    sessionKey: hidden,
    session_key: hidden,
    decrypt: {
      enumerable: false,
      async value(data: WxEncryptedData | undefined) {
        const { encryptedData = '', iv = '' } = data ?? {}
        shape({ encryptedData, iv })
        return tryOpenData(runtime, context as WxContext, (expected) =>
          decryptFor(expected, { encryptedData, iv }),
        )
      },
    },
    verifySignature: {
      enumerable: false,
      async value(data: WxSignedData | undefined) {
        const { rawData = '', signature = '' } = data ?? {}
        shape({ rawData, signature })
        return attempt(
          runtime,
          record,
          context.sessionId,
          () => verifySignature({ rawData, signature, sessionKey: openKey() }),
          (fits) => !fits,
        )
      },
    },
  }) as WxContext
  sids.set(made, sid)
  return made
}

/**
 * Who is asking, on a route behind the guard: `req.wx`, but never undefined.
 *
 * @throws {@link WxLoginError} `WX_SESSION_REQUIRED` without a live session (the route has no guard),
 *   `WX_SESSION_MISSING` where the plugin has not run
 * @example
 * ```ts
 * app.get('/orders', requireWxSession, (req, res) => res.json(ordersOf(getWx(req).openid)))
 * ```
 */
export function getWx(req: object): WxContext {
  const state = requestState(req as Parameters<typeof requestState>[0])
  if (!state) {
    throw new WxLoginError('WX_SESSION_MISSING', {
      message:
        'getWx: the plugin has not seen this request. Put app.use(wxLogin(...)) before the routes.',
    })
  }
  if (state.failure) throw state.failure
  if (!state.login) {
    throw new WxLoginError('WX_SESSION_REQUIRED', {
      message: 'getWx: this request has no session. Put requireWxSession before this handler.',
    })
  }
  return state.login.context
}
