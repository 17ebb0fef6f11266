// The whole API in use, without anything of WeChat's: compiled beside lib.dom, beside @types/node, and beside nothing.
import {
  createWxLogin,
  type Phone,
  type Session,
  type WxLike,
  type WxLogin,
  WxLoginError,
  type WxLoginErrorCode,
} from 'wx-login-client'

interface User {
  id: number
  nickName: string | null
}

declare const wxOfAHost: WxLike

export const login: WxLogin<User> = createWxLogin<User>({
  baseUrl: {
    develop: 'http://127.0.0.1:3000',
    trial: 'https://t.example.com',
    release: 'https://example.com',
  },
  routes: { upload: '/me/avatar' },
  header: 'Authorization',
  scheme: 'Bearer',
  storageKey: 'wx-login',
  timeout: 10_000,
  skew: 30_000,
  isUnauthorized: ({ statusCode, header }) => statusCode === 401 && header['x'] === undefined,
  loginData: () => ({ appid: 'wx0000000000000000' }),
  onSession: (session) => session && session.user.id,
  wx: wxOfAHost,
})

const session: Session<User> | null = login.session
export const id: number | undefined = session ? session.user.id : undefined
// @ts-expect-error -- only a login changes it
login.session = null
// @ts-expect-error -- nor is a session to be changed
if (login.session) login.session.token = ''

export const nickName: Promise<string | null> = login.ready().then(({ user }) => user.nickName)
export const list: Promise<string[]> = login
  .request<{ items: string[] }>({ url: '/items', method: 'GET', auth: 'optional' })
  .then(({ data, statusCode }) => (statusCode === 200 ? data.items : []))
export const phone: Promise<Phone> = login.phone({ code: 'code', errMsg: undefined })
export const user: Promise<User> = login.profile({ nickName: '爱丽丝', avatarPath: undefined })
export const done: Promise<void> = login.logout({ everywhere: true })

// @ts-expect-error -- no such kind
void login.request({ url: '/', auth: 'always' })
// @ts-expect-error -- a typo
void login.request({ url: '/', methode: 'GET' })
// @ts-expect-error -- the data of another event
void login.phone({ rawData: '' })
// @ts-expect-error -- no server
createWxLogin({})
// @ts-expect-error -- a version is missing
createWxLogin({ baseUrl: { develop: 'http://127.0.0.1:3000' } })

export function messageFor(error: unknown): string {
  if (!(error instanceof WxLoginError)) throw error
  const code: WxLoginErrorCode = error.code
  const retryAfter: number = error.retryAfter
  const more: [number | undefined, string | undefined, string | undefined, number | undefined] = [
    error.statusCode,
    error.serverCode,
    error.requestId,
    error.errcode,
  ]
  switch (code) {
    case 'WX_LOGIN':
    case 'NETWORK':
    case 'TIMEOUT':
    case 'ABORTED':
      return '网络不可用'
    case 'REJECTED':
    case 'UNAUTHORIZED':
    case 'STALE_KEY':
      return `${error.message} ${String(retryAfter)} ${String(more)}`
    case 'DENIED':
      return ''
    default: {
      const never: never = code
      return never
    }
  }
}
const made: Error = new WxLoginError('DENIED', 'message', { retryAfter: 1 })
export const errMsg = made.message
