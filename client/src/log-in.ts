import { call } from './call.js'
import { accepted, refusalOf } from './errors.js'
import type { Settings } from './settings.js'
import { post } from './transport.js'
import type { Session } from './types.js'

interface LoginReply<U> {
  token?: string
  expiresIn?: number
  keyId?: string
  user?: U
}

/**
 * A new code, never kept or used twice: it lives for five minutes and WeChat takes it once.
 *
 * @param taken - told of every code that there is, also of one that comes when nobody waits for it any longer
 */
export const takeCode = <U>(settings: Settings<U>, taken: () => void): Promise<{ code: string }> =>
  call<{ code: string }>(
    ({ success, fail }) =>
      settings.wx.login({
        timeout: settings.timeout,
        success(result) {
          taken()
          if (result && result.code) success(result)
          else fail({ errMsg: 'no code' })
        },
        fail,
      }),
    'WX_LOGIN',
    settings.timeout,
  )

/**
 * Gives the code to the server for a session.
 *
 * @param session - the one that the new one replaces: the server ends it
 */
export function exchange<U>(
  settings: Settings<U>,
  taken: { code: string },
  session: Session<U> | null,
): Promise<Session<U>> {
  // Of the two ends of the journey the earlier one: the server's time began after it.
  const sentAt = Date.now()
  const body = Object.assign({}, settings.loginData(), { code: taken.code })
  return post(settings, settings.routes.login, body, session).then((response) => {
    const reply: LoginReply<U> = accepted(response)
    const life = reply.expiresIn! * 1000
    if (!(reply.token && life > 0)) throw refusalOf(response, 'REJECTED')
    return {
      token: reply.token,
      expiresAt: sentAt + life - Math.min(settings.skew, life / 2),
      keyId: reply.keyId!,
      user: reply.user!,
    }
  })
}
