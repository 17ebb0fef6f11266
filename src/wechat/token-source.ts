import type { WxAccessTokenSource } from '../api-types.js'
import { WxLoginError } from '../errors.js'
import { type AccessTokens, isToken } from './access-token.js'
import { untilAborted, upstreamError } from './http.js'

/** Access tokens of the app's own source, which is asked for every call. What it fails with is not quoted. */
export function createTokenSource(source: WxAccessTokenSource): AccessTokens {
  return {
    async get({ appid }, signal, invalid) {
      let token: unknown
      try {
        token = await untilAborted((async () => source({ appid, invalid, signal }))(), signal, () =>
          upstreamError('wechat.accessToken did not answer in time', 504),
        )
      } catch (error) {
        if (WxLoginError.is(error)) throw error
        throw upstreamError(
          `wechat.accessToken failed${error instanceof Error ? `: ${error.name}` : ''}`,
        )
      }
      if (!isToken(token)) throw upstreamError('wechat.accessToken gave no access token')
      return token
    },
  }
}
