import type { IncomingMessage } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Router,
} from 'express'
import {
  getWx,
  requireWxSession,
  type WxContext,
  wxErrorHandler,
  type WxIdentity,
  type WxLogin,
  wxLogin,
  type WxSessionEnd,
  type WxSessionInfo,
  type WxUser,
  type WxWatermark,
} from 'express-wx-login'
import { type Same, same } from '../same.js'

declare const req: Request

// There may be no session: `req.wx` says so.
same<Same<Request['wx'], WxContext | undefined>>()
// @ts-expect-error -- possibly undefined
req.wx.openid
const openid: string | undefined = req.wx?.openid
same<Same<ReturnType<typeof getWx>, WxContext>>()

const wx = getWx(req)
same<Same<typeof wx.appid, string>>()
same<Same<typeof wx.openid, string>>()
same<Same<typeof wx.sessionId, string>>()
same<Same<typeof wx.loginAt, Date>>()
same<Same<typeof wx.sessionKey, string>>()
same<Same<typeof wx.session_key, string>>()
// Nobody named the type of the user.
same<Same<typeof wx.user, unknown>>()
same<Same<WxUser, unknown>>()
// @ts-expect-error -- unknown until it is named
wx.user.name
wx.user = { anything: 1 }
// @ts-expect-error -- made at the login
wx.sessionKey = 'another'
// @ts-expect-error -- made at the login
wx.sessionId = 'another'

interface Run {
  stepInfoList: { timestamp: number; step: number }[]
}
same<Same<Awaited<ReturnType<typeof wx.verifySignature>>, boolean>>()
const run = wx.decrypt<Run>({ encryptedData: '', iv: '' })
same<Same<Awaited<typeof run>, Run & { watermark: WxWatermark }>>()
// @ts-expect-error -- the iv is missing
void wx.decrypt({ encryptedData: '' })
// @ts-expect-error -- the key is the session's own
void wx.verifySignature({ rawData: '', signature: '', sessionKey: '' })

// The guard: as a middleware, as a factory, and one request at a time.
const app = express()
app.use(requireWxSession)
app.use('/orders', requireWxSession({ maxAge: 60 }))
app.get('/orders', requireWxSession, (request, res) => {
  same<Same<typeof request.wx, WxContext | undefined>>()
  res.json(getWx(request).openid)
})
app.get('/orders/:id', requireWxSession({}), (request, res) => {
  res.json({ id: request.params.id, openid: request.wx!.openid })
})
app.delete('/account', requireWxSession({ maxAge: undefined }), (_req, res) => void res.end())
app.use(wxErrorHandler)
const handler: ErrorRequestHandler = wxErrorHandler
// The guard leaves Express to infer the parameters of the route.
app.get(
  '/users/:id',
  requireWxSession,
  (request, res) => void res.json(request.params.id satisfies string),
)
app.get(
  '/users/:id',
  requireWxSession({ maxAge: 60 }),
  (request, res) => void res.json(request.params.id satisfies string),
)
const guard: RequestHandler = requireWxSession
const factory: RequestHandler = requireWxSession()
// @ts-expect-error -- no such option
requireWxSession({ maxage: 60 })
// @ts-expect-error -- seconds
requireWxSession({ maxAge: '1h' })

// The plugin is a router, and more.
const login: WxLogin = wxLogin({ appid: '', secret: '', session: { secret: '' } })
const router: Router = login
app.use(login)
app.use('/api', login)
declare const message: IncomingMessage
same<Same<Awaited<ReturnType<typeof login.authenticate>>, WxContext | null>>()
void login.authenticate(message)
same<Same<Awaited<ReturnType<typeof login.close>>, void>>()
const who: WxIdentity = { appid: '', openid: '' }
same<Same<Awaited<ReturnType<typeof login.sessions.list>>, WxSessionInfo[]>>()
same<Same<Awaited<ReturnType<typeof login.sessions.revoke>>, boolean>>()
same<Same<Awaited<ReturnType<typeof login.sessions.revokeAll>>, number>>()
void login.sessions.revokeAll(who, { except: wx.sessionId })
void login.sessions.list(wx)
// @ts-expect-error -- never the openid alone
void login.sessions.list({ openid: '' })

// The end of a session: for req.wx, and for what authenticate() gave.
const forget = login.sessions.onEnd(wx, (end) => {
  same<Same<typeof end, WxSessionEnd>>()
  same<Same<typeof end.reason, 'logout' | 'login' | 'revoke' | 'limit' | 'gone'>>()
  same<Same<typeof end.sessionId, string>>()
})
same<Same<typeof forget, () => void>>()
// @ts-expect-error -- there may be no session
login.sessions.onEnd(req.wx, () => undefined)
// @ts-expect-error -- a user has many sessions
login.sessions.onEnd(who, () => undefined)
// @ts-expect-error -- the public id alone says nothing of the session behind it
login.sessions.onEnd(wx.sessionId, () => undefined)

// express-session's own request types are there, and know what the package keeps.
same<Same<typeof req.sessionID, string>>()
const record: unknown = req.session.wxUser
// @ts-expect-error -- the record is not a string
const wrong: string | undefined = req.session.wx
