import type { Endpoint } from './endpoint.js'
import { readSignedSession } from './session-signature.js'

/** `/wxa/checksession`: whether the server's session key is the valid one. */
export const checksession: Endpoint = {
  method: 'GET',
  answer(world, request) {
    const session = readSignedSession(world, request, 87009)
    return typeof session === 'number' ? session : world.error(0)
  },
}
