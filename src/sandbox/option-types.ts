import type { WxApp } from '../types.js'
import type { SandboxEndpoint } from './types.js'

/**
 * When `wx.login` gives the user a new session key: `always`; at most once per `rotationInterval`
 * (`interval`, which is what WeChat does, with a period it does not tell); `never`.
 */
export type SandboxRotation = 'always' | 'interval' | 'never'

/** Options of {@link createSandbox}; all of them optional. */
export interface SandboxOptions {
  /** The mini programs this WeChat knows. Default: one, {@link SANDBOX_APPID} with {@link SANDBOX_SECRET}. */
  apps?: WxApp[] | undefined
  /**
   * Makes openids, codes, keys and tokens the same in every run. Without it openids and unionids are
   * still the same, so that user rows survive a restart; codes, keys and tokens are random.
   */
  seed?: string | undefined
  /** Default `always`: the hardest on the server under test. */
  rotation?: SandboxRotation | undefined
  /** Shortest time between two keys with `rotation: 'interval'`, in ms of the sandbox' clock. Default 60000. */
  rotationInterval?: number | undefined
  /** Code exchanges of one user a minute; more are 45011. Default 100, 0 for no limit. */
  rateLimit?: number | undefined
  /**
   * Calls of one app that an endpoint (its path) takes; more are 45011 (a minute) and 45009 (a day). Default: what
   * WeChat documents, for the two kinds of access token and for resetusersessionkey.
   */
  quotas?: Partial<Record<SandboxEndpoint, SandboxQuota>> | undefined
  /** IP addresses that may ask for access tokens (IP白名单); others get 40164. Default: every address. */
  ipList?: string[] | undefined
  /**
   * Origins, as `http://app:3000`, that requests to the control surface may have messages sent to. This machine needs
   * no entry for requests that come from it.
   */
  pushTargets?: string[] | undefined
  /**
   * The server under test, as `http://127.0.0.1:3000`: the phone of the page at `/__sandbox` talks to it. Default: none;
   * the page asks for it.
   */
  target?: string | undefined
  /** The clock under the virtual one, in ms. Default `Date.now`. */
  now?: (() => number) | undefined
  /** Requests the journal remembers. Default 1000. */
  journalSize?: number | undefined
}

/** How often an app may call an endpoint. */
export interface SandboxQuota {
  /** Default: no limit. */
  perMinute?: number | undefined
  /** Default: no limit. */
  perDay?: number | undefined
}
