const account = require('../../utils/account')
const format = require('../../utils/format')
const { missing } = require('../../utils/messages')
const { again, load, run } = require('../../utils/run')

Page({
  data: { busy: false, notice: null, me: null },

  onShow() {
    if (account.loggedOut) this.setData({ me: null })
    load(this, () => this.whoAmI())
  },

  async onPullDownRefresh() {
    await load(this, () => this.whoAmI())
    wx.stopPullDownRefresh()
  },

  // 先有会话，再问服务器“我是谁”。会话在服务器上失效时，这里也会静默恢复。
  async whoAmI() {
    const { user, known } = await account.me()
    this.setData({
      me: {
        known,
        id: user.id,
        name: user.nickname || '',
        avatarUrl: account.avatarUrl(user),
        phone: format.phone(user.phone),
        createdAt: format.time(user.createdAt),
        lastLoginAt: format.time(user.lastLoginAt),
        expiresAt: format.time(account.login.session.expiresAt),
      },
    })
    return known ? null : missing('GET /me')
  },

  onAct({ detail }) {
    again(this, detail.action)
  },

  onRefresh() {
    run(this, () => this.whoAmI())
  },
})
