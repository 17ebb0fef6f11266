import { type WxApp, type WxLoginOptions, wxLogin } from 'express-wx-login'

const appid = 'wx0123456789abcdef'
const secret = '0123456789abcdef0123456789abcdef'
const session = { secret: 'a session secret that is long enough' }

// One app, a list of apps, or a function that finds them.
wxLogin({ appid, secret, session })
wxLogin({ apps: [{ appid, secret }], session })
wxLogin({ apps: (wanted) => (wanted === appid ? { appid, secret } : null), session })
// The request is not there where wx.api is called outside of one.
wxLogin({
  apps: async (wanted, req) => ({ appid: wanted ?? req?.hostname ?? appid, secret }),
  session,
})

// @ts-expect-error -- no app at all
wxLogin({ session })
// @ts-expect-error -- an appid without its secret
wxLogin({ appid, session })
// @ts-expect-error -- a secret without its appid
wxLogin({ secret, session })
// @ts-expect-error -- both forms at once
wxLogin({ appid, secret, apps: [{ appid, secret }], session })
// @ts-expect-error -- the name WeChat's console uses, not ours
wxLogin({ appid, appSecret: secret, session })
// @ts-expect-error -- an app without its secret
wxLogin({ apps: [{ appid }], session })
// @ts-expect-error -- a resolver that answers undefined
wxLogin({ apps: () => undefined, session })
// @ts-expect-error -- nothing
wxLogin()

// `undefined` is the same as leaving it out, also under exactOptionalPropertyTypes.
const maybe: string[] | undefined = [session.secret].slice(0)
wxLogin({
  appid,
  secret,
  session: maybe
    ? { secret: maybe, ttl: undefined, absoluteTtl: undefined, name: undefined, cookie: undefined }
    : undefined,
  redis: undefined,
  transport: { header: 'x-token', scheme: '', cookie: true },
  routes: { login: '/login', profile: false },
  onUser: undefined,
  onLogin: undefined,
  hookTimeout: undefined,
  wechat: { baseUrl: undefined, timeout: 1000 },
  watermarkMaxAge: 60,
})

// @ts-expect-error -- a path is a string or false
wxLogin({ appid, secret, session, routes: { login: true } })
// @ts-expect-error -- no such route
wxLogin({ appid, secret, session, routes: { signin: '/login' } })
// @ts-expect-error -- the session's secret is required
wxLogin({ appid, secret, session: {} })
// @ts-expect-error -- seconds, not a phrase
wxLogin({ appid, secret, session: { ...session, ttl: '7d' } })
// @ts-expect-error -- seconds, not a date
wxLogin({ appid, secret, session: { ...session, absoluteTtl: new Date() } })
// @ts-expect-error -- the plugin decides when a cookie ends
wxLogin({ appid, secret, session: { ...session, cookie: { maxAge: 1 } } })

// A list read from a file or a database.
declare const apps: WxApp[]
const options: WxLoginOptions = { apps, session }
wxLogin(options)
