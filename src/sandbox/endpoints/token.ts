import { authenticate, refusedIp, type Endpoint } from './endpoint.js'

/** `/cgi-bin/token`: a new access token with every call. */
export const token: Endpoint = {
  method: 'GET',
  answer(world, request) {
    const { query } = request
    if (query.get('grant_type') !== 'client_credential') return 40002
    const refused = refusedIp(world, request)
    if (refused) return refused
    const app = authenticate(world, request, {
      appid: query.get('appid') ?? '',
      secret: query.get('secret') ?? '',
    })
    return typeof app === 'number' ? app : world.tokens.plain(app.appid)
  },
}
