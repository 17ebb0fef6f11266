import { traceWeChat } from '../diagnostics-channels.js'
import { WxLoginError } from '../errors.js'
import type { WxFetch } from '../option-types.js'
import { wechatDefaults } from '../settings.js'
import type { WxCodeSession } from '../types.js'
import { errcodeOf, errorOfReply, hasOddErrcode } from './errcodes.js'
import { addressOf, askWeChat, upstreamError, withinTime } from './http.js'
import { unlessBusy } from './unless-busy.js'

const endpoint = '/sns/jscode2session'

const isId = (value: unknown): value is string =>
  // No braces: the id becomes part of a Redis hash tag.
  typeof value === 'string' && /^[\x21-\x7a|~]{1,128}$/.test(value)

/** Whether this is a session key: base64 of 16 bytes. */
export const isSessionKey = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9+/]{22}==$/.test(value)

/** Whether this can be a code at all: 1 to 512 printable ASCII characters, not only blanks. */
export const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x7e]{1,512}$/.test(value) && value.trim() !== ''

/** Checks what a code was exchanged for, by WeChat or by the app's own exchange. */
export function checkCodeSession(
  found: Partial<Record<keyof WxCodeSession, unknown>>,
): WxCodeSession {
  const { openid, sessionKey, unionid } = found
  if (!isId(openid)) throw upstreamError('the answer to the code has no usable openid')
  if (!isSessionKey(sessionKey)) {
    throw upstreamError('the answer to the code has no session_key of 16 bytes')
  }
  return { openid, sessionKey, ...(isId(unionid) && { unionid }) }
}

/**
 * Exchanges a code from `wx.login` for the user's identity and session key: one request, and one more
 * only after errcode -1 (busy: no session was issued), or where WeChat closes a kept connection without
 * a word of answer. Needs no access token. A code is spent by the attempt, so that nothing else is tried
 * again.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html
 *
 * @param d.baseUrl - default `https://api.weixin.qq.com`
 * @param d.timeout - deadline of the whole exchange in ms, default 5000
 * @param d.fetch - default the global one, or what does the same faster where that is Node's own
 * @throws {@link WxLoginError} `WX_BAD_REQUEST` for something that is no code, `WX_CODE_INVALID`,
 *   `WX_CODE_USED`, `WX_RATE_LIMITED`, `WX_USER_BLOCKED`, `WX_APP_CONFIG`, `WX_BUSY`, `WX_UPSTREAM`
 * @example
 * ```ts
 * const { openid, sessionKey } = await code2Session({ appid, secret, code: req.body.code })
 * ```
 */
export async function code2Session(d: {
  appid: string
  secret: string
  code: string
  baseUrl?: string | undefined
  timeout?: number | undefined
  fetch?: WxFetch | undefined
}): Promise<WxCodeSession> {
  if (!isCode(d.code)) {
    throw new WxLoginError('WX_BAD_REQUEST', { message: 'code: must be what wx.login gave.' })
  }
  const query = new URLSearchParams({
    appid: d.appid,
    secret: d.secret,
    js_code: d.code,
    grant_type: 'authorization_code',
  })
  const { baseUrl = wechatDefaults.baseUrl } = d
  const url = addressOf(baseUrl, `${endpoint}?${query.toString()}`)
  const send = d.fetch ?? wechatDefaults.fetch

  const reply = await withinTime(d.timeout ?? wechatDefaults.timeout, (signal) => {
    const ask = (): ReturnType<typeof askWeChat> => askWeChat(send, url, { method: 'GET' }, signal)
    return unlessBusy(() => traceWeChat({ endpoint, appid: d.appid }, ask, errcodeOf), signal)
  })
  if (errcodeOf(reply) !== 0) throw errorOfReply(reply)
  // Whatever it means, it is no yes.
  if (hasOddErrcode(reply))
    throw upstreamError('the errcode in the answer to the code is no number')
  return checkCodeSession({
    openid: reply['openid'],
    sessionKey: reply['session_key'],
    unionid: reply['unionid'],
  })
}
