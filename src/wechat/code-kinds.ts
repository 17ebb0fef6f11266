/** What `wx.login` gives in the developer tools where the project has no AppID. */
export const mockCode = 'the code is a mock one'

/** As WeChat's documentation shows the codes of the phone number button; it does not promise it. */
export const phoneCode = /^[0-9a-f]{64}$/i
