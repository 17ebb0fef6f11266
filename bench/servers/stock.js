// express-session and connect-redis, set up as their documentation says, with a cookie.
import { expressSession, RedisStore } from '../lib/root.js'
import { connectPlain, createApp, refuse, secret, sessionOf, spoiled, week } from './common.js'

const guard = (req, res, next) => {
  if (req.session.wx) next()
  else refuse(res)
}

export async function start({ redisUrl }) {
  const client = await connectPlain(redisUrl)
  const app = createApp()
  app.use(
    expressSession({
      secret,
      store: new RedisStore({ client, prefix: 'stock:' }),
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: week * 1000 },
    }),
  )
  app.post('/log-in/:openid', (req, res, next) => {
    req.session.regenerate((failure) => {
      if (failure) next(failure)
      else {
        Object.assign(req.session, sessionOf(req.params.openid))
        res.json({ ok: true })
      }
    })
  })
  app.get('/me', guard, (req, res) => void res.json({ openid: req.session.wx.openid }))
  app.get('/count', guard, (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ openid: req.session.wx.openid })
  })
  app.get('/public', (_req, res) => void res.json({ ok: true }))
  return {
    app,
    async logIn(openid, port) {
      const answer = await fetch(`http://127.0.0.1:${port}/log-in/${openid}`, { method: 'POST' })
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
      await answer.arrayBuffer()
      return { openid, headers: { Cookie: cookie } }
    },
    forge: ({ headers }) => ({ Cookie: spoiled(headers.Cookie) }),
  }
}
