// The profile route by hand: one GET, the signature, the decryption, one SET. The session key lies open in Redis.
import { createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto'
import { createRedis } from 'express-wx-login/redis'
import { express } from '../lib/root.js'
import { sessionKey } from '../lib/wechat.js'
import { appid, bearer, createApp, refuse, sessionOf, userOf, week } from './common.js'

const base64 = (text) => Buffer.from(text, 'base64')

function read(key, { rawData, signature, encryptedData, iv }) {
  if (
    createHash('sha1')
      .update(rawData + key)
      .digest('hex') !== signature
  )
    return undefined
  const decipher = createDecipheriv('aes-128-cbc', createSecretKey(base64(key)), base64(iv))
  const bytes = Buffer.concat([decipher.update(base64(encryptedData)), decipher.final()])
  const { watermark, openId: _, ...profile } = JSON.parse(bytes.toString('utf8'))
  return watermark.appid === appid ? profile : undefined
}

export async function start({ redisUrl }) {
  const redis = createRedis(redisUrl)
  await redis.connect()
  const app = createApp()
  const save = (token, session) =>
    redis.set(`floor:${token}`, JSON.stringify(session), {
      expiration: { type: 'EX', value: week },
    })
  app.post('/wx/profile', express.json(), async (req, res) => {
    const token = bearer(req)
    const text = await redis.get(`floor:${token}`)
    const session = text === null ? undefined : JSON.parse(text)
    const profile = session && read(session.wx.key, req.body)
    if (!profile) {
      refuse(res)
      return
    }
    session.wxUser = { ...userOf(session.wx.openid), ...profile }
    await save(token, session)
    res.json({ user: session.wxUser })
  })
  return {
    app,
    async logIn(openid) {
      const token = randomBytes(24).toString('base64url')
      const session = sessionOf(openid, sessionKey)
      session.wx.key = sessionKey
      await save(token, session)
      return { openid, headers: { Authorization: `Bearer ${token}` } }
    },
  }
}
