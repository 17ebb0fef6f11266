/** AppID of the sandbox' default mini program. Not hexadecimal, so WeChat never gave it to anybody. */
export const SANDBOX_APPID = 'wx000000000sandbox'

/** AppSecret of the sandbox' default mini program. Public, and worth nothing outside a sandbox. */
export const SANDBOX_SECRET = 'sandbox-secret-not-a-real-secret'
