/**
 * What a finding is about: `options` and `environment` (how the server was set up), `session`, `sandbox` (whether it
 * is WeChat that is talked to), `wechat` (whether it can be reached), `app` (AppID and AppSecret), `ip-list`,
 * `clock`, `redis`, and with the command also `phone` (whether the phone's project is this app).
 */
export type WxCheck =
  | 'options'
  | 'environment'
  | 'session'
  | 'sandbox'
  | 'wechat'
  | 'app'
  | 'ip-list'
  | 'clock'
  | 'redis'
  | 'phone'

/** What one check found. Holds no secret, no token and no code. */
export interface WxFinding {
  check: WxCheck
  /** `error`: logins or sessions do not work, or are not safe; `warning`: they work, but something should change. */
  level: 'ok' | 'warning' | 'error'
  /** What was found, in one sentence. */
  message: string
  /** What to do about it, in one sentence; absent where there is nothing to do. */
  fix?: string
}

/** Whether a server is ready, and what was found; see {@link WxLogin.checkReadiness}. */
export interface WxReadiness {
  /** No finding is an error. */
  ok: boolean
  /** What the checks found, also where all is well. */
  findings: WxFinding[]
}

/** Options of {@link WxLogin.checkReadiness}. */
export interface WxReadinessOptions {
  /** Deadline of the whole check in ms: what has not answered by then is a finding. Default, and at most, 5000. */
  timeout?: number | undefined
}
