import { readAuthorized, type Endpoint } from './endpoint.js'

/** `/wxa/business/checkencryptedmsg`: whether WeChat made this encrypted phone number. */
export const checkencryptedmsg: Endpoint = {
  method: 'POST',
  answer(world, request) {
    const read = readAuthorized(world, request, 'encrypted_msg_hash')
    if (typeof read === 'number') return read
    const { appid, json, texts } = read
    if (json['encrypted_msg_hash'] === undefined) return 47001
    const hash = texts.encrypted_msg_hash
    if (!/^[0-9a-f]{64}$/i.test(hash)) return 40097
    const message = world.messages.find(hash.toLowerCase(), appid)
    // `vaild` is how WeChat spells it.
    return message
      ? { ...world.error(0), vaild: true, create_time: Math.floor(message.createdAt / 1000) }
      : { ...world.error(1), vaild: false, create_time: 0 }
  },
}
