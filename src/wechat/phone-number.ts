import type { WxPhone } from '../types.js'

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/**
 * A phone number as WeChat's server (`phone_info`) and the button's encrypted data say it. WeChat documents the
 * country code as a string in one place and as a number in another; it is a string here.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html
 *
 * @returns null where a field is missing or of another type
 */
export function toPhone(found: Record<string, unknown>): WxPhone | null {
  const { phoneNumber, purePhoneNumber, countryCode } = found
  const code = Number.isSafeInteger(countryCode) ? String(countryCode) : countryCode
  return isText(phoneNumber) && isText(purePhoneNumber) && isText(code)
    ? { phoneNumber, purePhoneNumber, countryCode: code }
    : null
}
