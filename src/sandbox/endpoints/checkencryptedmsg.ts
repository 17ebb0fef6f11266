import { authorize, readJson, readTexts, type Endpoint } from './endpoint.js'

/** `/wxa/business/checkencryptedmsg`: whether WeChat made this encrypted phone number. */
export const checkencryptedmsg: Endpoint = {
  method: 'POST',
  answer(world, request) {
    const appid = authorize(world, request)
    if (typeof appid === 'number') return appid
    const json = readJson(request)
    if (typeof json === 'number') return json
    const texts = readTexts(json, 'encrypted_msg_hash')
    if (typeof texts === 'number') return texts
    const hash = texts.encrypted_msg_hash
    if (!/^[0-9a-f]{64}$/i.test(hash)) return 40097
    const message = world.messages.find(hash.toLowerCase(), appid)
    // `vaild` is how WeChat spells it.
    return message
      ? { ...world.error(0), vaild: true, create_time: Math.floor(message.createdAt / 1000) }
      : { ...world.error(1), vaild: false, create_time: 0 }
  },
}
