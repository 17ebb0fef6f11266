import type { World } from './world.js'

/**
 * A user's phone number as WeChat says it, but for the watermark: the same number in every run, of a form
 * that passes every check for Chinese mobile numbers.
 */
export function phoneFields(world: World, name: string): Record<string, string> {
  const digits = String(world.seeds.identity('phone', name).readUIntBE(0, 6) % 1e8)
  const number = `139${digits.padStart(8, '0')}`
  return { phoneNumber: number, purePhoneNumber: number, countryCode: '86' }
}
