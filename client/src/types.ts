/**
 * The parts of `wx` that the client calls, always with callbacks. The real `wx` fits, and so does what Taro, uni-app
 * or a test offers. https://developers.weixin.qq.com/miniprogram/dev/api/
 */
export interface WxLike {
  /** https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.login.html */
  login(options: WxLoginCall): unknown
  /** https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html */
  request(options: WxRequestCall): unknown
  /** Used by `profile` with an `avatarPath` only. https://developers.weixin.qq.com/miniprogram/dev/api/network/upload/wx.uploadFile.html */
  uploadFile?(options: WxUploadCall): unknown
  /** Used by `prepareKey` only; plugins do not have it. https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.checkSession.html */
  checkSession?(options: WxCallbacks<unknown>): unknown
  /** Keeps the session between two starts. https://developers.weixin.qq.com/miniprogram/dev/api/storage/wx.getStorageSync.html */
  getStorageSync(key: string): unknown
  setStorageSync(key: string, data: unknown): void
  removeStorageSync(key: string): void
  /** Used where `baseUrl` names one URL for each version. https://developers.weixin.qq.com/miniprogram/dev/api/open-api/account-info/wx.getAccountInfoSync.html */
  getAccountInfoSync?(): { miniProgram: { envVersion?: string } }
}

/** What `fail` of a `wx` function gets. */
export interface WxFailure {
  errMsg?: string | undefined
  errno?: number | undefined
}

/** The callbacks of every function of {@link WxLike}. */
export interface WxCallbacks<R> {
  success?(result: R): void
  fail?(failure: WxFailure): void
}

/** What the client gives to `wx.login`. */
export interface WxLoginCall extends WxCallbacks<{ code: string }> {
  timeout?: number
}

/** What the client gives to `wx.request`. */
export interface WxRequestCall extends WxCallbacks<WxResponse> {
  url: string
  method?: string
  data?: unknown
  header?: object
  timeout?: number
}

/** What the client gives to `wx.uploadFile`. */
export interface WxUploadCall extends WxCallbacks<{ statusCode: number; data: string }> {
  url: string
  filePath: string
  name: string
  formData?: object
  header?: object
  timeout?: number
}

/** A reply to `wx.request`, of whatever status. */
export interface WxResponse<T = unknown> {
  statusCode: number
  /** Parsed, where the reply was JSON. */
  data: T
  /** Names in the letters the phone gave them: Android and iOS differ. */
  header: Record<string, unknown>
}

/** The options of `wx.request` without its callbacks. What is not named here is passed on as well. */
export interface RequestOptions {
  /**
   * A path, to which `baseUrl` is added, or a whole URL. A URL that does not begin with `baseUrl`, written as it is
   * there, gets no token and starts no login, whatever `auth` says.
   */
  url: string
  method?: 'OPTIONS' | 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'TRACE' | 'CONNECT' | 'PATCH'
  data?: string | object | ArrayBuffer | undefined
  header?: Record<string, string> | undefined
  /** Milliseconds. Default: what WeChat has, 60 s. */
  timeout?: number | undefined
  dataType?: string
  responseType?: 'text' | 'arraybuffer'
  enableHttp2?: boolean
  enableQuic?: boolean
  enableCache?: boolean
  enableHttpDNS?: boolean
  httpDNSServiceId?: string
  forceCellularNetwork?: boolean
  redirect?: 'follow' | 'manual'
  /**
   * `required` (the default): logs in first where there is no session, and once more where the server answers 401.
   * `optional`: sends the token if there is one; never logs in, and a 401 is a reply like any other.
   * `none`: sends no token.
   */
  auth?: 'required' | 'optional' | 'none'
}

/** A login that the server has confirmed. */
export interface Session<U = unknown> {
  /** Goes into the header of every request; `request` does that. */
  readonly token: string
  /** Until when the client uses it, in ms since 1970 by the phone's clock: `skew` ms before the server ends it. */
  readonly expiresAt: number
  /** Names the session key that the server holds, without revealing it. */
  readonly keyId: string
  /** What your `onUser` returned on the server, or null. */
  readonly user: U
}

/** What the server made of the phone number button. */
export interface Phone {
  /** With the country code, except for mainland China. */
  phoneNumber: string
  /** Without the country code. */
  purePhoneNumber: string
  countryCode: string
}

/** `event.detail` of `bindgetphonenumber`. https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html */
export interface PhoneDetail {
  /** Base library 2.21.2 and newer. */
  code?: string | undefined
  encryptedData?: string | undefined
  iv?: string | undefined
  errMsg?: string | undefined
}

/** Signed data of the user as `wx.getUserInfo` and mini games give it. https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html */
export interface OpenDataDetail {
  rawData?: string | undefined
  signature?: string | undefined
  encryptedData?: string | undefined
  iv?: string | undefined
  errMsg?: string | undefined
}

