import { headerOf, pairs } from '../raw-headers.js'

/** Between two hops, not from end to end. */
const ofTheHop = new Set(
  (
    'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade ' +
    'expect content-length host'
  ).split(' '),
)

/** What a browser adds of itself, and a phone does not. */
const ofTheBrowser = new Set(
  (
    'origin referer user-agent accept-language accept-encoding cookie dnt priority purpose pragma cache-control ' +
    'upgrade-insecure-requests save-data if-none-match if-modified-since forwarded via x-requested-with'
  ).split(' '),
)

/** What would act on the sandbox' own origin, where the page lives. */
const ofTheOrigin = new Set(
  (
    'set-cookie set-cookie2 clear-site-data strict-transport-security public-key-pins content-security-policy ' +
    'content-security-policy-report-only service-worker-allowed alt-svc nel report-to reporting-endpoints link refresh ' +
    'permissions-policy x-frame-options sourcemap x-sourcemap'
  ).split(' '),
)

const userAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN'

/** The headers with which `wx.request` of a phone would have come to the server, but for `Host`: names and values in turn. */
export function toPhoneHeaders(raw: readonly string[], referer: string): string[] {
  const kept = pairs(raw).filter(([given, value]) => {
    const name = given.toLowerCase()
    if (ofTheHop.has(name) || ofTheBrowser.has(name)) return false
    // A mini program may ask for something; a browser asks for anything by itself.
    if (name === 'accept') return value !== '*/*'
    return !/^(?:sec-|x-sandbox-|x-forwarded-|proxy-)/.test(name)
  })
  // Only what the caller can read.
  const gzip = /\bgzip\b/.test(headerOf(raw, 'accept-encoding') ?? '')
  return [
    ...kept,
    ...(gzip ? [['Accept-Encoding', 'gzip']] : []),
    ['User-Agent', userAgent],
    ['Referer', referer],
  ].flat()
}

/**
 * The headers of the server's answer for the page: none that would act on the sandbox' origin, and some that keep what
 * the server sent from running there.
 *
 * @param toRelay - the path of the relay for a URL
 */
export function toPageHeaders(
  raw: readonly string[],
  toRelay: (location: string) => string,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [given, value] of pairs(raw)) {
    const name = given.toLowerCase()
    if (
      ofTheHop.has(name) ||
      ofTheOrigin.has(name) ||
      /^(?:access-control-|cross-origin-|x-sandbox-)/.test(name)
    )
      continue
    const text = name === 'location' ? toRelay(value) : value
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]!}, ${text}` : text
  }
  return {
    'cache-control': 'no-store',
    ...headers,
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  }
}
