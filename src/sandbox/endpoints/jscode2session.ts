import { mockCode } from '../../wechat/code-kinds.js'
import type { World } from '../world.js'
import { authenticate, type Endpoint } from './endpoint.js'

/** The answer to a login of this user, unless WeChat refuses it. */
function session(world: World, name: string, appid: string, key: () => string): object | number {
  if (world.users.get(name).blocked) return 40226
  if (!world.logins.take(name, appid)) return 45011
  const unionid = world.users.unionid(name)
  return {
    session_key: key(),
    openid: world.users.openid(name, appid),
    ...(unionid !== undefined && { unionid }),
  }
}

/** https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html */
export const jscode2session: Endpoint = {
  method: 'GET',
  answer(world, request) {
    const { query } = request
    const app = authenticate(world, request, {
      appid: query.get('appid') ?? '',
      secret: query.get('secret') ?? '',
    })
    if (typeof app === 'number') return app
    const { appid } = app
    const code = query.get('js_code') ?? ''
    if (code === '') return 41008
    if ((query.get('grant_type') ?? 'authorization_code') !== 'authorization_code') return 40002
    if (code === mockCode) {
      return session(world, 'guest', appid, () => world.keys.login('guest', appid))
    }
    const issued = world.codes.find(code)
    if (issued?.kind !== 'login' || issued.appid !== appid) return 40029
    if (issued.used) return 40163
    return session(world, issued.name, appid, () => {
      issued.used = true
      return issued.sessionKey
    })
  },
}
