import { WxLoginError, type WxErrorCode } from '../errors.js'

/** Errcodes of WeChat: the error each becomes, and for the operator what it means. */
export type Errcodes = Readonly<Record<number, readonly [code: WxErrorCode, meaning?: string]>>

/**
 * Of a code exchange.
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html
 */
const loginErrcodes: Errcodes = {
  [-1]: ['WX_BUSY'],
  40029: [
    'WX_CODE_INVALID',
    'the code is wrong, expired, or of another mini program than this appid',
  ],
  40163: ['WX_CODE_USED'],
  40226: ['WX_USER_BLOCKED'],
  45011: ['WX_RATE_LIMITED'],
  40013: ['WX_APP_CONFIG', 'WeChat does not know this appid'],
  40125: ['WX_APP_CONFIG', 'the AppSecret is wrong'],
  40243: ['WX_APP_CONFIG', 'the AppSecret is frozen'],
  41002: ['WX_APP_CONFIG', 'the appid is missing'],
  41004: ['WX_APP_CONFIG', 'the AppSecret is missing'],
  41008: ['WX_APP_CONFIG', 'the code is missing'],
  61003: ['WX_APP_CONFIG', 'the mini program has not authorised this platform'],
}

const badToken = 'WeChat does not accept the access token'
const unlistedIp = 'the IP address of this server is not on the list of the mini program (IP白名单)'

/**
 * Of the server API.
 * https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html
 */
export const apiErrcodes: Errcodes = {
  ...loginErrcodes,
  40001: ['WX_UPSTREAM', badToken],
  40014: ['WX_UPSTREAM', badToken],
  42001: ['WX_UPSTREAM', badToken],
  40164: ['WX_APP_CONFIG', unlistedIp],
  61004: ['WX_APP_CONFIG', unlistedIp],
  45009: ['WX_RATE_LIMITED', 'the calls of this day are used up'],
  48001: ['WX_APP_CONFIG', 'the mini program may not call this endpoint'],
  48004: ['WX_APP_CONFIG', 'WeChat has closed this endpoint to the mini program: see its console'],
  50002: ['WX_UPSTREAM', 'the user is restricted: the account may be frozen or closed'],
  61007: ['WX_APP_CONFIG', 'the mini program has not authorised this platform for this endpoint'],
}

/**
 * Of a call for an access token.
 * https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
 */
export const tokenErrcodes: Errcodes = {
  ...apiErrcodes,
  40001: ['WX_APP_CONFIG', 'the AppSecret is wrong, or of another mini program'],
  50004: ['WX_APP_CONFIG', 'the mini program may not have access tokens'],
  50007: ['WX_APP_CONFIG', 'the account of the mini program is frozen'],
  89501: ['WX_APP_CONFIG', 'the IP address of this server waits for the administrator to allow it'],
  89503: ['WX_APP_CONFIG', 'the administrator has to allow the IP address of this server'],
  89506: ['WX_APP_CONFIG', 'the administrator refused the IP address of this server, for 24 hours'],
  89507: ['WX_APP_CONFIG', 'the administrator refused the IP address of this server, for one hour'],
}

const isErrcode = (errcode: unknown): boolean =>
  typeof errcode === 'number' || (typeof errcode === 'string' && /^-?\d{1,9}$/.test(errcode))

/** The errcode of a reply: 0 where there is none; a number in a string counts. */
export const errcodeOf = ({ errcode }: Record<string, unknown>): number =>
  isErrcode(errcode) ? Number(errcode) : 0

/** Whether a reply says that something went wrong, in a way that {@link errcodeOf} cannot read. */
export const hasOddErrcode = ({ errcode }: Record<string, unknown>): boolean =>
  errcode !== undefined && errcode !== null && !isErrcode(errcode)

/** WeChat's request id at the end of an errmsg (`rid: …`, formerly `req_id: …`). */
function ridOf(errmsg: unknown): string | undefined {
  return typeof errmsg === 'string' ? /(?:rid|req_id): ?([\w-]{4,64})/.exec(errmsg)?.[1] : undefined
}

/**
 * The error for a reply whose errcode is not 0. WeChat's errmsg stays out of it: it can quote the request.
 *
 * @param known - the errcodes of what was asked
 * @param messages - for the phone, in place of the codes' own sentences
 */
export function errorOfReply(
  reply: Record<string, unknown>,
  known = loginErrcodes,
  messages: Readonly<Partial<Record<WxErrorCode, string>>> = {},
): WxLoginError {
  const errcode = errcodeOf(reply)
  const [code, meaning] = known[errcode] ?? (['WX_UPSTREAM'] as const)
  return new WxLoginError(code, {
    message: messages[code],
    errcode,
    rid: ridOf(reply['errmsg']),
    reason: `WeChat answered errcode ${String(errcode)}${meaning === undefined ? '' : `: ${meaning}`}`,
  })
}
