import { wxLogin } from 'express-wx-login'
import {
  createRedis,
  type WxRedis,
  type WxRedisCluster,
  type WxRedisOptions,
  type WxRedisSentinel,
} from 'express-wx-login/redis'
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

// What the URL names decides what is made; one known at run time only is a plain client's.
const cluster = createRedis('redis+cluster://a:7000,b:7001')
same<Same<typeof cluster, WxRedisCluster>>()
const sentinel = createRedis('rediss+sentinel://a,b/master', { disableOfflineQueue: false })
same<Same<typeof sentinel, WxRedisSentinel>>()
declare const configured: string
const atRunTime = createRedis(configured)
same<Same<typeof atRunTime, WxRedis>>()
for (const client of [cluster, sentinel, atRunTime]) {
  wxLogin({ appid: '', secret: '', session: { secret: '', absoluteTtl: undefined }, redis: client })
}
const value: Promise<string | null> = cluster.get('key')
const options: WxRedisOptions = { pingInterval: 500 }
createRedis('redis://a', options)
// @ts-expect-error -- a list of URLs is no URL
createRedis(['redis://a', 'redis://b'])
