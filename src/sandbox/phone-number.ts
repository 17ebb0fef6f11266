import type { Seeds } from './seed.js'
import type { SandboxPhone } from './user-types.js'
import type { Users } from './users.js'

/** The users' phone numbers, and what they cost. */
export interface PhoneNumbers {
  /**
   * A user's phone number as WeChat says it, but for the watermark: the same number in every run, of a form that
   * passes every check for Chinese mobile numbers, unless the user was given another one.
   */
  of(name: string): SandboxPhone
  /** One more success of getuserphonenumber. */
  charge(): void
  /** How many there were. */
  readonly paid: number
}

export function createPhoneNumbers(seeds: Seeds, users: Users): PhoneNumbers {
  let paid = 0
  return {
    of(name) {
      const digits = String(seeds.identity('phone', name).readUIntBE(0, 6) % 1e8)
      const number = `139${digits.padStart(8, '0')}`
      const own = users.get(name).phone
      return { phoneNumber: number, purePhoneNumber: number, countryCode: '86', ...own }
    },
    charge() {
      paid += 1
    },
    get paid() {
      return paid
    },
  }
}
