const account = require('./utils/account')

App({
  onLaunch() {
    // 尽早开始登录：首页打开时等的是同一次登录。失败由首页显示，这里不必处理。
    account.login.ready().catch(() => {})
  },
})
