import type { WxAccountEventName } from '../push-types.js'

/** The server under test, as it is entered under 消息推送 in WeChat's admin console. */
export interface SandboxPushTarget {
  /** Where the messages go, as the server under test has it in `routes.messagePush`. */
  url: string
  /** Token (令牌): 3 to 32 letters and digits. */
  token: string
  /** EncodingAESKey: 43 letters and digits. With it messages are encrypted. */
  encodingAESKey?: string | undefined
  /** Default `json`. */
  format?: 'xml' | 'json' | undefined
  /** The app the message is for. Default: the first app. */
  appid?: string | undefined
  /**
   * How often it is sent, as WeChat does, until the server answers 200; each time with another timestamp and nonce.
   * Default 1; WeChat sends three times.
   */
  times?: number | undefined
  /** Another `fetch`, to send with or to see what is sent. Default: the global one. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
}

/** What an account event says beside who it is about. */
export interface SandboxEventOptions extends SandboxPushTarget {
  /** What the user withdrew, in WeChat's numbers. Default 6 (nickname and avatar) for `user_authorization_revoke`. */
  revokeInfo?: string | undefined
  /** False: without `OpenID`, as WeChat sometimes sends `user_info_modified`. */
  openId?: boolean | undefined
}

/** What the server under test answered last. */
export interface SandboxPushReply {
  /** HTTP status; null where it did not answer within five seconds. */
  status: number | null
  body: string
  /** How often it was sent. */
  sent: number
}

/** What the server under test answered when it was asked whether it knows the token. */
export interface SandboxUrlVerification {
  /** HTTP status; null where it did not answer within five seconds. */
  status: number | null
  body: string
  /** Whether WeChat would take the URL: the answer is exactly the `echostr` it sent. */
  verified: boolean
}

/** A message of WeChat's message push: names and values as in WeChat's documentation. */
export type SandboxMessage = Readonly<Record<string, string | number>>

/** The events that tell of a user's account. */
export type SandboxAccountEvent = WxAccountEventName

/** Sends what WeChat sends to a server. */
export interface Pusher {
  push(message: SandboxMessage, target: SandboxPushTarget): Promise<SandboxPushReply>
  verifyUrl(target: SandboxPushTarget): Promise<SandboxUrlVerification>
}
