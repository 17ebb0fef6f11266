// wafer-node-session (Tencent, 2017) on connect-redis. It answers its refusals with status 200.
import { createHash, randomBytes } from 'node:crypto'
import wafer from 'wafer-node-session'
import { RedisStore } from '../lib/root.js'
import { appid, appSecret, connectPlain, createApp, refuse, sessionOf, week } from './common.js'

export async function start({ redisUrl }) {
  const client = await connectPlain(redisUrl)
  const store = new RedisStore({ client, prefix: 'wafer:' })
  const app = createApp()
  const maxAge = week * 1000
  app.use(wafer({ appId: appid, appSecret, loginPath: '/login', store, maxAge }))
  app.get('/me', (req, res) => {
    if (req.session) res.json({ openid: req.session.userInfo.openId })
    else refuse(res)
  })
  return {
    app,
    // As its login does, which needs WeChat.
    async logIn(openid) {
      const sessionKey = randomBytes(16).toString('base64')
      const skey = createHash('sha1')
        .update(appid + appSecret + sessionKey)
        .digest('hex')
      const id = randomBytes(32).toString('hex')
      const { wxUser } = sessionOf(openid)
      const userInfo = { openId: openid, ...wxUser, watermark: { appid, timestamp: 1_700_000_000 } }
      const cookie = new wafer.Cookie({ maxAge })
      await store.set(id, { id, skey, sessionKey, userInfo, cookie })
      return { openid, headers: { 'X-WX-Id': id, 'X-WX-Skey': skey } }
    },
    forge: ({ headers }) => ({ ...headers, 'X-WX-Skey': '0'.repeat(40) }),
  }
}
