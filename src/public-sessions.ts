import { sidOf } from './context.js'
import { WxLoginError } from './errors.js'
import type { WxSessions } from './plugin-types.js'
import { reportRevoked, type Runtime } from './runtime.js'
import type { WxIdentity } from './types.js'
import type { UserSessions } from './session/user-sessions.js'

const misuse = (message: string): WxLoginError => new WxLoginError('WX_APP_CONFIG', { message })

function assertIdentity(user: unknown): void {
  const { appid, openid } = (user ?? {}) as Partial<Record<keyof WxIdentity, unknown>>
  if (typeof appid === 'string' && typeof openid === 'string') return
  throw misuse('wx.sessions: the user must be { appid, openid }')
}

/** `wx.sessions`: the user's sessions with their arguments checked and every end told. */
export function publicSessions(runtime: Runtime, sessions: UserSessions): WxSessions {
  return {
    async list(user) {
      assertIdentity(user)
      return sessions.list(user)
    },
    async revoke(user, id) {
      assertIdentity(user)
      const ended = await sessions.end(user, id)
      if (ended) reportRevoked(runtime, user, { sessionIds: [id], reason: 'revoke' })
      return ended
    },
    async revokeAll(user, options) {
      assertIdentity(user)
      const unknown = Object.keys(options ?? {}).find((name) => name !== 'except')
      if (unknown !== undefined) {
        throw misuse(`wx.sessions.revokeAll: ${unknown}: unknown option, there is only except`)
      }
      const ids = await sessions.endAll(user, options?.except)
      reportRevoked(runtime, user, { sessionIds: ids, reason: 'revoke' })
      return ids.length
    },
    onEnd(session, listener) {
      const sid = sidOf(session)
      if (sid !== undefined) return runtime.ends.watch(sid, listener)
      throw new WxLoginError('WX_SESSION_REQUIRED', {
        message: 'wx.sessions.onEnd takes req.wx, or what wx.authenticate gave.',
      })
    },
  }
}
