import { inspect } from 'node:util'
import { events } from './diagnostics-channels.js'
import { WxLoginError } from './errors.js'
import { asUser, identityOf, requestState, type Runtime } from './runtime.js'
import { publicId, shownKeyId } from './session/record.js'
import type { Login } from './session/session-host.js'
import { available } from './session/store-call.js'
import { explained } from './start-up.js'
import type { WxContext, WxEncryptedData, WxSignedData, WxUser } from './types.js'
import { isStaleKey, openDataFaults } from './wechat/open-data.js'
import { decryptFor, type Expected, isSigned } from './wechat/user-data.js'

const maxRefusals = 20

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
  const { sid, record } = loginOf(context)!
  const count = (add: 0 | 1): Promise<number> =>
    available(() => runtime.state.refusals(record, publicId(sid), add))
  const { loginAt, keyAge = 0 } = record
  // None of its own where WeChat named the user; a login by code may have left one in the history.
  const sessionKey = runtime.sealer.open(record.key, record) || null
  const own = { sessionKey, at: loginAt - keyAge }
  const [failures, keys] = await Promise.all([
    count(0),
    available(() => runtime.keys.of(record, own)),
  ])
  if (failures >= maxRefusals) {
    throw new WxLoginError('WX_RATE_LIMITED', { reason: 'too much data refused on one session' })
  }
  if (keys.length === 0 && shownKeyId(record) === null) throw keyMissing()
  const { watermarkMaxAge } = runtime.settings
  const refuse = async (): Promise<void> => {
    events.keyRefused.tell(() => ({ appid: record.appid, sessionId: publicId(sid) }))
    await count(1)
  }
  try {
    const result = await work({ ...identityOf(record), keys, watermarkMaxAge })
    if (refused(result)) await refuse()
    return result
  } catch (error) {
    if (isStaleKey(error)) await refuse()
    throw error
  }
}

const keyMissing = (): WxLoginError =>
  new WxLoginError('WX_STALE_KEY', {
    message:
      'There is no session key: calls through cloud hosting bring none. Call wx.login and send its code to the login route.',
    reason: 'WeChat gave no session key: the user is known by the headers of cloud hosting',
  })

function assertShape(data: Parameters<typeof openDataFaults>[0]): void {
  const faults = openDataFaults(data)
  if (faults.length > 0) throw new WxLoginError('WX_BAD_REQUEST', { message: faults.join('; ') })
}

/** A property that shows, and that nobody can set. */
const shown = (get: (context: Context) => unknown): PropertyDescriptor => ({
  enumerable: true,
  get(this: Context) {
    return get(this)
  },
})

/** `req.wx`: the identity and the user show where it is printed, spread or sent; the session key never does. */
class Context {
  readonly #runtime: Runtime
  readonly #login: Login

  // Shared by all requests: properties of its own for each would cost more than reading the session does.
  static readonly #properties = {
    appid: shown((context) => context.#login.record.appid),
    openid: shown((context) => context.#login.record.openid),
    // A hash that most requests never read.
    sessionId: shown((context) => context.#login.sid && publicId(context.#login.sid)),
    loginAt: shown((context) => new Date(context.#login.record.loginAt)),
    user: {
      ...shown((context) => asUser(context.#login.slot.wxUser ?? null)),
      set(this: Context, user: WxUser) {
        this.#login.slot.wxUser = user
      },
    },
  }
  static readonly #unionid = shown((context) => context.#login.record.unionid)

  constructor(runtime: Runtime, login: Login) {
    this.#runtime = runtime
    this.#login = login
    const { appid, openid, sessionId, loginAt, user } = Context.#properties
    Object.defineProperty(this, 'appid', appid)
    Object.defineProperty(this, 'openid', openid)
    if (login.record.unionid !== undefined) Object.defineProperty(this, 'unionid', Context.#unionid)
    Object.defineProperty(this, 'sessionId', sessionId)
    Object.defineProperty(this, 'loginAt', loginAt)
    Object.defineProperty(this, 'user', user)
  }

  /** The login behind a context; undefined for an object that is none. */
  static loginOf(context: object): Login | undefined {
    return #login in context ? context.#login : undefined
  }

  [inspect.custom](): object {
    return Object.assign({}, this)
  }

  get sessionKey(): string {
    const { record } = this.#login
    const opened = this.#runtime.sealer.open(record.key, record)
    if (opened) return opened
    if (shownKeyId(record) === null) throw keyMissing()
    throw new WxLoginError('WX_STALE_KEY', {
      reason: 'the session key was sealed with another secret',
    })
  }

  get session_key(): string {
    return this.sessionKey
  }

  async decrypt(data: WxEncryptedData | undefined): Promise<unknown> {
    const { encryptedData = '', iv = '' } = data ?? {}
    assertShape({ encryptedData, iv })
    return tryOpenData(this.#runtime, this as unknown as WxContext, (expected) =>
      decryptFor(expected, { encryptedData, iv }),
    )
  }

  async verifySignature(data: WxSignedData | undefined): Promise<boolean> {
    const { rawData = '', signature = '' } = data ?? {}
    assertShape({ rawData, signature })
    return tryOpenData(
      this.#runtime,
      this as unknown as WxContext,
      (expected) => isSigned(expected, { rawData, signature }),
      (fits) => !fits,
    )
  }
}

const { loginOf } = Context

/** The id of the session behind a context; undefined for an object that is none, and for one without a session. */
export const sidOf = (context: WxContext): string | undefined => loginOf(context)?.sid || undefined

/** `req.wx` for a login. */
export const createContext = (runtime: Runtime, login: Login): WxContext =>
  new Context(runtime, login) as unknown as WxContext

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
      message: explained(
        'getWx: the plugin has not seen this request. Put app.use(wxLogin(...)) at the root of the app, before the routes.',
        'not-seen',
      ),
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
