// express-wx-login, as its README sets it up.
import { requireWxSession, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { sessionKey } from '../lib/wechat.js'
import { appid, appSecret, createApp, logInWithToken, secret, spoiled, userOf } from './common.js'

const cached = {
  RESP: 3,
  clientSideCache: { ttl: 3_600_000, maxEntries: 10_000, evictPolicy: 'LRU' },
}

/** Sessions without a WeChat: `codeFor` names the openid in the code. */
const code2Session = async ({ code }) => ({ openid: code.split('.')[0], sessionKey })

/** @param {{ redisUrl: string, cache?: boolean, prefix?: string }} options */
export async function start({ redisUrl, cache = false, prefix = 'ours:' }) {
  const redis = createRedis(redisUrl, cache ? cached : {})
  await redis.connect()
  const wx = wxLogin({
    appid,
    secret: appSecret,
    session: { secret },
    redis,
    redisPrefix: prefix,
    onUser: ({ openid, profile }) => ({ ...userOf(openid), ...profile }),
    wechat: { code2Session },
  })
  const app = createApp()
  app.use(wx)
  app.get('/me', requireWxSession, (req, res) => void res.json({ openid: req.wx.openid }))
  app.get('/user', requireWxSession, (req, res) => {
    res.json({ openid: req.wx.openid, nickName: req.wx.user.nickName })
  })
  app.get('/count', requireWxSession, (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ openid: req.wx.openid })
  })
  app.get('/public', (_req, res) => void res.json({ ok: true }))
  return {
    app,
    logIn: logInWithToken,
    forge: ({ headers }) => ({ Authorization: spoiled(headers.Authorization) }),
    answers: { revokeAll: (openid) => wx.sessions.revokeAll({ appid, openid }) },
  }
}
