import { WxLoginError } from 'wx-login-client'

/** 对用户说的话。 */
export function explain(error: unknown): string {
  if (!(error instanceof WxLoginError)) throw error
  switch (error.code) {
    case 'NETWORK':
      return '连接不上服务器，请检查网络后重试。'
    case 'TIMEOUT':
      return '服务器没有及时回应，请重试。'
    case 'ABORTED':
      return '操作中断了，请重试。'
    case 'DENIED':
      return '你没有授权，需要时可以再点一次。'
    case 'STALE_KEY':
      return '没有成功，请再点一次。'
    case 'UNAUTHORIZED':
      return '登录没有成功，请关闭小程序再打开。'
    case 'WX_LOGIN':
      return '微信登录没有成功，请检查网络后重试。'
    case 'REJECTED':
      return error.retryAfter ? '服务器正忙，请稍后重试。' : '服务器没有接受这次操作。'
  }
}
