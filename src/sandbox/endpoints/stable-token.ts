import { authenticate, readJson, readTexts, refusedIp, type Endpoint } from './endpoint.js'

/** `/cgi-bin/stable_token`: the same access token until shortly before its end. */
export const stableToken: Endpoint = {
  method: 'POST',
  answer(world, request) {
    const json = readJson(request)
    if (typeof json === 'number') return json
    const texts = readTexts(json, 'grant_type', 'appid', 'secret')
    if (typeof texts === 'number') return texts
    const force = json['force_refresh'] ?? false
    if (typeof force !== 'boolean') return 47001
    if (texts.grant_type !== 'client_credential') return 40002
    const refused = refusedIp(world, request)
    if (refused) return refused
    const app = authenticate(world, request, texts)
    if (typeof app === 'number') return app
    return force ? world.tokens.forceStable(app.appid) : world.tokens.stable(app.appid)
  },
}
