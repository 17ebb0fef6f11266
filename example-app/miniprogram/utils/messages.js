// 每一种错误对用户说的话，都在这个文件里。
// kind：calm 是平静的说明（用户自己的选择），error 是出错。action：按钮做什么，none 是没有按钮。

const byCode = {
  NETWORK: { text: '连接不上服务器，请检查网络后重试。', action: 'retry' },
  TIMEOUT: { text: '服务器没有及时回应，请重试。', action: 'retry' },
  ABORTED: { text: '操作中断了，请重试。', action: 'retry' },
  WX_LOGIN: { text: '微信登录没有成功，请重试。', action: 'retry' },
  UNAUTHORIZED: {
    text: '登录状态已失效，而且没能自动恢复。请点“重新登录”；还是不行，请关闭小程序再打开。',
    action: 'login',
  },
  STALE_KEY: { text: '微信的密钥刚刚更新，这次没有成功，请再点一次。', kind: 'calm' },
  DENIED: { text: '你没有授权，所以什么也没有改变。需要时可以再点一次。', kind: 'calm' },
  REJECTED: { text: '服务器没有接受这次操作，请重试。', action: 'retry' },
}

const busy = { text: '服务器正忙，请稍后重试。', action: 'retry' }

// REJECTED 的原因：服务器回复里的 error.code。
const byServerCode = {
  WX_USER_BLOCKED: { text: '这个微信号暂时不能登录。如有疑问，请联系客服。' },
  WX_LOGIN_REJECTED: { text: '这个账号不能登录。如有疑问，请联系客服。' },
  WX_RATE_LIMITED: { text: '操作太频繁了，请稍后重试。', action: 'retry' },
  WX_BUSY: busy,
  WX_UPSTREAM: busy,
  WX_CLOSING: busy,
  WX_STORE_UNAVAILABLE: busy,
  WX_USER_HOOK_FAILED: busy,
  DATABASE_UNAVAILABLE: busy,
  CLOSING: busy,
  INTERNAL_ERROR: { text: '服务器出错了，请稍后重试。', action: 'retry' },
}

const byStatus = {
  404: { text: '服务器上没有这个接口，所以这里用不了。', action: 'retry' },
  413: { text: '图片太大了，请选一张 1 MB 以内的。', kind: 'calm' },
  415: { text: '这个文件不是能用的图片，请换一张。', kind: 'calm' },
}

const buttons = { retry: '重试', login: '重新登录' }

const toNotice = ({ text, action = 'none', kind = 'error' }) => ({
  text,
  kind,
  action,
  button: buttons[action] || '',
})

/** 错误 → 页面上的提示 { kind, text, action, button }。 */
function explain(error) {
  const { code, serverCode, statusCode, errMsg = '', retryAfter = 0 } = error
  if (code === 'DENIED' && /privacy/.test(errMsg)) {
    return toNotice({
      text: '你没有同意隐私保护指引，所以没有读取任何信息。需要时可以再点一次。',
      kind: 'calm',
    })
  }
  const found =
    (code === 'REJECTED' && (byServerCode[serverCode] || byStatus[statusCode])) || byCode[code]
  const notice = toNotice(found || { text: '出了点问题，请重试。', action: 'retry' })
  if (retryAfter > 0 && notice.action === 'retry') {
    notice.text = notice.text.replace('稍后', ` ${Math.ceil(retryAfter / 1000)} 秒后`)
  }
  return notice
}

/** 换成了别的服务器，它没有这个页面要的接口。登录不受影响。 */
const missing = (route) =>
  toNotice({ text: `这个服务器没有 ${route} 接口。登录、会话和手机号照常可用。`, kind: 'calm' })

/** 用户自己退出了登录。 */
const loggedOut = { kind: 'calm', text: '你已退出登录。', action: 'login', button: '登录' }

module.exports = { explain, loggedOut, missing }
