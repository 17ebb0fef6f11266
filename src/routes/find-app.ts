import type { Request } from 'express'
import type { Runtime } from '../runtime.js'
import { servedApp } from '../served-app.js'
import type { WxApp } from '../types.js'

/**
 * The appid in the Referer, which WeChat sets on every `wx.request` and the mini program cannot change:
 * https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
 * Only a hint (anybody else can send it), good for nothing but choosing among the apps served here.
 */
export function refererAppid(req: Request): string | undefined {
  return /^https:\/\/servicewechat\.com\/([\w-]{1,64})\//.exec(req.get('referer') ?? '')?.[1]
}

/**
 * Which app a login is for: the appid in the body, else the one in the Referer, else the only one there is.
 *
 * @throws `WX_APP_UNKNOWN`; `WX_USER_HOOK_FAILED` where the app resolver fails or is too slow
 */
export function findApp(runtime: Runtime, appid: string | undefined, req: Request): Promise<WxApp> {
  const { apps } = runtime.settings
  const hint = refererAppid(req)
  // With a list of apps a Referer of another one says nothing; a function decides itself what it serves.
  const useful = hint !== undefined && (apps === undefined || apps.has(hint))
  return servedApp(runtime, appid ?? (useful ? hint : undefined), req)
}
