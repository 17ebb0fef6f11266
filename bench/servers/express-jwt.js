// A stateless token: HS256, verified by express-jwt (on jsonwebtoken) with a key made once.
import { createSecretKey } from 'node:crypto'
import { expressjwt } from 'express-jwt'
import jwt from 'jsonwebtoken'
import { appid, createApp, refuse, secret, spoiled, week } from './common.js'

export async function start() {
  const key = createSecretKey(Buffer.from(secret))
  const app = createApp()
  app.get('/me', expressjwt({ secret: key, algorithms: ['HS256'] }), (req, res) => {
    res.json({ openid: req.auth.sub })
  })
  app.use((error, _req, res, next) => {
    if (error.name === 'UnauthorizedError') refuse(res)
    else next(error)
  })
  return {
    app,
    async logIn(openid) {
      const token = jwt.sign({ appid }, key, { subject: openid, expiresIn: week })
      return { openid, headers: { Authorization: `Bearer ${token}` } }
    },
    forge: ({ headers }) => ({ Authorization: spoiled(headers.Authorization) }),
  }
}
