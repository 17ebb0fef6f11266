import type { WxEncryptedData, WxIdentity, WxPhone } from './types.js'

/** Names a mini program where several are served. */
export interface WxApiApp {
  /** Default: the only app there is; required where `apps` has several or is a function that needs it. */
  appid?: string | undefined
}

/** A request to an endpoint of WeChat's server API; see {@link WxServerApi.request}. */
export interface WxApiRequest extends WxApiApp {
  /** Default `POST` with a body, `GET` without. */
  method?: 'GET' | 'POST' | undefined
  /** Beside `access_token`, which is added. */
  query?: Readonly<Record<string, string | number | boolean>> | undefined
  /** Sent as JSON. */
  body?: object | undefined
  /** Deadline of the whole call in ms: token, retries and body included. Default `wechat.timeout`. */
  timeout?: number | undefined
}

/** What WeChat says of encrypted data; see {@link WxServerApi.checkEncryptedData}. */
export interface WxEncryptedDataCheck {
  /** Whether WeChat made exactly this data for this app in the last three days. */
  valid: boolean
  /** When; null where it is not valid, or WeChat did not say. */
  createTime: Date | null
}

/**
 * WeChat's server API for the apps that are served, with the access token looked after: one for all processes
 * (in Redis), fetched from `stable_token`, refreshed before it ends, dropped and fetched again once where WeChat
 * does not accept it (40001, 40014, 42001). The login needs none of it.
 *
 * Every method throws {@link WxLoginError}: `WX_APP_UNKNOWN`, `WX_APP_CONFIG`, `WX_RATE_LIMITED`, `WX_BUSY`,
 * `WX_UPSTREAM` (504 past the deadline), each with `errcode` and `rid` where WeChat gave them.
 */
export interface WxServerApi {
  /**
   * A valid access token, for a client of your own. Never send it to a phone.
   *
   * https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
   */
  accessToken(app?: WxApiApp): Promise<string>
  /**
   * The number behind a code of the phone number button. A success is paid for. The code is checked against
   * `openid`, so that nobody brings another user's code.
   *
   * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html
   *
   * @throws {@link WxLoginError} `WX_BAD_REQUEST` for something that is no code, without a call; `WX_CODE_INVALID`
   *   (also for another user's code), `WX_CODE_USED`
   * @example
   * ```ts
   * const { phoneNumber } = await wx.api.getPhoneNumber(req.body.code, getWx(req).openid)
   * ```
   */
  getPhoneNumber(code: string, openid: string, app?: WxApiApp): Promise<WxPhone>
  /**
   * Whether the session key kept here is the one that WeChat holds valid for this user. False also where no key
   * of the user is kept.
   *
   * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey.html
   */
  checkSessionKey(user: WxIdentity): Promise<boolean>
  /**
   * Ends the user's session key at WeChat, after a leak: WeChat gives a new one, which is kept; data made with any
   * earlier key is refused from then on. Sessions live on.
   *
   * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_resetusersessionkey.html
   *
   * @throws {@link WxLoginError} `WX_STALE_KEY` where no key of the user is kept, or not the valid one
   */
  resetUserSessionKey(user: WxIdentity): Promise<void>
  /**
   * Asks WeChat whether it made this encrypted data. WeChat knows phone number data only, of three days. A `+` that
   * became a space on the way, and URL-safe base64, are mended.
   *
   * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/api_checkencrypteddata.html
   */
  checkEncryptedData(
    data: Pick<WxEncryptedData, 'encryptedData'>,
    app?: WxApiApp,
  ): Promise<WxEncryptedDataCheck>
  /**
   * Any other endpoint that takes an access token and answers JSON of at most 64 kB.
   *
   * @param path - on WeChat's server, without a query: `/wxa/msg_sec_check`
   * @throws {@link WxLoginError} `WX_BAD_REQUEST` for wrong arguments, naming them, without a call
   * @throws {@link WxLoginError} also for every `errcode` but 0: `WX_UPSTREAM` with `errcode` and `rid` where this
   *   package has no better name for it
   * @example
   * ```ts
   * const { result } = await wx.api.request<{ result: { suggest: string } }>('/wxa/msg_sec_check', {
   *   body: { version: 2, scene: 1, openid, content },
   * })
   * ```
   */
  request<T = Record<string, unknown>>(path: string, request?: WxApiRequest): Promise<T>
}

/**
 * Another source of access tokens, for teams with a central token service and for third-party platforms
 * (`authorizer_access_token`). Called for every call of the API: let it answer from memory. A {@link WxLoginError} it
 * throws is passed on, anything else becomes `WX_UPSTREAM`, and so does an answer that is no token.
 *
 * @param d.appid - of which app
 * @param d.invalid - the token that WeChat has just not accepted: give another one
 * @param d.signal - fires when nobody waits any more
 */
export type WxAccessTokenSource = (d: {
  appid: string
  invalid?: string | undefined
  signal: AbortSignal
}) => string | Promise<string>
