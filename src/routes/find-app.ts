import type { Request } from 'express'
import { WxLoginError } from '../errors.js'
import type { Runtime } from '../runtime.js'
import type { WxApp } from '../types.js'
import { runHook } from '../user-hook.js'

/**
 * The appid in the Referer, which WeChat sets on every `wx.request` and the mini program cannot change:
 * https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
 * Only a hint (anybody else can send it), good for nothing but choosing among the apps served here.
 */
function refererAppid(req: Request): string | undefined {
  return /^https:\/\/servicewechat\.com\/([\w-]{1,64})\//.exec(req.get('referer') ?? '')?.[1]
}

const unknownApp = (): WxLoginError => new WxLoginError('WX_APP_UNKNOWN')

/**
 * Which app a login is for: the appid in the body, else the one in the Referer, else the only one there is.
 *
 * @throws `WX_APP_UNKNOWN`; `WX_USER_HOOK_FAILED` where the app resolver fails or is too slow
 */
export async function findApp(
  runtime: Runtime,
  appid: string | undefined,
  req: Request,
): Promise<WxApp> {
  const { apps, resolver } = runtime.settings
  const hint = refererAppid(req)
  if (resolver) {
    const wanted = appid ?? hint
    const app = await runHook(runtime, 'apps', () => resolver(wanted, req))
    if (!app || (wanted !== undefined && app.appid !== wanted)) throw unknownApp()
    return app
  }
  const only = apps!.size === 1 ? apps!.values().next().value : undefined
  const app = appid !== undefined ? apps!.get(appid) : (hint && apps!.get(hint)) || only
  if (!app) throw unknownApp()
  return app
}
