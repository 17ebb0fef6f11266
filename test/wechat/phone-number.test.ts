import * as fc from 'fast-check'
import { toPhone } from '../../src/wechat/phone-number.js'

const chinese = { phoneNumber: '13580006666', purePhoneNumber: '13580006666', countryCode: '86' }

describe('toPhone', () => {
  test('takes the number that WeChat’s documentation shows', () => {
    const watermark = { appid: 'wx1', timestamp: 1637744274 }
    expect(toPhone({ ...chinese, watermark })).toEqual(chinese)
  })

  test.each([
    [86, '86'],
    ['86', '86'],
    [852, '852'],
    [1, '1'],
  ])('makes a string of the country code %j', (countryCode, text) => {
    expect(toPhone({ ...chinese, countryCode })).toEqual({ ...chinese, countryCode: text })
  })

  test('takes a foreign number as it is', () => {
    const foreign = {
      phoneNumber: '+85291234567',
      purePhoneNumber: '91234567',
      countryCode: '852',
    }
    expect(toPhone(foreign)).toEqual(foreign)
  })

  test.each(Object.keys(chinese))('is null without %s', (name) => {
    expect(toPhone({ ...chinese, [name]: undefined })).toBeNull()
    expect(toPhone({ ...chinese, [name]: null })).toBeNull()
    expect(toPhone({ ...chinese, [name]: '' })).toBeNull()
  })

  test('only ever gives three texts', () => {
    const value = fc.oneof(fc.jsonValue(), fc.string(), fc.integer(), fc.double())
    const info = fc.record({ phoneNumber: value, purePhoneNumber: value, countryCode: value })
    fc.assert(
      fc.property(info, (found) => {
        const phone = toPhone(found)
        const texts = phone === null ? [] : Object.values(phone)
        for (const text of texts) expect(typeof text === 'string' && text !== '').toBe(true)
        expect(phone !== null).toBe(
          [found.phoneNumber, found.purePhoneNumber].every(
            (text) => typeof text === 'string' && text !== '',
          ) &&
            ((typeof found.countryCode === 'string' && found.countryCode !== '') ||
              Number.isSafeInteger(found.countryCode)),
        )
      }),
      { numRuns: 1000 },
    )
  })
})
