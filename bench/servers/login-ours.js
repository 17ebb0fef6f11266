// express-wx-login against the stand-in for WeChat; for one app, or for many that a function finds.
import { requireWxSession, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { appid, appidOf, appSecret, createApp, logInWithToken, secret, userOf } from './common.js'

/** @param {{ redisUrl: string, wechatUrl: string, apps?: number, prefix?: string }} options */
export async function start({ redisUrl, wechatUrl, apps = 0, prefix = 'ours:' }) {
  const redis = createRedis(redisUrl)
  await redis.connect()
  const known = new Map(
    Array.from({ length: apps }, (_, i) => [appidOf(i), { appid: appidOf(i), secret: appSecret }]),
  )
  const wx = wxLogin({
    ...(apps === 0
      ? { appid, secret: appSecret }
      : { apps: async (wanted) => known.get(wanted ?? appidOf(0)) }),
    session: { secret },
    redis,
    redisPrefix: prefix,
    onUser: ({ openid }) => userOf(openid),
    wechat: { baseUrl: wechatUrl },
  })
  const app = createApp()
  app.use(wx)
  app.get('/me', requireWxSession, (req, res) => void res.json({ openid: req.wx.openid }))
  return {
    app,
    logIn: (openid, port) => logInWithToken(openid, port, apps > 0 ? appidOf(0) : undefined),
  }
}
