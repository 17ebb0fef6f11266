// The floor: Express and one GET written by hand. No signature, no sliding expiry, no req.session.
import { randomBytes } from 'node:crypto'
import { createRedis } from 'express-wx-login/redis'
import { bearer, connectPlain, createApp, refuse, sessionOf, week } from './common.js'

/** @param {{ redisUrl: string, lean?: boolean }} options - lean: no timer of node-redis for each command */
export async function start({ redisUrl, lean = false }) {
  const redis = lean ? createRedis(redisUrl) : await connectPlain(redisUrl)
  if (lean) await redis.connect()
  const app = createApp()
  app.get(
    '/me',
    async (req, res, next) => {
      const text = await redis.get(`floor:${bearer(req)}`)
      if (text === null) {
        refuse(res)
        return
      }
      req.who = JSON.parse(text)
      next()
    },
    (req, res) => void res.json({ openid: req.who.wx.openid }),
  )
  return {
    app,
    async logIn(openid) {
      const token = randomBytes(24).toString('base64url')
      await redis.set(`floor:${token}`, JSON.stringify(sessionOf(openid)), {
        expiration: { type: 'EX', value: week },
      })
      return { openid, headers: { Authorization: `Bearer ${token}` } }
    },
    forge: () => ({ Authorization: `Bearer ${randomBytes(24).toString('base64url')}` }),
  }
}
