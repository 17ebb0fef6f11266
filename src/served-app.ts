import type { Request } from 'express'
import { WxLoginError } from './errors.js'
import type { Runtime } from './runtime.js'
import type { WxApp } from './types.js'
import { runHook } from './user-hook.js'

const unknownApp = (): WxLoginError => new WxLoginError('WX_APP_UNKNOWN')

/**
 * The app of this appid, or the only one there is where none is named.
 *
 * @throws `WX_APP_UNKNOWN`; `WX_USER_HOOK_FAILED` where the app resolver fails or is too slow
 */
export async function servedApp(
  { settings }: Runtime,
  appid: string | undefined,
  req?: Request,
): Promise<WxApp> {
  const { apps, resolver } = settings
  if (resolver) {
    const app = await runHook(settings, 'apps', () => resolver(appid, req))
    if (!app || (appid !== undefined && app.appid !== appid)) throw unknownApp()
    return app
  }
  const only = apps!.size === 1 ? apps!.values().next().value : undefined
  const app = appid === undefined ? only : apps!.get(appid)
  if (!app) throw unknownApp()
  return app
}
