import { traceWeChat } from '../diagnostics-channels.js'
import type { Runtime } from '../runtime.js'
import type { WxApp, WxCodeSession } from '../types.js'
import { checkCodeSession, code2Session } from '../wechat/code2session.js'
import { askOption } from '../wechat/http.js'

/** Exchanges a code, with WeChat or by the function of the app. @throws as {@link code2Session} */
export async function exchange(runtime: Runtime, app: WxApp, code: string): Promise<WxCodeSession> {
  const { code2Session: custom, baseUrl, timeout, fetch } = runtime.settings.wechat
  if (!custom) return code2Session({ ...app, code, baseUrl, timeout, fetch })
  const signal = AbortSignal.timeout(timeout)
  const ask = (): Promise<WxCodeSession> =>
    askOption(
      'wechat.code2Session',
      async () => checkCodeSession(await custom({ ...app, code, signal })),
      signal,
    )
  return traceWeChat({ endpoint: 'code2Session', appid: app.appid }, ask, () => 0)
}
