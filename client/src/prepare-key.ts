import { call, nothing } from './call.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'

/**
 * `prepareKey`: asks WeChat whether the phone's key is that of its last code only where that code is known to have
 * reached the server; in every other case a new login is the only way to be sure.
 * https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.checkSession.html
 */
export function createPrepareKey<U>(
  settings: Settings<U>,
  sessions: Sessions<U>,
): () => Promise<void> {
  let running: Promise<void> | null = null

  const { wx } = settings
  return () => {
    if (!sessions.settled() || !wx.checkSession) return sessions.login().then(nothing)
    if (running) return running
    const check = sessions.guard()
    return (running = call((callbacks) => wx.checkSession!(callbacks), 'WX_LOGIN', settings.timeout)
      .then(nothing, () => true)
      .then((failed) => {
        running = null
        check()
        // A login may have begun since the check did.
        if (failed || !sessions.settled()) return sessions.login().then(nothing)
      }))
  }
}
