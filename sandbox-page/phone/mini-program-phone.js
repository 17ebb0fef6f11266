/** The module that scripts/miniprogram/compile.js asks for: the phone is there before the mini program. */
export default globalThis.sandboxPhone
