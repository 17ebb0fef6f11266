import type {
  SandboxDataVariant,
  SandboxPhoneNumber,
  SandboxUserInfo,
  SandboxUserInfoOptions,
} from '../user-types.js'
import type { SandboxWx, SandboxWxUserInfo } from './wx-types.js'

/** WeChat, as far as the phone of one user talks to it. */
export interface PhoneWeChat {
  login(): Promise<{ code: string }>
  /** Whether the key of the last code is still valid. */
  checkSession(): Promise<boolean>
  phoneNumber(options: { variant?: SandboxDataVariant | undefined }): Promise<SandboxPhoneNumber>
  userInfo(options: SandboxPhoneUserInfoOptions): Promise<SandboxUserInfo>
}

/** Where a phone keeps its storage: `localStorage` of a browser fits. */
export interface PhoneStorage {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The phone's time. */
export interface PhoneTimers {
  /** @param ms - until `run` is called, once */
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** What a phone is made of. */
export interface PhoneParts {
  /** WeChat, for the user of this name. */
  wechat(name: string): PhoneWeChat
  /** Who is logged in to WeChat at first. */
  user: string
  appid: string
  /** Default `develop` */
  envVersion?: 'develop' | 'trial' | 'release' | undefined
  /** How it reaches servers. Default: the global `fetch` */
  fetch?: ((url: string, init?: RequestInit) => Promise<Response>) | undefined
  /** Default: in memory. */
  storage?: PhoneStorage | undefined
  /** Default: those of the process or page. */
  timers?: PhoneTimers | undefined
}

/** Options of `sandbox.phone`; all of them optional. */
export interface SandboxDeviceOptions extends Pick<PhoneParts, 'envVersion' | 'fetch'> {
  /** The mini program that runs on it. Default: the sandbox' first */
  appid?: string | undefined
}

/** What sort of network a phone has: `silent` is one in which everything is lost and nothing fails by itself. */
export type SandboxNetwork = 'online' | 'offline' | 'silent'

/** How {@link SandboxDevice.userInfo} makes its data; as {@link SandboxUserInfoOptions}. */
export type SandboxPhoneUserInfoOptions = Pick<
  SandboxUserInfoOptions,
  'variant' | 'profile' | 'anonymous' | 'openId'
>

/** What the user does with the sheet of the phone number button. */
export interface SandboxTapOptions {
  /** The user refuses. */
  deny?: boolean | undefined
  /** False: as base libraries before 2.21.2, encrypted data only. */
  code?: boolean | undefined
  /** Data that is wrong in some way. */
  variant?: SandboxDataVariant | undefined
}

/** `event.detail` of `bindgetphonenumber`. */
export interface SandboxPhoneNumberDetail {
  errMsg: string
  errno?: number
  code?: string
  encryptedData?: string
  iv?: string
}

/** What the user does with the sheet of the avatar button. */
export interface SandboxAvatarOptions {
  /** The user closes it. */
  cancel?: boolean | undefined
  /** The picture. Default: a small PNG */
  file?: Blob | undefined
}

/** The temporary files of the mini program that runs; gone with it. */
export interface SandboxFiles {
  /** @returns its path, as `http://tmp/1.png` */
  add(content: Blob): string
  /** What is at a path; undefined where nothing is, or no longer. */
  get(path: string): Blob | undefined
}

/**
 * A phone on which the mini program runs, and what its user can do with it.
 *
 * @example
 * ```ts
 * const phone = sandbox.phone('alice')
 * const login = createWxLogin({ baseUrl: 'http://127.0.0.1:3000', wx: phone.wx })
 * await login.ready()
 * const { phoneNumber } = await login.phone(await phone.tapPhoneNumber())
 * ```
 */
export interface SandboxDevice {
  /** The global `wx` of the mini program that runs: another one after {@link SandboxDevice.reopen}. */
  readonly wx: SandboxWx
  /** Who is logged in to WeChat. */
  readonly user: string
  /** `offline` is airplane mode: it also ends what is under way. May be set at any time. */
  network: SandboxNetwork
  /** Whether the user agreed to the mini program's privacy guide. False: private data is `… privacy permission is not authorized`. */
  privacyAgreed: boolean
  /** For `wx.uploadFile`. */
  readonly files: SandboxFiles
  /** A tap on `<button open-type="getPhoneNumber">`; never rejects for what a user or a network does. */
  tapPhoneNumber(options?: SandboxTapOptions): Promise<SandboxPhoneNumberDetail>
  /**
   * A tap on `<button open-type="chooseAvatar">`.
   * @returns the temporary path: `detail.avatarUrl` of `bindchooseavatar`
   * @throws a {@link SandboxWxFailure} where the user closed the sheet or did not agree to the privacy guide
   */
  chooseAvatar(options?: SandboxAvatarOptions): Promise<string>
  /** What `wx.getUserInfo` gives, of other data where the options say so. */
  userInfo(options?: SandboxPhoneUserInfoOptions): Promise<SandboxWxUserInfo>
  /** The user looks at something else: requests under way fail after five seconds of the phone's time, new ones at once. */
  background(): void
  /** The user comes back to the mini program. */
  foreground(): void
  /** The user deletes the mini program's data. */
  clearStorage(): void
  /** WeChat ends the mini program: none of its callbacks is ever called again, nor does its `wx` do anything. */
  kill(): void
  /** Ends the mini program where it still runs, and starts it again, with the storage it had. */
  reopen(): SandboxWx
  /** Another person logs in to WeChat on this phone: the mini program starts again, with that user's storage. */
  switchUser(name: string): SandboxWx
}