/** Paths below `baseUrl`. */
export interface Routes {
  /** Default `/wx/login` */
  login?: string | undefined
  /** Default `/wx/logout` */
  logout?: string | undefined
  /** Default `/wx/profile` */
  profile?: string | undefined
  /** Default `/wx/phone` */
  phone?: string | undefined
  /** Your own route for the avatar: `multipart/form-data`, file `avatar`, answers `{ user }`. Default `/me/avatar` */
  upload?: string | undefined
}

/** Options of {@link createWxLogin}; only `baseUrl` has no default. */
export interface WxLoginOptions<U = unknown> {
  /** Your server, without a slash at the end, or one server for each version of the mini program. */
  baseUrl: string | { develop: string; trial: string; release: string }
  /** Where your server has other paths than the defaults. */
  routes?: Routes | undefined
  /** The header the token goes into, as `transport.header` of the server. Default `Authorization` */
  header?: string | undefined
  /** The word before the token, as `transport.scheme` of the server; `''` for none. Default `Bearer` */
  scheme?: string | undefined
  /** The beginning of the key in the storage; the URL of the server is added. Default `wx-login` */
  storageKey?: string | undefined
  /** Milliseconds for `wx.login`, and for each request that is not yours. Default 10 000 */
  timeout?: number | undefined
  /** How many milliseconds early a session counts as expired; never more than half its life. Default 30 000 */
  skew?: number | undefined
  /**
   * Which replies mean that the server does not know the session. Default: status 401, but not for `WX_CODE_INVALID` and
   * `WX_CODE_USED`, which are about the code of the phone number button
   */
  isUnauthorized?: ((response: WxResponse) => boolean) | undefined
  /** More fields for the body of the login: `appid` where one server serves several, for example. */
  loginData?: (() => object) | undefined
  /**
   * Told of every new session, of a changed `user` and, with null, of the end of a session. Not of the session found
   * in the storage at the start: read `session`. What it throws is logged and has no other effect.
   */
  onSession?: ((session: Session<U> | null) => void) | undefined
  /** Default: the global `wx`. */
  wx?: WxLike | undefined
}

/**
 * The client. Its promises end with a {@link WxLoginError} where something goes wrong.
 *
 * @typeParam U - what `onUser` returns on the server
 */
export interface WxLogin<U = unknown> {
  /** The session there is, or null where there is none or it has expired. */
  readonly session: Session<U> | null
  /** The session there is, or a new one. All that wait at the same time share one login. */
  ready(): Promise<Session<U>>
  /** A new session in any case; joins a login that already runs. */
  login(): Promise<Session<U>>
  /**
   * `wx.request` with the token. Resolves for every status, except that a session refused twice is `UNAUTHORIZED`.
   * Only a refusal is tried again, never a failure of the network.
   */
  request<T = unknown>(options: RequestOptions): Promise<WxResponse<T>>
  /**
   * Makes sure that the server holds the key that the phone encrypts with. Call it in `onLoad` of a page whose button
   * gives encrypted data, not in the handler of the button: by then the data is encrypted already.
   */
  prepareKey(): Promise<void>
  /**
   * Sends what `bindgetphonenumber` got: its `code`, or the encrypted data of old base libraries.
   * `DENIED` where the user refused.
   */
  phone(detail: PhoneDetail): Promise<Phone>
  /**
   * Sends signed user data and gives the user back. `STALE_KEY` where the server cannot read it: a login is made in
   * the background, and data taken after that will fit.
   */
  openData(detail: OpenDataDetail): Promise<U>
  /**
   * Sends the avatar and nickname that the user chose, in one request, and gives the user back.
   * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/userProfile.html
   *
   * @param profile.avatarPath - the temporary path of `bindchooseavatar`; it is uploaded to `routes.upload`
   */
  profile(profile: { nickName?: string | undefined; avatarPath?: string | undefined }): Promise<U>
  /**
   * Forgets the session and tells the server. A login that is in flight ends with `ABORTED`. Fails only with
   * `everywhere`, where the server did not confirm that it ended the user's other sessions too.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>
}

/** What went wrong, for `switch`. */
export type WxLoginErrorCode =
  /** `wx.login` failed or gave no code. */
  | 'WX_LOGIN'
  /** No connection to the server. */
  | 'NETWORK'
  /** No answer of `wx.login` or of the server in time. */
  | 'TIMEOUT'
  /** The app went into the background, or `logout` was called meanwhile. */
  | 'ABORTED'
  /** The server said no; `statusCode` and `serverCode` say how. Also: WeChat's button failed, see `errMsg`. */
  | 'REJECTED'
  /** The server does not accept even a new session. */
  | 'UNAUTHORIZED'
  /** The server cannot read the encrypted data; new data will do. */
  | 'STALE_KEY'
  /** The user refused. */
  | 'DENIED'
