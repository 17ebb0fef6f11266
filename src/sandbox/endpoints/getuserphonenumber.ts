import { readAuthorized, type Endpoint } from './endpoint.js'

/** `/wxa/business/getuserphonenumber`: the number a tap on the phone number button stands for. Each success is paid for. */
export const getuserphonenumber: Endpoint = {
  method: 'POST',
  answer(world, request) {
    const read = readAuthorized(world, request, 'code', 'openid')
    if (typeof read === 'number') return read
    const { appid, texts } = read
    // WeChat has no word of its own for a code that is missing.
    const issued = world.codes.find(texts.code)
    if (issued?.kind !== 'phone' || issued.appid !== appid) return 40029
    if (issued.used) return 40163
    if (texts.openid !== '' && texts.openid !== world.users.openid(issued.name, appid)) return 40003
    issued.used = true
    world.phoneNumbers.charge()
    return {
      ...world.error(0),
      phone_info: {
        ...world.phoneNumbers.of(issued.name),
        // Of the tap, not of this call.
        watermark: { timestamp: Math.floor(issued.issuedAt / 1000), appid },
      },
    }
  },
}
