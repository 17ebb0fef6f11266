import {
  code2Session,
  decryptData,
  errorCodes,
  verifySignature,
  type WxCodeSession,
  type WxErrorAction,
  type WxErrorCode,
  WxLoginError,
} from 'express-wx-login'
import { type Same, same } from '../same.js'

declare const thrown: unknown

if (WxLoginError.is(thrown)) {
  same<Same<typeof thrown, WxLoginError>>()
  same<Same<typeof thrown.code, WxErrorCode>>()
  same<Same<typeof thrown.action, WxErrorAction>>()
  same<Same<typeof thrown.status, number>>()
  same<Same<typeof thrown.expose, boolean>>()
  const retryAfter: number | undefined = thrown.retryAfter
  const stale: boolean = thrown.code === 'WX_STALE_KEY'
  // @ts-expect-error -- no such code
  const typo: boolean = thrown.code === 'WX_STALE_KEYS'
  // @ts-expect-error -- read only
  thrown.code = 'WX_BUSY'
} else {
  same<Same<typeof thrown, unknown>>()
}
const codes: WxErrorCode[] = errorCodes
same<Same<ReturnType<typeof WxLoginError.reject>, WxLoginError>>()
const error: Error = new WxLoginError('WX_BUSY', { retryAfter: 1 })
// @ts-expect-error -- no such code
new WxLoginError('WX_OOPS')

same<Same<ReturnType<typeof verifySignature>, boolean>>()
// @ts-expect-error -- the key is missing
verifySignature({ rawData: '', signature: '' })
const data = decryptData<{ phoneNumber: string }>({ encryptedData: '', iv: '', sessionKey: '' })
same<Same<typeof data.phoneNumber, string>>()
const session = code2Session({ appid: '', secret: '', code: '' })
same<Same<Awaited<typeof session>, WxCodeSession>>()
// @ts-expect-error -- the secret is missing
void code2Session({ appid: '', code: '' })
