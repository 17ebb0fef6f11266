// The routes of the example app on whatever Express lies beside it; its WeChat is at WX_API_BASE.
import { readFileSync } from 'node:fs'
import express from 'express'
import { getWx, requireWxSession, wxErrorHandler, wxLogin } from 'express-wx-login'
import { SANDBOX_APPID, SANDBOX_SECRET } from 'express-wx-login/sandbox'

const manifest = new URL('node_modules/express/package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(manifest, 'utf8'))

const app = express()
app.use(
  wxLogin({
    appid: SANDBOX_APPID,
    secret: SANDBOX_SECRET,
    session: { secret: 'a session secret of attack 47, long enough' },
    wechat: { baseUrl: process.env.WX_API_BASE },
    onUser: ({ profile }) => ({ nickname: profile?.nickName ?? null }),
  }),
)
app.get('/public', (_req, res) => void res.json({ message: 'Everybody may read this.' }))
app.use('/me', requireWxSession)
app.get('/me', (req, res) => {
  const { openid, user } = getWx(req)
  res.json({ openid, user })
})
app.get('/me/notes', (req, res) => void res.json({ notes: [getWx(req).openid] }))
app.post('/me/notes', express.json(), (req, res) => void res.json({ notes: [getWx(req).openid] }))
app.post('/me/avatar', (req, res) => void res.json({ user: getWx(req).user }))
app.get('/me/events', (req, res) => void res.json({ openid: getWx(req).openid }))
app.use(wxErrorHandler)

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`Express ${version}: http://127.0.0.1:${server.address().port}`)
})
