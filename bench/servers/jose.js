// A stateless token: HS256, verified by jose with a key imported once.
import { jwtVerify, SignJWT } from 'jose'
import { appid, bearer, createApp, refuse, secret, spoiled } from './common.js'

export async function start() {
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), hmac, false, [
    'sign',
    'verify',
  ])
  const app = createApp()
  app.get(
    '/me',
    async (req, res, next) => {
      try {
        const { payload } = await jwtVerify(bearer(req) ?? '', key, { algorithms: ['HS256'] })
        req.who = payload
      } catch {
        refuse(res)
        return
      }
      next()
    },
    (req, res) => void res.json({ openid: req.who.sub }),
  )
  return {
    app,
    async logIn(openid) {
      const token = await new SignJWT({ appid })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(openid)
        .setIssuedAt()
        .setExpirationTime('7d')
        .sign(key)
      return { openid, headers: { Authorization: `Bearer ${token}` } }
    },
    forge: ({ headers }) => ({ Authorization: spoiled(headers.Authorization) }),
  }
}
