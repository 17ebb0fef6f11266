export { createWxLogin } from './create-wx-login.js'
export { WxLoginError } from './errors.js'
export type * from './types.js'
