import type { WxAccessTokenSource } from '../api-types.js'
import { type AccessTokens, isToken } from './access-token.js'
import { askOption, upstreamError } from './http.js'

/** Access tokens of the app's own source, which is asked for every call. */
export function createTokenSource(source: WxAccessTokenSource): AccessTokens {
  return {
    async get({ appid }, signal, invalid) {
      const token: unknown = await askOption(
        'wechat.accessToken',
        () => source({ appid, invalid, signal }),
        signal,
        () => upstreamError('wechat.accessToken did not answer in time', 504),
      )
      if (!isToken(token)) throw upstreamError('wechat.accessToken gave no access token')
      return token
    },
  }
}
