/** What `fail` gets, and what a promise of `wx` rejects with: no `Error`, as in WeChat. */
export interface SandboxWxFailure {
  /** The API's name, `:fail` and a reason: `request:fail timeout`. */
  errMsg: string
  /** https://developers.weixin.qq.com/miniprogram/dev/framework/usability/PublicErrno.html */
  errno?: number
}

/** The three callbacks of every asynchronous function of `wx`. */
export interface SandboxWxCallbacks<Result> {
  success?(result: Result): void
  fail?(failure: SandboxWxFailure): void
  complete?(result: Result | SandboxWxFailure): void
}

interface WithMessage {
  /** The API's name and `:ok`. */
  errMsg: string
}

type SomeCallback<Result> =
  | Required<Pick<SandboxWxCallbacks<Result>, 'success'>>
  | Required<Pick<SandboxWxCallbacks<Result>, 'fail'>>
  | Required<Pick<SandboxWxCallbacks<Result>, 'complete'>>

/**
 * A function of `wx` that gives a promise where it is called without any callback.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/app-service/api.html
 */
export interface SandboxWxFunction<Options extends object, Result> {
  (options: Options & SandboxWxCallbacks<Result> & SomeCallback<Result>): void
  (...options: object extends Options ? [options?: Options] : [options: Options]): Promise<Result>
}

/** What `wx.login` gives. */
export interface SandboxWxCode extends WithMessage {
  code: string
}

/** What `wx.getUserInfo` gives. */
export interface SandboxWxUserInfo extends WithMessage {
  userInfo: object
  rawData: string
  signature: string
  encryptedData: string
  iv: string
}

interface WxTransferOptions {
  url: string
  header?: object | undefined
  /** Milliseconds; 60 s are the default and the most. */
  timeout?: number | undefined
}

/** Options of `wx.request`; what is not named here is taken and has no effect. */
export interface SandboxWxRequestOptions
  extends WxTransferOptions, SandboxWxCallbacks<SandboxWxReply> {
  method?: string | undefined
  data?: unknown
  dataType?: string | undefined
  responseType?: 'text' | 'arraybuffer' | undefined
  redirect?: 'follow' | 'manual' | undefined
}

/** What the server replied, whatever its status. */
export interface SandboxWxReply<T = unknown> extends WithMessage {
  statusCode: number
  data: T
  /** Names in letters that change from one reply to the next, as they do between phones. */
  header: Record<string, unknown>
  cookies: string[]
}

/** Options of `wx.uploadFile`; what is not named here is taken and has no effect. */
export interface SandboxWxUploadOptions
  extends WxTransferOptions, SandboxWxCallbacks<SandboxWxReply<string>> {
  /** A path of {@link SandboxFiles}. */
  filePath: string
  name: string
  formData?: object | undefined
}

type HeadersListener = (event: {
  header: Record<string, unknown>
  statusCode: number
  cookies: string[]
}) => void

/** A request on its way. https://developers.weixin.qq.com/miniprogram/dev/api/network/request/RequestTask.html */
export interface SandboxRequestTask {
  abort(): void
  onHeadersReceived(listener: HeadersListener): void
  offHeadersReceived(listener?: HeadersListener): void
}

/** Which mini program runs. https://developers.weixin.qq.com/miniprogram/dev/api/open-api/account-info/wx.getAccountInfoSync.html */
export interface SandboxAccountInfo {
  miniProgram: { appId: string; envVersion: 'develop' | 'trial' | 'release'; version: string }
}

/** What the storage of the mini program holds. */
export interface SandboxStorageInfo {
  keys: string[]
  /** Kilobytes. */
  currentSize: number
  /** Kilobytes. */
  limitSize: number
}

/** What a mini program on the sandbox' phone finds as the global `wx`. */
export interface SandboxWx {
  /**
   * Callbacks only: WeChat's page says that promise style is not supported.
   * https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.login.html
   */
  login(options?: SandboxWxCallbacks<SandboxWxCode> & { timeout?: number | undefined }): void
  /**
   * Whether the key of the **last code** is still the phone's; whether a server has it, WeChat does not know.
   * https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.checkSession.html
   */
  checkSession: SandboxWxFunction<object, WithMessage>
  /** https://developers.weixin.qq.com/miniprogram/dev/api/open-api/user-info/wx.getUserInfo.html */
  getUserInfo: SandboxWxFunction<{ withCredentials?: boolean; lang?: string }, SandboxWxUserInfo>
  /**
   * Callbacks only, as it gives a task. Ten at a time, more wait.
   * https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html
   */
  request(options: SandboxWxRequestOptions): SandboxRequestTask
  /** Callbacks only, as it gives a task. https://developers.weixin.qq.com/miniprogram/dev/api/network/upload/wx.uploadFile.html */
  uploadFile(options: SandboxWxUploadOptions): SandboxRequestTask
  /** https://developers.weixin.qq.com/miniprogram/dev/api/storage/wx.getStorageSync.html */
  getStorageSync(key: string): unknown
  setStorageSync(key: string, data: unknown): void
  removeStorageSync(key: string): void
  clearStorageSync(): void
  getStorageInfoSync(): SandboxStorageInfo
  getStorage: SandboxWxFunction<{ key: string }, WithMessage & { data: unknown }>
  setStorage: SandboxWxFunction<{ key: string; data: unknown }, WithMessage>
  removeStorage: SandboxWxFunction<{ key: string }, WithMessage>
  clearStorage: SandboxWxFunction<object, WithMessage>
  getStorageInfo: SandboxWxFunction<object, WithMessage & SandboxStorageInfo>
  getAccountInfoSync(): SandboxAccountInfo
}
