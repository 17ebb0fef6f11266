import { createWxLogin, type RequestOptions, WxLoginError } from 'wx-login-client'

/** 服务端的 onUser 返回的用户。 */
export interface User {
  id: number
  nickname: string | null
}

// 整个小程序只有这一个：所有请求共用同一个会话、同一次登录。
export const login = createWxLogin<User>({
  baseUrl: {
    // 开发版用仓库根目录里 npm start 启动的服务器。
    develop: 'http://127.0.0.1:3000',
    trial: 'https://api.example.com',
    release: 'https://api.example.com',
  },
})

/** 请求自己的服务器，返回回复的内容；回复不是成功就抛错。 */
export async function request<T>(options: RequestOptions): Promise<T> {
  const { statusCode, data } = await login.request<T>(options)
  if (statusCode >= 200 && statusCode < 300) return data
  throw new WxLoginError('REJECTED', `HTTP ${statusCode}`, { statusCode })
}
