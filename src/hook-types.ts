import type { WxAccountEventName } from './push-types.js'
import type { WxIdentity, WxPhone, WxProfile, WxUser } from './types.js'

/** What `onUser` is told: who it is, why it is called, and what is known beside the identity. */
export type WxUserEvent = WxIdentity & {
  /** A login; or a logged-in user who sent a profile or a phone number. */
  reason: 'login' | 'profile' | 'phone'
  /** With `profile`; with `login` where the phone sent open data along. */
  profile?: WxProfile
  /** With `phone`. */
  phone?: WxPhone
}

/** What `onLogin` is told: a session was saved. */
export interface WxLoginEvent extends WxIdentity {
  /** Public id of the new session. */
  sessionId: string
  /** What `onUser` returned; null where it returned nothing. */
  user: WxUser
}

/** What `onLogout` is told: the phone asked for the end of its session. */
export interface WxLogoutEvent extends WxIdentity {
  /** Public id of the session of the phone; empty for a call through cloud hosting that brought none. */
  sessionId: string
  /** True where every session of the user ended. */
  everywhere: boolean
}

/** What `onRevoke` is told: sessions ended that the phone did not log out itself. */
export interface WxRevokeEvent extends WxIdentity {
  /** Public ids of the sessions that ended; may be none with the two reasons that WeChat gives. */
  sessionIds: string[]
  /**
   * `revoke`: `wx.sessions.revoke` or `revokeAll`; `limit`: the user had more sessions than `session.maxPerUser`;
   * `user_authorization_revoke`: the user withdrew what they had shared (`revokeInfo` says what);
   * `user_authorization_cancellation`: the user closed the account. With the last two, delete what you keep.
   */
  reason: 'revoke' | 'limit' | Exclude<WxAccountEventName, 'user_info_modified'>
  /**
   * What the user withdrew, in WeChat's numbers: 6 nickname and avatar, 8 phone number, …
   * https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes
   */
  revokeInfo?: string
}
