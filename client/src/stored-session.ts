import type { Session, WxLike } from './types.js'

/** Where a session is between two starts of the mini program. */
export interface SessionStorage<U> {
  /** Null where there is nothing of use: nothing at all, expired, or not written by this client. */
  read(): Session<U> | null
  /** @param session - null removes what is there */
  write(session: Session<U> | null): void
}

/**
 * One key of the storage of WeChat, which keeps one for each user and mini program. Its failures are no failures of
 * the login: the session then lives until the mini program is closed.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/ability/storage.html
 */
export function openStorage<U>(wx: WxLike, key: string): SessionStorage<U> {
  return {
    read() {
      try {
        const session = JSON.parse(wx.getStorageSync(key) as string) as Session<U>
        return typeof session.token === 'string' && session.expiresAt > Date.now() ? session : null
      } catch {
        return null
      }
    },
    write(session) {
      try {
        if (session) return wx.setStorageSync(key, JSON.stringify(session))
      } catch {
        // Full, or broken: what is there is out of date.
      }
      try {
        wx.removeStorageSync(key)
      } catch {
        // Then it stays: the server refuses it at the next start.
      }
    },
  }
}
