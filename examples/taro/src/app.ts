import { useLaunch } from '@tarojs/taro'
import type { PropsWithChildren } from 'react'
import { login } from './login'

export default function App({ children }: PropsWithChildren) {
  useLaunch(() => {
    // 尽早开始登录：页面的请求等的是同一次登录。失败由页面显示，这里不必处理。
    login.ready().catch(() => {})
  })
  return children
}
