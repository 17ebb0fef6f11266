/** Who talks on the wire: the phone, the server under test, WeChat (the sandbox itself), and where sessions are kept. */
export type WireParty = 'phone' | 'server' | 'wechat' | 'redis'

/**
 * How an exchange ended: `open` while it is under way, `answered`, `dropped` by a fault, `gone` where the caller hung
 * up first, `failed` where the other side could not be reached.
 */
export type WireOutcome = 'open' | 'answered' | 'dropped' | 'gone' | 'failed'

/** One field of a request or an answer, as the page shows it. */
export interface WireField {
  /** Where it is: `header.authorization`, `query.js_code`, `body.session_key`, `arg.1`. */
  field: string
  /** Its value; of a secret one only what is harmless, as `***#1f2e3d4c`. */
  value: unknown
  /** Whether it can be revealed with `POST /__sandbox/wire/:id/reveal`. */
  secret: boolean
}

/** One exchange: what was asked and, once there, what was answered. Secrets are masked. */
export interface WireMessage {
  /** 1, 2, 3 …; the same exchange keeps it while it changes. */
  id: number
  from: WireParty
  to: WireParty
  /** What was asked, in short: `wx.login`, `POST /wx/login`, `GET /sns/jscode2session`, `GETEX wx:sess:…` */
  title: string
  /** Unix time of the sandbox' clock, in ms. */
  time: number
  /** Real ms until it ended; null while it is under way. */
  ms: number | null
  outcome: WireOutcome
  /** Id of the newest message when it ended: what stands between the two happened meanwhile; null while it is under way. */
  endedAfter: number | null
  /** HTTP status of the answer; null where there is none. */
  status: number | null
  /** WeChat's errcode, 0 for a success; null where the answer has none. */
  errcode: number | null
  /** The error's code in a server's answer (`WX_STALE_KEY`), or what a store said; null where it is none. */
  error: string | null
  /** The sandbox' user whom it concerns; null where that is not known. */
  user: string | null
  /** The fault that was ordered for it; null without. */
  fault: string | null
  request: WireField[]
  /** Null while there is no answer. */
  response: WireField[] | null
}

/** A message in full. */
export interface WireDetail extends WireMessage {
  /** Of an HTTP request: where it went, query included, secrets masked; null for anything else. */
  url: string | null
  /** As it went over the wire, secrets masked: request line or status line, headers, an empty line, the body. */
  raw: { request: string; response: string | null }
  /** What the sandbox, who knows the keys, can say of it; empty where there is nothing to take apart. */
  decoded: WireDecoded[]
}

/** One thing taken apart: a signature computed again, data decrypted, the age of a watermark. */
export interface WireDecoded {
  kind: 'signature' | 'decryption' | 'watermark' | 'token' | 'key'
  /** Whether it holds; null where there is nothing to hold. */
  ok: boolean | null
  steps: { label: { en: string; zh: string }; value: string; secret: boolean }[]
}

/** What WeChat knows of a user in an app, for the page. Holds no key and no code, only what tells them apart. */
export interface SandboxState {
  now: number
  user: string
  appid: string
  openid: string
  unionid: string | null
  blocked: boolean
  /** The user's phone number with its middle hidden, as WeChat's own sheet shows it: `139****0000`. */
  phoneNumber: string
  /** First 8 hex of sha256 of the phone's current session key, as `keyId` of a login; null before the first `wx.login`. */
  keyId: string | null
  /** Since when, Unix ms. */
  keySince: number | null
  /** The user's codes, newest first. */
  codes: { fingerprint: string; kind: 'login' | 'phone'; expiresAt: number; used: boolean }[]
  /** The app's access token; null where none was asked for. */
  accessToken: { fingerprint: string; expiresAt: number } | null
  /** Code exchanges in the last minute, and how many there may be (null: no limit). */
  logins: { count: number; limit: number | null }
}

/** What `GET /__sandbox/config` answers: what a page has to know before it shows anything. */
export interface SandboxConfig {
  /** Of the package. */
  version: string
  /** Of the first app. */
  appid: string
  apps: { appid: string }[]
  /** The server that the page's phone talks to; null where none was named. */
  target: string | null
  /** Where the server's sessions are seen; null where the sandbox cannot see them. */
  store: 'redis' | 'memory' | null
  /** Unix time of the sandbox' clock, in ms. */
  now: number
  /** What each errcode the sandbox can answer means, in short. */
  errcodes: Record<string, { en: string; zh: string }>
  /** Paths of the endpoints that faults can be ordered for. */
  endpoints: string[]
}
