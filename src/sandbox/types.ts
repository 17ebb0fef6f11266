import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WxApp } from '../types.js'
import type {
  SandboxMessage,
  SandboxPushReply,
  SandboxPushTarget,
  SandboxUrlVerification,
} from './push-types.js'
import type { SandboxDevice, SandboxDeviceOptions } from './phone/types.js'
import type { SandboxUser, SandboxUserOptions } from './user-types.js'

/** The endpoints of WeChat that the sandbox speaks. */
export type SandboxEndpoint =
  | '/sns/jscode2session'
  | '/cgi-bin/token'
  | '/cgi-bin/stable_token'
  | '/wxa/checksession'
  | '/wxa/resetusersessionkey'
  | '/wxa/business/getuserphonenumber'
  | '/wxa/business/checkencryptedmsg'

/**
 * What goes wrong at one endpoint. At least one of `errcode`, `status`, `body`, `delayMs`, `drop`.
 * With `errcode`, `status`, `body` or `drop: 'before'` the request is not processed (a code stays good);
 * with only `delayMs`, and with `drop: 'after'`, it is (the code is burnt).
 *
 * @example
 * ```ts
 * sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 1 }) // busy, once
 * sandbox.faults.add({ endpoint: '/sns/jscode2session', drop: 'after' })    // code burnt, answer lost
 * ```
 */
export interface SandboxFault {
  /** Path of the endpoint or its last segment. Listed as the path. */
  endpoint: string
  /** Answered as WeChat does: HTTP 200, JSON, `errmsg` with a rid. */
  errcode?: number | undefined
  /** HTTP status of the answer. Default 200; alone, the body is a gateway's HTML. */
  status?: number | undefined
  /** The whole answer: text as it is, anything else as JSON. Not together with `errcode`. */
  body?: unknown
  /** Real time the answer is held back, in ms. The virtual clock does not shorten it. */
  delayMs?: number | undefined
  /** Cuts the connection without an answer, `before` or `after` processing the request. */
  drop?: 'before' | 'after' | undefined
  /** Requests it applies to; then the next fault of this endpoint does. Default: until cleared. */
  times?: number | undefined
}

/** The faults in force, oldest first. */
export interface SandboxFaults {
  /**
   * Queues a fault behind those of the same endpoint.
   * @returns all faults in force
   * @throws {@link SandboxError} naming each wrong field
   */
  add(fault: SandboxFault): SandboxFault[]
  /** A copy: what is changed in it changes nothing. */
  list(): SandboxFault[]
  /** From now on WeChat does what it should. */
  clear(): void
}

/** The virtual clock: the base clock plus what it was advanced. */
export interface SandboxClock {
  /** Unix time in ms. */
  now(): number
  /**
   * Makes codes, access tokens and quotas age at once; new watermarks carry the new time.
   * @param ms - a whole number, 0 or more
   * @returns the new time
   * @example
   * ```ts
   * const code = sandbox.user('alice').login()
   * sandbox.clock.advance(5 * 60_000) // the code is now 40029
   * ```
   */
  advance(ms: number): number
}

/** One request in the journal. Secrets, codes, tokens and keys are masked. */
export interface SandboxRequest {
  /** 1, 2, 3 …; also the id of the server-sent event. */
  id: number
  /** Virtual Unix time of its arrival in ms. */
  time: number
  method: string
  path: string
  query: Record<string, string>
  /** The JSON body with secrets masked, or a word on what it was; undefined where there was none. */
  body?: unknown
  /** `answered`, `dropped` by a fault, or `gone`: the caller hung up before the answer. */
  outcome: 'answered' | 'dropped' | 'gone'
  /** HTTP status; null where nothing was answered. */
  status: number | null
  /** WeChat's errcode, 0 for a success; null where the answer had none to give (dropped, custom body). */
  errcode: number | null
  /** The answer with secrets masked; undefined where it is not the sandbox' own. */
  reply?: Record<string, unknown>
  /** The fault that applied, without its body. */
  fault?: Omit<SandboxFault, 'body' | 'times' | 'endpoint'>
  /** How long it took, in real ms. */
  ms: number
}

/** Looks a user up in the table of the server under test; null or undefined where there is none. */
export type SandboxUserRow = (user: {
  appid: string
  openid: string
  unionid?: string
}) => object | null | undefined | Promise<object | null | undefined>

/** Options of {@link Sandbox.tapRedis}; all of them optional. */
export interface SandboxTapRedisOptions {
  /** Where to listen, on this machine only. Default: a free port */
  port?: number | undefined
  /** Whether commands for this key are of no interest, as those of a health check: they are handed on, not shown. */
  ignore?: ((key: string) => boolean) | undefined
}

