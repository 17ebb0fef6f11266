import { createHash, createHmac } from 'node:crypto'
import type { WxEncryptedDataCheck, WxServerApi } from '../api-types.js'
import type { WxApp, WxIdentity } from '../types.js'
import type { AccessTokens } from './access-token.js'
import { type CallApi, createCallApi, type CallApiOptions } from './api-call.js'
import { apiRequestOf, appidOf, assertUser, badArgument } from './api-request.js'
import { isCode, isSessionKey } from './code2session.js'
import { loginCode } from './code-kinds.js'
import { apiErrcodes, type Errcodes, errcodeOf, errorOfReply } from './errcodes.js'
import { upstreamError } from './http.js'
import { isJsonObject } from './json.js'
import { base64, staleKey } from './open-data.js'
import { toPhone } from './phone-number.js'

/** What {@link createServerApi} needs. */
export interface ServerApiOptions extends CallApiOptions {
  tokens: AccessTokens
  /** The app of this appid, or the only one there is. */
  findApp: (appid?: string) => Promise<WxApp>
  /** The session keys of users. */
  keys: {
    /** The newest one, where it may be the valid one still. */
    newest(user: WxIdentity): Promise<string | null>
    /** Puts this one in the place of all. */
    replace(user: WxIdentity, sessionKey: string): Promise<void>
  }
}

const phoneErrcodes: Errcodes = {
  ...apiErrcodes,
  40003: ['WX_CODE_INVALID', 'the code is not of the user with this openid'],
}
const tapAgain = 'Tap the phone number button again.'

const keyless = 87007
const wrongSignature = 87009
const unknownData = 1

/** WeChat's proof that a session key is known: the key is the base64 text as it is, and nothing is signed. */
export const signNothing = (sessionKey: string): string =>
  createHmac('sha256', sessionKey).update('').digest('hex')

function checkOf(reply: Record<string, unknown>): WxEncryptedDataCheck {
  const none = { valid: false, createTime: null }
  if (errcodeOf(reply) === unknownData) return none
  if (errcodeOf(reply) !== 0) throw errorOfReply(reply, apiErrcodes)
  // WeChat spells it so.
  const valid = reply['vaild'] ?? reply['valid']
  if (typeof valid !== 'boolean') throw upstreamError('WeChat did not say whether it made the data')
  if (!valid) return none
  const seconds = reply['create_time']
  return {
    valid,
    createTime: Number.isSafeInteger(seconds) ? new Date(Number(seconds) * 1000) : null,
  }
}

/** Asks something that has to be proven by the user's session key. */
function askOfKey(
  call: CallApi,
  app: WxApp,
  path: string,
  { openid, sessionKey }: { openid: string; sessionKey: string },
): Promise<Record<string, unknown>> {
  const query = { openid, signature: signNothing(sessionKey), sig_method: 'hmac_sha256' }
  return call(app, { method: 'GET', path, query })
}

/** `wx.api`. */
export function createServerApi({ findApp, keys, ...options }: ServerApiOptions): WxServerApi {
  const { tokens, timeout } = options
  const call = createCallApi(options)
  const post = (app: WxApp, path: string, body: object): Promise<Record<string, unknown>> =>
    call(app, { method: 'POST', path, body: JSON.stringify(body) })

  return {
    async accessToken(app) {
      return tokens.get(await findApp(appidOf(app)), AbortSignal.timeout(timeout))
    },

    async getPhoneNumber(code, openid, app) {
      if (!isCode(code)) throw badArgument('code: must be what the phone number button gave.')
      if (typeof openid !== 'string' || openid === '') {
        throw badArgument('openid: must be the openid of the user.')
      }
      const found = await findApp(appidOf(app))
      const reply = await post(found, '/wxa/business/getuserphonenumber', { code, openid })
      if (errcodeOf(reply) !== 0) {
        throw errorOfReply(reply, phoneErrcodes, {
          WX_CODE_INVALID: loginCode.test(code)
            ? 'This looks like a code of wx.login: send the code that the phone number button gave.'
            : `WeChat does not accept this code. ${tapAgain}`,
          WX_CODE_USED: `This code was already used. ${tapAgain}`,
        })
      }
      const info = isJsonObject(reply['phone_info']) ? reply['phone_info'] : {}
      const phone = toPhone(info)
      if (!phone) throw upstreamError('the answer to the phone code has no usable phone number')
      const watermark = isJsonObject(info['watermark']) ? info['watermark'] : {}
      if (watermark['appid'] !== found.appid) {
        throw upstreamError('the phone number is marked as of another mini program')
      }
      return phone
    },

    async checkSessionKey(user) {
      assertUser(user)
      const app = await findApp(user.appid)
      const sessionKey = await keys.newest(user)
      if (sessionKey === null) return false
      const { openid } = user
      const reply = await askOfKey(call, app, '/wxa/checksession', { openid, sessionKey })
      const errcode = errcodeOf(reply)
      if (errcode === keyless || errcode === wrongSignature) return false
      if (errcode !== 0) throw errorOfReply(reply, apiErrcodes)
      return true
    },

    async resetUserSessionKey(user) {
      assertUser(user)
      const app = await findApp(user.appid)
      const sessionKey = await keys.newest(user)
      if (sessionKey === null) throw staleKey('no session key of this user is kept')
      const { openid } = user
      const reply = await askOfKey(call, app, '/wxa/resetusersessionkey', { openid, sessionKey })
      const errcode = errcodeOf(reply)
      if (errcode === keyless || errcode === wrongSignature) {
        throw staleKey(`WeChat answered errcode ${String(errcode)}: not the valid session key`)
      }
      if (errcode !== 0) throw errorOfReply(reply, apiErrcodes)
      if (reply['openid'] !== openid || !isSessionKey(reply['session_key'])) {
        throw upstreamError('the answer to the reset has no session_key of this user')
      }
      await keys.replace(user, reply['session_key'])
    },

    async checkEncryptedData(data, app) {
      const bytes = base64((data as Partial<typeof data> | undefined)?.encryptedData)
      if (!bytes || bytes.length % 16 !== 0) {
        throw badArgument('encryptedData: must be base64 of whole 16-byte blocks.')
      }
      // Of the text as WeChat gave it to the phone, whatever the way here made of it.
      const hash = createHash('sha256').update(bytes.toString('base64')).digest('hex')
      const found = await findApp(appidOf(app))
      return checkOf(
        await post(found, '/wxa/business/checkencryptedmsg', { encrypted_msg_hash: hash }),
      )
    },

    async request<T>(path: string, request: Parameters<WxServerApi['request']>[1]) {
      const asked = apiRequestOf(path, request)
      const reply = await call(await findApp(appidOf(request)), asked)
      if (errcodeOf(reply) !== 0) throw errorOfReply(reply, apiErrcodes)
      return reply as T
    },
  }
}
