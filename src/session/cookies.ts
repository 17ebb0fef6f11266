import type { IncomingMessage } from 'node:http'
import type { CookieOptions } from 'express'
import type { SessionData } from 'express-session'
import { warnOnce } from '../diagnostics.js'
import { explained } from '../start-up.js'

/**
 * Shows express-session, which reads the request's cookies in one synchronous call, exactly this cookie or none.
 *
 * @returns gives the request its own cookies back; may be called twice
 */
export function lendCookie(req: IncomingMessage, cookie: string | null): () => void {
  const { headers } = req
  const parsed = req as IncomingMessage & { cookies?: unknown; signedCookies?: unknown }
  const before = { cookie: headers.cookie, cookies: parsed.cookies, signed: parsed.signedCookies }
  headers.cookie = cookie ?? undefined
  // cookie-parser's results are express-session's fallback: they must not bring a cookie back in.
  if (before.cookies) parsed.cookies = undefined
  if (before.signed) parsed.signedCookies = undefined
  let lent = true
  return () => {
    if (!lent) return
    lent = false
    if (before.cookie === undefined) delete headers.cookie
    else headers.cookie = before.cookie
    if (before.cookies) parsed.cookies = before.cookies
    if (before.signed) parsed.signedCookies = before.signed
  }
}

/** The flags of a session's cookie, as Express sets and clears one. */
export function cookieFlags(cookie: SessionData['cookie']): CookieOptions {
  const { path, httpOnly, domain, sameSite, expires } = cookie
  // By now express-session has made true or false of 'auto'.
  const { secure, partitioned } = cookie as { secure?: boolean; partitioned?: boolean }
  return { path, httpOnly, secure, domain, sameSite, partitioned, expires: expires ?? undefined }
}

/** For whoever wonders where the login is after it went well. */
export function warnOfInsecure(): void {
  warnOnce(
    'WX_SECURE_COOKIE',
    explained(
      "The session cookie is secure, but Express takes the connection for plain HTTP. Behind a proxy that ends TLS: app.set('trust proxy', 1). Without TLS browsers do not keep the cookie.",
      'secure-cookie',
    ),
  )
}