/** A fake WeChat; see {@link createSandbox}. */
export interface Sandbox {
  /** Of the first app. */
  readonly appid: string
  /** Of the first app. */
  readonly secret: string
  /** All mini programs it plays WeChat for. */
  readonly apps: readonly Readonly<WxApp>[]
  /** Where it listens, without a slash at the end. @throws {@link SandboxError} before {@link Sandbox.listen} */
  readonly baseUrl: string
  /**
   * The sandbox without a port, whatever the host in the URL. Delays honour `init.signal`, cut
   * connections reject with `TypeError('fetch failed')`.
   * @example
   * ```ts
   * const wx = wxLogin({ appid, secret, session, wechat: { fetch: sandbox.fetch } })
   * ```
   */
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /**
   * Starts listening; after {@link Sandbox.close} it may be called again, with all users as they were.
   * @param port - default 0: a free one
   * @param host - default 127.0.0.1; anything else opens the sandbox to the network
   * @returns the base URL
   */
  listen(port?: number, host?: string): Promise<string>
  /** For a server of your own, before anything that reads bodies: `http.createServer(sandbox.handler)`. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  /**
   * The user of this name, created on first use; options given change it.
   * @param name - 1 to 64 printable characters
   */
  user(name: string, options?: SandboxUserOptions): SandboxUser
  /**
   * A phone with a `wx` for the mini program under test, and a person who uses it. Each call gives another phone; the
   * user is the same.
   *
   * @param name - who is logged in to WeChat on it; created on first use, as by {@link Sandbox.user}
   * @example
   * ```ts
   * const phone = sandbox.phone('alice')
   * const login = createWxLogin({ baseUrl: 'http://127.0.0.1:3000', wx: phone.wx })
   * await login.ready()
   * ```
   */
  phone(name: string, options?: SandboxDeviceOptions): SandboxDevice
  /**
   * Sends a message of any kind as WeChat's message push does; `user().event()` sends those of accounts.
   *
   * @throws {@link SandboxError} naming what is wrong; a server that does not answer is no error
   * @example
   * ```ts
   * const text = { ToUserName: 'gh_1', FromUserName: openid, CreateTime, MsgType: 'text', Content: 'hi', MsgId: 1 }
   * await sandbox.push(text, { url: 'http://localhost:3000/wx/push', token })
   * ```
   */
  push(message: SandboxMessage, target: SandboxPushTarget): Promise<SandboxPushReply>
  /** Asks a server what WeChat asks when its URL is entered in the admin console. */
  verifyUrl(target: SandboxPushTarget): Promise<SandboxUrlVerification>
  /**
   * The server under test that the page's phone talks to, without a slash at the end; null for none. May be set at any
   * time, also to undefined.
   *
   * @throws {@link SandboxError} where it is set to what is no http or https URL
   */
  get target(): string | null
  set target(url: string | null | undefined)
  /**
   * Stands between a server and its Redis, so that the page shows what they say to each other, what Redis holds, and
   * the server without it. Every byte is handed on unchanged. One Redis server: a client of a Cluster or Sentinel would
   * go past it.
   *
   * @param url - of Redis, as `redis://127.0.0.1:6379`
   * @returns the URL to give to the server in its place; good until {@link Sandbox.close}
   * @throws {@link SandboxError} where the URL is not one of a Redis server
   * @example
   * ```ts
   * const redis = createRedis(await sandbox.tapRedis('redis://127.0.0.1:6379'))
   * ```
   */
  tapRedis(url: string, options?: SandboxTapRedisOptions): Promise<string>
  /**
   * The same for a store of express-session in this process, as `MemoryStore`.
   *
   * @returns the store to be used in its place
   * @example
   * ```ts
   * wxLogin({ appid, secret, session: { secret: sessionSecret, store: sandbox.watchStore(new MemoryStore()) } })
   * ```
   */
  watchStore<S extends object>(store: S): S
  /**
   * Lets the page show the user's row of the server's own table.
   *
   * @example
   * ```ts
   * sandbox.watchUsers(({ appid, openid }) => users.find(appid, openid))
   * ```
   */
  watchUsers(look: SandboxUserRow): void
  /** Phone numbers that were paid for: each success of getuserphonenumber, also one whose answer was lost. */
  readonly paidPhoneNumbers: number
  /** What goes wrong, ordered here or over HTTP. */
  readonly faults: SandboxFaults
  /** Its time, which can be turned on. */
  readonly clock: SandboxClock
  /** What WeChat's endpoints received and answered, oldest first; a copy. */
  readonly requests: SandboxRequest[]
  /** Stops listening, cuts what is open, ends delays. Until the next `listen`, `fetch` fails as a dead server. */
  close(): Promise<void>
}
