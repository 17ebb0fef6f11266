import { signNothing } from '../cipher.js'
import type { World } from '../world.js'
import { authorize, type ApiRequest } from './endpoint.js'

/**
 * Who is named by a request that proves it has the user's session key; the errcode where it does not.
 *
 * @param keyless - the errcode where the user has no key at all
 */
export function readSignedSession(
  world: World,
  request: ApiRequest,
  keyless: 87007 | 87009,
): { name: string; appid: string; openid: string } | number {
  const appid = authorize(world, request)
  if (typeof appid === 'number') return appid
  const openid = request.query.get('openid') ?? ''
  const name = world.users.nameOf(openid, appid)
  if (name === undefined) return 40003
  if (request.query.get('sig_method') !== 'hmac_sha256') return 87008
  if (!world.keys.has(name, appid)) return keyless
  const expected = signNothing(world.keys.current(name, appid))
  return request.query.get('signature') === expected ? { name, appid, openid } : 87009
}
