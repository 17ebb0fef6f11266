/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/**
 * Register the type of your user once, and `req.wx.user` and the hooks know it.
 *
 * @example
 * ```ts
 * declare module 'express-wx-login' {
 *   interface WxRegister { user: { id: number; name: string } }
 * }
 * ```
 */
export interface WxRegister {}

/** Your user: what `onUser` returned. `unknown` until {@link WxRegister} names its type. */
export type WxUser = WxRegister extends { user: infer U } ? U : unknown

/** Who somebody is for WeChat: always `(appid, openid)`, never the openid alone. */
export interface WxIdentity {
  /** The mini program. */
  appid: string
  /** The user in this mini program. */
  openid: string
  /** The user across all apps of one Open Platform account; only where the mini program is bound to one. */
  unionid?: string | undefined
}

/** A mini program with its AppSecret. */
export interface WxApp {
  /** AppID of the mini program: `wx` and 16 hex digits. */
  appid: string
  /** AppSecret of the mini program. Goes to WeChat only. */
  secret: string
}

/** The watermark in WeChat's encrypted data: which app it was made for, and when. */
export interface WxWatermark {
  /** The mini program it was made for. */
  appid: string
  /** Unix time in seconds. */
  timestamp: number
}

/** `encryptedData` and its `iv` as the phone got them from WeChat, both base64. */
export interface WxEncryptedData {
  /** Base64 of whole 16-byte blocks. */
  encryptedData: string
  /** Base64 of 16 bytes. */
  iv: string
}

/** `rawData` and its `signature` as the phone got them from WeChat; `rawData` byte for byte. */
export interface WxSignedData {
  /** JSON text; parsed and written again it has another signature. */
  rawData: string
  /** Hex of `sha1(rawData + session_key)`. */
  signature: string
}

/** A profile as the phone sent it: only WeChat's documented fields, each of its documented type. */
export interface WxProfile {
  /**
   * `signed`: `rawData` whose signature fits the session key; `encrypted`: `encryptedData` (with or
   * without `rawData`); `form`: typed by the user into the mini program's own form, proven by nothing.
   */
  source: 'signed' | 'encrypted' | 'form'
  /**
   * WeChat's stand-in for a user who shared nothing (微信用户, grey avatar): do not overwrite real data with it. In a
   * form, a stand-in beside a name or avatar of the user's own is left out, and this is false.
   */
  isDefault: boolean
  /** As the user chose it: text of a stranger. */
  nickName?: string
  /** Address of the picture: at WeChat, or in a form wherever the app has put it. */
  avatarUrl?: string
  /** 0 unknown, 1 male, 2 female. */
  gender?: number
  city?: string
  province?: string
  country?: string
  /** Language of country, province and city: `en`, `zh_CN` or `zh_TW`. */
  language?: string
}

/** A phone number WeChat vouches for. */
export interface WxPhone {
  /** With the country code where it is foreign. */
  phoneNumber: string
  /** Without the country code. */
  purePhoneNumber: string
  /** As WeChat says it: `86`. */
  countryCode: string
}

/**
 * Who is asking: `req.wx` on every request that carries a live session.
 *
 * Copying, printing or `JSON.stringify`-ing it never shows the session key.
 */
export interface WxContext extends WxIdentity {
  /**
   * Public id of this session, as in `wx.sessions.list`; not the token. Empty for a call through cloud hosting that
   * brings no session.
   */
  readonly sessionId: string
  /** When the user logged in; now, for a call through cloud hosting that brings no session. */
  readonly loginAt: Date
  /** What `onUser` returned last. Assigning it changes what the session keeps. */
  user: WxUser
  /**
   * WeChat's `session_key`, unsealed when read; not enumerable. Never send it anywhere.
   * @throws {@link WxLoginError} `WX_STALE_KEY` where it was sealed with a secret that is gone, or WeChat gave none
   *   (cloud hosting, without a login by code)
   */
  readonly sessionKey: string
  /** The same as `sessionKey`, under WeChat's own name. */
  readonly session_key: string
  /**
   * Decrypts data of this user's phone and checks padding, encoding, watermark (app and age) and openId.
   * @throws {@link WxLoginError} `WX_STALE_KEY` whatever of it was wrong; `WX_BAD_REQUEST` for a wrong shape;
   *   `WX_RATE_LIMITED` after 20 refusals in a minute on this session
   */
  decrypt<T = Record<string, unknown>>(
    data: WxEncryptedData,
  ): Promise<T & { watermark: WxWatermark }>
  /** Whether `signature` is WeChat's for exactly this `rawData`; compares in constant time. */
  verifySignature(data: WxSignedData): Promise<boolean>
}

/** What a code was exchanged for. */
export interface WxCodeSession {
  /** The user in the mini program of the code. */
  openid: string
  /** Base64 of 16 bytes. Stays on the server. */
  sessionKey: string
  /** The user across all apps of one Open Platform account; only where the mini program is bound to one. */
  unionid?: string | undefined
}
