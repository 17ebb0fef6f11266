import type { WxEncryptedData, WxSignedData, WxWatermark } from '../types.js'
import type { SandboxAccountEvent, SandboxEventOptions, SandboxPushReply } from './push-types.js'

/** What kind of user `sandbox.user` makes of a name. */
export interface SandboxUserOptions {
  /** Whether the mini programs are bound to an Open Platform account, as far as this user goes. */
  unionid?: boolean | undefined
  /** WeChat refuses the user's logins with 40226. */
  blocked?: boolean | undefined
  /** Laid over the user's phone number, which is Chinese without it. */
  phone?: { [Field in keyof SandboxPhone]?: SandboxPhone[Field] | undefined } | undefined
}

/** A phone number as WeChat gives it. */
export interface SandboxPhone {
  /** With the country code where it is foreign. */
  phoneNumber: string
  /** Without the country code. */
  purePhoneNumber: string
  /** WeChat's documents have it as a string in one place and as a number in another; it comes as it is set here. */
  countryCode: string | number
}

/**
 * Ways in which open data can be wrong:
 * `bad-watermark` made for another app; `truncated` the last block missing; `wrong-key` encrypted and
 * signed with a key nobody has; `bit-flipped` one bit of the IV flipped, which changes one character
 * of the first block (in user info: of the openId) and nothing else.
 */
export type SandboxDataVariant = 'bad-watermark' | 'truncated' | 'wrong-key' | 'bit-flipped'

/** How {@link SandboxUser.encrypt} and its kin make their data. */
export interface SandboxDataOptions {
  /** Default: the first app. */
  appid?: string | undefined
  /** Data that is wrong in some way. Default: as it should be. */
  variant?: SandboxDataVariant | undefined
  /** Laid over the real watermark; false: none at all. */
  watermark?: Partial<WxWatermark> | false | undefined
  /** Another key than the phone's current one: base64 of 16 bytes. */
  sessionKey?: string | undefined
}

/** The profile in user info. */
export interface SandboxProfile {
  nickName: string
  gender: number
  language: string
  city: string
  province: string
  country: string
  avatarUrl: string
}

/** How {@link SandboxUser.userInfo} makes its data. */
export interface SandboxUserInfoOptions extends SandboxDataOptions {
  /** Laid over the user's profile; other fields than WeChat's are taken as they are. */
  profile?: (Partial<SandboxProfile> & Record<string, unknown>) | undefined
  /** What WeChat gives since 2022-11: 微信用户 and the grey avatar. Default false. */
  anonymous?: boolean | undefined
  /** False: as `wx.getUserProfile`, without `openId` and `unionId` in the encrypted data. */
  openId?: boolean | undefined
}

/** What `wx.getUserInfo` gives. */
export type SandboxUserInfo = WxSignedData & WxEncryptedData

/** What the phone number button gives. */
export type SandboxPhoneNumber = WxEncryptedData & { code: string }

/**
 * A WeChat user with a phone in hand.
 *
 * @example
 * ```ts
 * const alice = sandbox.user('alice')
 * await post('/wx/login', { code: alice.login() })
 * await post('/wx/profile', alice.userInfo({ profile: { nickName: '爱丽丝' } }))
 * ```
 */
export interface SandboxUser {
  /** As it was given to `sandbox.user`. */
  readonly name: string
  /** Whether WeChat refuses the user's logins with 40226. */
  readonly blocked: boolean
  /** The same for every app; undefined unless the user has `unionid: true`. */
  readonly unionid: string | undefined
  /** 28 characters, another one for each app. */
  openid(appid?: string): string
  /** The phone's current session key, which the server under test may not have yet. */
  sessionKey(appid?: string): string
  /** `wx.login`: the code. Gives the phone a new session key as the rotation policy says. */
  login(options?: { appid?: string | undefined }): string
  /** `wx.checkSession`: whether the key of the last code is still valid. What a server knows plays no part in it. */
  checkSession(appid?: string): boolean
  /** `wx.getUserInfo`, signed and encrypted with the phone's current key. */
  userInfo(options?: SandboxUserInfoOptions): SandboxUserInfo
  /** A tap on the phone number button: its code, and the older encrypted form. */
  phoneNumber(options?: SandboxDataOptions): SandboxPhoneNumber
  /** Any payload as WeChat would encrypt it; a watermark is added unless `data` brings one. */
  encrypt(data: object, options?: SandboxDataOptions): WxEncryptedData
  /**
   * WeChat tells a server, over its message push, that the user withdrew what they had shared, closed the account,
   * or that the profile was changed.
   *
   * @throws {@link SandboxError} naming each wrong option; a server that does not answer is no error
   * @example
   * ```ts
   * const { status } = await sandbox.user('alice').event('user_authorization_cancellation', {
   *   url: 'http://localhost:3000/wx/push', token, encodingAESKey,
   * })
   * ```
   */
  event(event: SandboxAccountEvent, options: SandboxEventOptions): Promise<SandboxPushReply>
  /** The Referer that `wx.request` sends. */
  referer(appid?: string): string
}
