import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import {
  WxLoginError,
  type WxLoginEvent,
  type WxLogoutEvent,
  type WxPhone,
  type WxProfile,
  type WxRevokeEvent,
  type WxUserEvent,
  wxLogin,
} from 'express-wx-login'
import { type Same, same } from '../same.js'

const base = { appid: '', secret: '', session: { secret: '' } }

wxLogin({
  ...base,
  onUser(event, req) {
    same<Same<typeof event, WxUserEvent>>()
    same<Same<typeof req, Request>>()
    same<Same<typeof event.reason, 'login' | 'profile' | 'phone'>>()
    same<Same<typeof event.profile, WxProfile | undefined>>()
    same<Same<typeof event.phone, WxPhone | undefined>>()
    same<Same<WxProfile['source'], 'signed' | 'encrypted' | 'form'>>()
    // @ts-expect-error -- the session key is told to nobody
    event.sessionKey
    return { id: 1 }
  },
  onLogin(event, req) {
    same<Same<typeof event, WxLoginEvent>>()
    same<Same<typeof req, Request>>()
  },
  async onLogout(event) {
    same<Same<typeof event, WxLogoutEvent>>()
    same<Same<typeof event.everywhere, boolean>>()
  },
  onRevoke(event) {
    same<Same<typeof event, WxRevokeEvent>>()
    type Reason =
      'revoke' | 'limit' | 'user_authorization_revoke' | 'user_authorization_cancellation'
    same<Same<typeof event.reason, Reason>>()
  },
  onError(error, req) {
    same<Same<typeof error, WxLoginError>>()
    same<Same<typeof req, IncomingMessage | undefined>>()
  },
})

wxLogin({ ...base, onUser: async (event) => ({ openid: event.openid }) })
wxLogin({ ...base, onUser: () => undefined })
wxLogin({
  ...base,
  onUser() {
    throw WxLoginError.reject('not here')
  },
})
// @ts-expect-error -- not a function
wxLogin({ ...base, onUser: 'upsert' })

wxLogin({
  ...base,
  wechat: {
    fetch,
    async code2Session({ appid, secret, code, signal }) {
      same<Same<typeof signal, AbortSignal>>()
      return { openid: appid + secret + code, sessionKey: '' }
    },
  },
})
// @ts-expect-error -- a session without its key
wxLogin({ ...base, wechat: { code2Session: async () => ({ openid: '' }) } })
