import { wxLogin } from 'express-wx-login'
import { createRedis, type WxRedis } from 'express-wx-login/redis'
import { createSandbox } from 'express-wx-login/sandbox'
import { type Same, same } from '../same.js'

// What the subpaths make fits the options.
const sandbox = createSandbox()
const redis = createRedis('redis://127.0.0.1', { database: 1 })
same<Same<typeof redis, WxRedis>>()
wxLogin({
  appid: sandbox.appid,
  secret: sandbox.secret,
  session: { secret: '' },
  redis,
  wechat: { fetch: sandbox.fetch },
})
same<Same<ReturnType<ReturnType<typeof sandbox.user>['login']>, string>>()
// @ts-expect-error -- not a client
wxLogin({ appid: '', secret: '', session: { secret: '' }, redis: 'redis://127.0.0.1' })
