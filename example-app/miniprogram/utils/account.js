const { createWxLogin } = require('wx-login-client')
const { baseUrl } = require('../config')

// 整个小程序只有这一个：所有请求共用同一个会话、同一次登录。
const login = createWxLogin({ baseUrl })

let loggedOut = false

module.exports = {
  login,

  /** 用户自己退出了登录。在用户点“登录”之前，页面不替他登录。 */
  get loggedOut() {
    return loggedOut
  },

  /** 用户点了“登录”或“重新登录”。 */
  async logIn() {
    loggedOut = false
    await login.login()
  },

  async logOut() {
    loggedOut = true
    await login.logout()
  },

  /**
   * 请求自己的服务器，返回回复的内容。会话过期时 wx-login-client 会静默登录再试一次，页面不必关心。
   * 最多等 10 秒：wx.request 自己要等 60 秒。
   *
   * @throws WxLoginError，或形状相同、code 为 REJECTED 的错误（服务器拒绝）
   */
  async request(options) {
    const { statusCode, data, header } = await login.request({ timeout: 10000, ...options })
    if (statusCode >= 200 && statusCode < 300) return data
    const retryAfter = Object.keys(header).find((name) => name.toLowerCase() === 'retry-after')
    throw Object.assign(new Error(`服务器回复 ${statusCode}`), {
      code: 'REJECTED',
      statusCode,
      serverCode: data && data.error && data.error.code,
      retryAfter: (Number(header[retryAfter]) || 0) * 1000,
    })
  },

  /**
   * 服务器上的“我”。示例服务器有 GET /me；换成别的服务器可能没有：那时是登录时服务器给的 user（也可能没有）。
   *
   * @returns {Promise<{ user: object, known: boolean }>} known：服务器有 GET /me
   */
  async me() {
    await login.ready()
    const reply = await module.exports.request({ url: '/me' }).catch((error) => {
      if (error.statusCode !== 404) throw error
    })
    const known = Boolean(reply && reply.user)
    return { user: (known ? reply.user : login.session && login.session.user) || {}, known }
  },

  /** 头像的完整地址：上传的头像在自己的服务器上，数据库里只有路径。 */
  avatarUrl(user) {
    const url = String((user && user.avatarUrl) || '')
    return url[0] === '/' ? baseUrl + url : url
  },
}
