import type { WxLike, WxLoginOptions } from './types.js'

/** The server of this version of the mini program, or undefined where it is not the URL of one. */
export function pickBaseUrl(baseUrl: WxLoginOptions['baseUrl'], wx: WxLike): string | undefined {
  let picked = baseUrl as string
  if (baseUrl && typeof baseUrl === 'object') {
    // Old base libraries do not tell the version; those who have them have the released one.
    const version = wx.getAccountInfoSync && wx.getAccountInfoSync().miniProgram.envVersion
    picked = (baseUrl as Record<string, string>)[version || 'release']!
  }
  return /^https?:\/\/(?!\/)[^\s?#@\\]+$/.test(picked) ? picked.replace(/\/+$/, '') : undefined
}

/** Where a request goes, and whether that is below the base URL: only there the token may go. */
export interface Target {
  url: string
  ours: boolean
}

/** @param base - from {@link pickBaseUrl} */
export function targetOf(base: string, given: string): Target {
  // With one slash, whatever was given: `.example.com` would lengthen the host.
  const url = /^\w+:/.test(given) ? given : base + given.replace(/^\/*/, '/')
  const path = url.split(/[?#]/)[0] + '/'
  // `..` leads out of a base URL that has a path.
  return { url, ours: path.indexOf(base + '/') === 0 && !/[/\\](\.|%2e){2}[/\\]/i.test(path) }
}
