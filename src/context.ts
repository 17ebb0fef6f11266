import { WxLoginError } from './errors.js'
import { asUser, identityOf, requestState, type Runtime } from './runtime.js'
import { publicId, type WxSessionRecord } from './session/record.js'
import { available } from './session/store-guard.js'
import type { WxContext, WxEncryptedData, WxSignedData, WxUser } from './types.js'
import { isStaleKey, openDataFaults } from './wechat/open-data.js'
import { decryptFor, type Expected, isSigned } from './wechat/user-data.js'

const maxRefusals = 20

/** The sessions behind contexts. */
const sessions = new WeakMap<WxContext, { sid: string; record: WxSessionRecord }>()

/** The id of the session behind a context; undefined for an object that is none. */
export const sidOf = (context: WxContext): string | undefined => sessions.get(context)?.sid

/**
 * Data that the session keys of this session's user are to be tried on, with a limit on how often it may fail.
 * Attempts at the same time may go a few beyond it.
 *
 * @param work - throws `WX_STALE_KEY` where the data is not accepted
 * @param refused - whether its result means that it is not accepted either
 */
export async function tryOpenData<T>(
  runtime: Runtime,
  context: WxContext,
  work: (expected: Expected) => T | Promise<T>,
  refused: (result: T) => boolean = () => false,
): Promise<T> {
  const { sid, record } = sessions.get(context)!
  const count = (add: 0 | 1): Promise<number> =>
    available(() => runtime.state.refusals(record, publicId(sid), add))
  const { loginAt, keyAt = loginAt } = record
  const own = { sessionKey: runtime.sealer.open(record.key, record), at: keyAt }
  const [failures, keys] = await Promise.all([
    count(0),
    available(() => runtime.keys.of(record, own)),
  ])
  if (failures >= maxRefusals) {
    throw new WxLoginError('WX_RATE_LIMITED', { reason: 'too much data refused on one session' })
  }
  const { watermarkMaxAge } = runtime.settings
  try {
    const result = await work({ ...identityOf(record), keys, watermarkMaxAge })
    if (refused(result)) await count(1)
    return result
  } catch (error) {
    if (isStaleKey(error)) await count(1)
    throw error
  }
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
        return tryOpenData(
          runtime,
          context as WxContext,
          (expected) => isSigned(expected, { rawData, signature }),
          (fits) => !fits,
        )
      },
    },
  }) as WxContext
  sessions.set(made, { sid, record })
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
