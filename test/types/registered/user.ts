import type { Request } from 'express'
import { getWx, type WxLoginEvent, wxLogin, type WxUser } from 'express-wx-login'
import { type Same, same } from '../same.js'

interface User {
  id: number
  nickname: string
}

declare module 'express-wx-login' {
  interface WxRegister {
    user: User
  }
}

declare const req: Request

same<Same<WxUser, User>>()
same<Same<ReturnType<typeof getWx>['user'], User>>()
same<Same<NonNullable<Request['wx']>['user'], User>>()
same<Same<WxLoginEvent['user'], User>>()
const id: number = getWx(req).user.id
// @ts-expect-error -- not a field of the user
getWx(req).user.phone
getWx(req).user = { id: 1, nickname: '小明' }
// @ts-expect-error -- not a user
getWx(req).user = { id: 1 }

const base = { appid: '', secret: '', session: { secret: '' } }
wxLogin({ ...base, onUser: async () => ({ id: 1, nickname: '小明' }) })
// @ts-expect-error -- not a user
wxLogin({ ...base, onUser: () => ({ id: '1' }) })
