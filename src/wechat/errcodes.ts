import { WxLoginError, type WxErrorCode } from '../errors.js'

/**
 * WeChat's errcodes of a code exchange and the error each becomes.
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html
 */
const codes: Readonly<Record<number, WxErrorCode>> = {
  [-1]: 'WX_BUSY',
  40029: 'WX_CODE_INVALID',
  40163: 'WX_CODE_USED',
  40226: 'WX_USER_BLOCKED',
  45011: 'WX_RATE_LIMITED',
  40013: 'WX_APP_CONFIG',
  40125: 'WX_APP_CONFIG',
  40243: 'WX_APP_CONFIG',
  41002: 'WX_APP_CONFIG',
  41004: 'WX_APP_CONFIG',
  41008: 'WX_APP_CONFIG',
  61003: 'WX_APP_CONFIG',
}

const meanings: Readonly<Record<number, string>> = {
  40013: 'WeChat does not know this appid',
  40125: 'the AppSecret is wrong',
  40243: 'the AppSecret is frozen',
  41002: 'the appid is missing',
  41004: 'the AppSecret is missing',
  41008: 'the code is missing',
  61003: 'the mini program has not authorised this platform',
  40029: 'the code is wrong, expired, or of another mini program than this appid',
}

/** The errcode of a reply: 0 where there is none; a number in a string counts. */
export function errcodeOf(reply: Record<string, unknown>): number {
  const { errcode } = reply
  if (typeof errcode === 'number') return errcode
  return typeof errcode === 'string' && /^-?\d{1,6}$/.test(errcode) ? Number(errcode) : 0
}

/** WeChat's request id at the end of an errmsg (`rid: …`, formerly `req_id: …`). */
function ridOf(errmsg: unknown): string | undefined {
  return typeof errmsg === 'string' ? /(?:rid|req_id): ?([\w-]{4,64})/.exec(errmsg)?.[1] : undefined
}

/** The error for a reply whose errcode is not 0. WeChat's errmsg stays out of it: it can quote the request. */
export function errorOfReply(reply: Record<string, unknown>): WxLoginError {
  const errcode = errcodeOf(reply)
  const rid = ridOf(reply['errmsg'])
  const meaning = meanings[errcode]
  return new WxLoginError(codes[errcode] ?? 'WX_UPSTREAM', {
    errcode,
    ...(rid !== undefined && { rid }),
    reason: `WeChat answered errcode ${String(errcode)}${meaning ? `: ${meaning}` : ''}`,
  })
}
