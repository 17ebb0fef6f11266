// A page of a native mini program: what WeChat's own types have is what the client takes.
import { createWxLogin, type WxLike } from 'wx-login-client'

const real: WxLike = wx
export const login = createWxLogin<{ nickName: string }>({
  baseUrl: 'https://api.example.com',
  wx: real,
})
export const other = createWxLogin({ baseUrl: 'https://api.example.com', wx })

Page({
  onLoad() {
    login.prepareKey().catch(() => {})
  },
  onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    login.phone(event.detail).then(
      ({ purePhoneNumber }) => this.setData({ purePhoneNumber }),
      () => {},
    )
  },
  onAvatar(event: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
    login.profile({ avatarPath: event.detail.avatarUrl }).catch(() => {})
  },
  onUserInfo(event: WechatMiniprogram.ButtonGetUserInfo) {
    login.openData(event.detail).catch(() => {})
  },
  onSignedData() {
    wx.getUserInfo({
      withCredentials: true,
      success: (data) => {
        login.openData(data).then(
          ({ nickName }) => this.setData({ nickName }),
          () => {},
        )
      },
    })
  },
})
