const account = require('./account')
const { explain, loggedOut } = require('./messages')

/**
 * 运行 work，期间 data.busy 为 true；出错时 data.notice 是要显示的提示，没出错时是 work 返回的（可以没有）。
 * 同一页面同时只运行一个。
 */
async function run(page, work) {
  if (page.data.busy) return
  page.setData({ busy: true, notice: null })
  try {
    const notice = await work()
    page.setData({ busy: false, notice: notice || null })
  } catch (error) {
    // 不是登录或网络的错误就是程序的错误：开发者要看到它。
    if (!error.code) console.error(error)
    page.unfinished = work
    page.setData({ busy: false, notice: explain(error) })
  }
}

/** 打开页面时读数据：同 run，但不替退出了登录的用户登录。 */
async function load(page, work) {
  if (!account.loggedOut) return run(page, work)
  page.unfinished = work
  page.setData({ notice: loggedOut })
}

/** 提示上的按钮：把没做成的事再做一次，'login' 先重新登录。 */
function again(page, action) {
  const work = page.unfinished
  return run(page, async () => {
    if (action === 'login') await account.logIn()
    return work()
  })
}

module.exports = { run, load, again }
