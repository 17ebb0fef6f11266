/** What `wx.login` gives in the developer tools where the project has no AppID. */
export const mockCode = 'the code is a mock one'

/** As the codes of `wx.login` were in every sample seen; WeChat does not promise it. */
export const loginCode = /^[A-Za-z0-9]{32}$/

/** As WeChat's documentation shows the codes of the phone number button; it does not promise it. */
export const phoneCode = /^[0-9a-f]{64}$/i
