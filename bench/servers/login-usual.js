// A login as it is usually written: global fetch, express-session, regenerate, and a save that is waited for.
import { express, expressSession, RedisStore } from '../lib/root.js'
import {
  appid,
  appSecret,
  codeFor,
  connectPlain,
  createApp,
  refuse,
  secret,
  sessionOf,
  week,
} from './common.js'

export async function start({ redisUrl, wechatUrl }) {
  const client = await connectPlain(redisUrl)
  const app = createApp()
  app.use(
    expressSession({
      secret,
      store: new RedisStore({ client, prefix: 'usual:' }),
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: week * 1000 },
    }),
  )
  app.post('/wx/login', express.json(), (req, res, next) => {
    const query = new URLSearchParams({
      ...{ appid, secret: appSecret, js_code: req.body.code },
      grant_type: 'authorization_code',
    })
    void fetch(`${wechatUrl}/sns/jscode2session?${query}`)
      .then((response) => response.json())
      .then(({ openid, session_key: sessionKey }) => {
        if (openid === undefined) {
          refuse(res)
          return
        }
        req.session.regenerate((failure) => {
          if (failure) {
            next(failure)
            return
          }
          const session = Object.assign(req.session, sessionOf(openid, sessionKey))
          session.save((error) => {
            if (error) next(error)
            else res.json({ user: session.wxUser })
          })
        })
      })
      .catch(next)
  })
  app.get('/me', (req, res) => {
    if (req.session.wx) res.json({ openid: req.session.wx.openid })
    else refuse(res)
  })
  return {
    app,
    async logIn(openid, port) {
      const answer = await fetch(`http://127.0.0.1:${port}/wx/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ code: codeFor(openid) }),
      })
      await answer.arrayBuffer()
      return {
        openid,
        headers: { Cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' },
      }
    },
  }
}
