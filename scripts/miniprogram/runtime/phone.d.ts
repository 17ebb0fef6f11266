import type { SandboxDevice } from '../../../src/sandbox/phone/types.js'

/** The phone that a mini program runs on, and what the sheets of WeChat show of its user. */
export interface Phone {
  device: SandboxDevice
  /** The number on the sheet of the phone number button, as `139****0000`. */
  maskedPhoneNumber?: string
  /** The user's own nickname, which the keyboard offers for `<input type="nickname">`. */
  nickname?: string
  /** The pictures that the sheet of the avatar button offers. */
  pictures(): Promise<Blob[]>
  /** Where this browser finds a picture of the web. */
  reach(url: string): string
}
