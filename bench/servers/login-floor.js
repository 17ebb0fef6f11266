// The floor of a login: Express, a pool of undici and one SET by hand. Nothing is signed, sealed or listed.
import { randomBytes } from 'node:crypto'
import { createRedis } from 'express-wx-login/redis'
import { Pool } from 'undici'
import { express } from '../lib/root.js'
import {
  appid,
  appSecret,
  bearer,
  createApp,
  logInWithToken,
  refuse,
  sessionOf,
  week,
} from './common.js'

export async function start({ redisUrl, wechatUrl }) {
  const redis = createRedis(redisUrl)
  await redis.connect()
  const pool = new Pool(wechatUrl, { connections: 64 })
  const app = createApp()
  app.post('/wx/login', express.json(), async (req, res) => {
    const query = `appid=${appid}&secret=${appSecret}&js_code=${encodeURIComponent(req.body.code)}&grant_type=authorization_code`
    const { body } = await pool.request({ path: `/sns/jscode2session?${query}`, method: 'GET' })
    const { openid, session_key: sessionKey } = JSON.parse(await body.text())
    if (openid === undefined) {
      refuse(res)
      return
    }
    const token = randomBytes(24).toString('base64url')
    const session = sessionOf(openid, sessionKey)
    await redis.set(`floor:${token}`, JSON.stringify(session), {
      expiration: { type: 'EX', value: week },
    })
    res.json({ token, user: session.wxUser })
  })
  app.get('/me', async (req, res) => {
    const text = await redis.get(`floor:${bearer(req)}`)
    if (text === null) refuse(res)
    else res.json({ openid: JSON.parse(text).wx.openid })
  })
  return { app, logIn: logInWithToken }
}
