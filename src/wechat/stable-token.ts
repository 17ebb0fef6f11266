import { traceWeChat } from '../diagnostics-channels.js'
import type { WxFetch } from '../option-types.js'
import type { WxApp } from '../types.js'
import { errcodeOf } from './errcodes.js'
import { addressOf, askWeChat } from './http.js'
import type { WireRequest } from './wire.js'

const endpoint = '/cgi-bin/stable_token'

/**
 * Asks WeChat for the app's access token, once. WeChat answers every call with the same token until shortly before
 * its end, so that asking disturbs nobody.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
 *
 * @returns the answer as it is: `access_token` and `expires_in`, or `errcode`
 * @throws as {@link askWeChat}
 */
export function askStableToken(
  { baseUrl, fetch }: { baseUrl: string; fetch: WxFetch },
  { appid, secret }: WxApp,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const request: WireRequest = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'client_credential', appid, secret, force_refresh: false }),
  }
  const url = addressOf(baseUrl, endpoint)
  return traceWeChat({ endpoint, appid }, () => askWeChat(fetch, url, request, signal), errcodeOf)
}
