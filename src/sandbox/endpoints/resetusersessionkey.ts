import type { Endpoint } from './endpoint.js'
import { readSignedSession } from './session-signature.js'

/** `/wxa/resetusersessionkey`: ends the session key and gives the next one. */
export const resetusersessionkey: Endpoint = {
  method: 'GET',
  answer(world, request) {
    const session = readSignedSession(world, request, 87007)
    if (typeof session === 'number') return session
    const { name, appid, openid } = session
    if (!world.resets.take(name, appid)) return 45011
    return { ...world.error(0), openid, session_key: world.keys.replace(name, appid) }
  },
}
