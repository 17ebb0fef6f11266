// wafer-node-session's login, sent to the stand-in for WeChat: it knows only the real address.
import { createRequire } from 'node:module'
import wafer from 'wafer-node-session'
import { RedisStore } from '../lib/root.js'
import { encrypt } from '../lib/wechat.js'
import {
  appid,
  appSecret,
  codeFor,
  connectPlain,
  createApp,
  refuse,
  userOf,
  week,
} from './common.js'

const request = createRequire(import.meta.url)('request')

export const encrypted = (openid) =>
  encrypt({ openId: openid, ...userOf(openid), watermark: { appid, timestamp: 1_700_000_000 } })

export async function start({ redisUrl, wechatUrl }) {
  const send = request.get
  request.get = ({ url, ...options }, done) =>
    send({ ...options, url: url.replace('https://api.weixin.qq.com', wechatUrl) }, done)
  const client = await connectPlain(redisUrl)
  const store = new RedisStore({ client, prefix: 'wafer:' })
  const app = createApp()
  app.use(wafer({ appId: appid, appSecret, loginPath: '/wx/login', store, maxAge: week * 1000 }))
  app.get('/me', (req, res) => {
    if (req.session) res.json({ openid: req.session.userInfo.openId })
    else refuse(res)
  })
  return {
    app,
    async logIn(openid, port) {
      const { encryptedData, iv } = encrypted(openid)
      const answer = await fetch(`http://127.0.0.1:${port}/wx/login`, {
        headers: {
          'X-WX-Code': codeFor(openid),
          'X-WX-Encrypted-Data': encryptedData,
          'X-WX-IV': iv,
        },
      })
      const { session = {} } = await answer.json()
      return { openid, headers: { 'X-WX-Id': session.id ?? '', 'X-WX-Skey': session.skey ?? '' } }
    },
  }
}
