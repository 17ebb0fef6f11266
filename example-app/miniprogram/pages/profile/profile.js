const account = require('../../utils/account')
const format = require('../../utils/format')
const { explain, missing } = require('../../utils/messages')
const { again, load, run } = require('../../utils/run')

Page({
  data: { busy: false, notice: null, user: null, avatarPath: '' },

  onLoad() {
    // 手机号按钮的数据用手机上的密钥加密。现在就让服务器拿到同一个密钥：点按钮时再登录就晚了。
    if (!account.loggedOut) account.login.prepareKey().catch(() => {})
  },

  onShow() {
    if (account.loggedOut) this.setData({ user: null, avatarPath: '' })
    load(this, () => this.readUser())
  },

  async readUser() {
    const { user, known } = await account.me()
    this.showUser(user)
    return known ? null : missing('GET /me')
  },

  showUser(user) {
    this.setData({
      user: {
        name: user.nickname || '',
        avatarUrl: account.avatarUrl(user),
        phone: format.phone(user.phone),
      },
    })
  },

  // 微信给的是手机上的临时文件；保存时才上传。
  onChooseAvatar({ detail }) {
    if (detail.avatarUrl) this.setData({ avatarPath: detail.avatarUrl, notice: null })
    else this.setData({ notice: explain({ code: 'DENIED', errMsg: detail.errMsg }) })
  },

  // 昵称从表单的提交里读：微信审核昵称时可能会在失去焦点之后清空它。
  onSave({ detail }) {
    const nickName = detail.value.nickName.trim()
    const { avatarPath, user } = this.data
    if (!avatarPath && (nickName === '' || nickName === user.name)) {
      wx.showToast({ title: '没有改动', icon: 'none' })
      return
    }
    run(this, async () => {
      const user = await account.login.profile({
        ...(nickName !== '' && { nickName }),
        ...(avatarPath && { avatarPath }),
      })
      this.showUser(user || {})
      this.setData({ avatarPath: '' })
      wx.showToast({ title: '已保存', icon: 'success' })
    })
  },

  onPhone({ detail }) {
    run(this, async () => {
      const { phoneNumber } = await account.login.phone(detail)
      this.setData({ 'user.phone': format.phone(phoneNumber) })
      wx.showToast({ title: '已绑定', icon: 'success' })
    })
  },

  async onLogout() {
    const { confirm } = await wx.showModal({
      title: '退出登录',
      content: '退出后，需要时可以再登录。',
      confirmText: '退出',
    })
    if (!confirm) return
    await run(this, () => account.logOut())
    wx.switchTab({ url: '/pages/home/home' })
  },

  onAct({ detail }) {
    again(this, detail.action)
  },
})
