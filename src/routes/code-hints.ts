import { WxLoginError } from '../errors.js'
import { mockCode, phoneCode } from '../wechat/code-kinds.js'

function hintFor(code: string): string | undefined {
  if (code === mockCode) {
    return 'This is the mock code of the developer tools: their project has no AppID. Enter it and call wx.login again.'
  }
  if (phoneCode.test(code)) {
    return 'WeChat does not accept this code. It looks like a code of the phone number button: send the code that wx.login gave.'
  }
  return undefined
}

/**
 * Says why WeChat may have refused a login code, where that can be told.
 *
 * @param login.referer - the appid in the Referer: where the phone says it is
 * @returns the same error with better words: for the phone what is wrong with the code, for the operator also that
 *   it is of another mini program
 */
export function explainRefusedCode(
  error: unknown,
  login: { appid: string; code: string; referer: string | undefined },
): unknown {
  if (!WxLoginError.is(error) || error.errcode !== 40029) return error
  const { appid, code, referer } = login
  const message = hintFor(code) ?? error.message
  const { status, errcode, rid } = error
  const refused = error.reason ?? 'WeChat refused the code'
  const reason =
    referer === undefined || referer === appid
      ? refused
      : `${refused}; appid mismatch: it came from the mini program ${referer}, and WeChat was asked as ${appid}`
  return new WxLoginError(error.code, { message, status, errcode, rid, reason })
}
