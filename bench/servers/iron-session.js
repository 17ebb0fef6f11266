// A stateless session: sealed in the cookie by iron-session.
import { getIronSession, sealData } from 'iron-session'
import { appid, createApp, refuse, secret, spoiled, week } from './common.js'

const options = { password: secret, cookieName: 'sid', ttl: week }

export async function start() {
  const app = createApp()
  app.get(
    '/me',
    async (req, res, next) => {
      req.session = await getIronSession(req, res, options)
      if (req.session.openid) next()
      else refuse(res)
    },
    (req, res) => void res.json({ openid: req.session.openid }),
  )
  return {
    app,
    async logIn(openid) {
      const seal = await sealData({ appid, openid, loginAt: Date.now() }, options)
      return { openid, headers: { Cookie: `sid=${encodeURIComponent(seal)}` } }
    },
    forge: ({ headers }) => ({ Cookie: spoiled(headers.Cookie) }),
  }
}
