import { authenticate, type Endpoint } from './endpoint.js'

/** `/cgi-bin/token`: a new access token with every call. */
export const token: Endpoint = {
  method: 'GET',
  answer(world, { query }) {
    if (query.get('grant_type') !== 'client_credential') return 40002
    const app = authenticate(world, query.get('appid') ?? '', query.get('secret') ?? '')
    return typeof app === 'number' ? app : world.tokens.plain(app.appid)
  },
}
