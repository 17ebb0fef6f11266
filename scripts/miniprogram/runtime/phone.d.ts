import type { SandboxDevice } from '../../../src/sandbox/phone/types.js'

/** A picture that the sheet of the avatar button offers. */
export interface PhonePicture {
  file: Blob
  /** Under it, and what a screen reader says. Default: which one in the row it is */
  caption?: string
  /** WeChat's review refuses it: the mini program never hears of it. */
  failsReview?: boolean
}

/** Light or dark. */
export interface Theme {
  readonly dark: boolean
  onChange(listener: () => void): void
  /** Makes the `prefers-color-scheme` of a style sheet mean this theme. */
  follow(sheet: CSSStyleSheet): void
}

/** A mini program that runs. */
export interface RunningProgram {
  /** It goes to the background: `onHide` */
  hide(): void
  /** It comes to the front again: `onShow` */
  show(): void
  /** Takes it from the screen, without a word to it. */
  end(): void
}

/** The phone that a mini program runs on, and what the sheets of WeChat show of its user. */
export interface Phone {
  device: SandboxDevice
  /** Where the mini program shows. Default: the body */
  screen?: HTMLElement
  /** Of what WeChat itself says. Default `zh` */
  lang?: 'zh' | 'en'
  /** Default: the browser's */
  theme?: Theme
  /** The number on the sheet of the phone number button, as `139****0000`. */
  phoneNumber?(): Promise<string>
  /** The user binds another number to WeChat; without it the sheet does not offer that. */
  useNumber?(number: string): Promise<void>
  /** The user's own nickname, which the keyboard offers for `<input type="nickname">`. */
  nickname?: string
  /** The pictures that the sheet of the avatar button offers. */
  pictures(): Promise<PhonePicture[]>
  /** Where this browser finds a picture of the web. */
  reach(url: string): string
  /** The buttons at the top right of every page; without it there are none. */
  capsule?: { close(): void; restart(): void }
  /** Told of the mini program before any of its code runs. */
  onStart?(program: RunningProgram): void
}
