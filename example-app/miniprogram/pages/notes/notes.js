const account = require('../../utils/account')
const format = require('../../utils/format')
const { missing } = require('../../utils/messages')
const { again, load, run } = require('../../utils/run')

const toItem = ({ id, text, createdAt }) => ({ id, text, time: format.time(createdAt) })

Page({
  data: { busy: false, notice: null, notes: null, text: '' },

  onShow() {
    // 退出登录后不留下上一个人的笔记。
    if (account.loggedOut) this.setData({ notes: null, text: '' })
    load(this, () => this.readNotes())
  },

  async onPullDownRefresh() {
    await load(this, () => this.readNotes())
    wx.stopPullDownRefresh()
  },

  async readNotes() {
    // 换成了别的服务器，可能没有笔记：那就没有列表，也不能添加。
    const reply = await account.request({ url: '/me/notes' }).catch((error) => {
      if (error.statusCode !== 404) throw error
    })
    if (!reply || !Array.isArray(reply.notes)) {
      this.setData({ notes: null })
      return missing('GET /me/notes')
    }
    this.setData({ notes: reply.notes.map(toItem) })
  },

  onInput({ detail }) {
    this.setData({ text: detail.value })
  },

  onAdd({ detail }) {
    const text = detail.value.text.trim()
    if (text === '') {
      wx.showToast({ title: '先写点什么吧', icon: 'none' })
      return
    }
    run(this, async () => {
      const { note } = await account.request({ url: '/me/notes', method: 'POST', data: { text } })
      this.setData({ text: '', notes: [toItem(note), ...this.data.notes] })
      wx.showToast({ title: '已添加', icon: 'success' })
    })
  },

  onAct({ detail }) {
    again(this, detail.action)
  },
})
