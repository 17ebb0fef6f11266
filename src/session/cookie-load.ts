import type { IncomingMessage, ServerResponse } from 'node:http'
import expressSession from 'express-session'
import { lendCookie } from './cookies.js'
import type { SessionRequest } from './session-host.js'

/** Runs express-session on a request as if it had come with this value of its cookie, or with none. */
export type CookieLoad = (
  req: SessionRequest,
  res: ServerResponse,
  cookie: string | null,
  done: (error?: unknown) => void,
) => void

/**
 * Keeps replies with this cookie out of caches that are shared: one that keeps the cookie as well hands the session to
 * everybody. Express-session sets it when the head is written, by which time the app has said what it has to say.
 */
function keepFromCaches(res: ServerResponse, name: string): void {
  const { writeHead } = res
  res.writeHead = ((...args: unknown[]) => {
    const cookies = [res.getHeader('set-cookie') ?? []].flat().map(String)
    const kept = /\b(no-store|private)\b/i.test(String(res.getHeader('cache-control') ?? ''))
    if (!kept && cookies.some((cookie) => cookie.startsWith(`${name}=`))) {
      res.setHeader('Cache-Control', 'no-store')
    }
    return Reflect.apply(writeHead, res, args) as ServerResponse
  }) as typeof writeHead
}

/**
 * express-session itself: it loads, saves and touches, and sends its cookie.
 *
 * @param late - told of what fails after the response was sent
 */
export function createCookieLoad(
  options: expressSession.SessionOptions,
  late: (error: unknown, req: IncomingMessage) => void,
): CookieLoad {
  const middleware = expressSession(options)
  return (req, res, cookie, done) => {
    const giveBack = lendCookie(req, cookie && `${options.name!}=${encodeURIComponent(cookie)}`)
    let called = false
    // Before express-session, whose own hook runs first where it came last.
    keepFromCaches(res, options.name!)
    try {
      middleware(req as never, res as never, (error?: unknown) => {
        // express-session comes back here where its save at the end of the response failed. By then the
        // request is answered: the next handler must not run again.
        if (called) {
          late(error, req)
          return
        }
        called = true
        giveBack()
        done(error)
      })
    } finally {
      giveBack()
    }
  }
}
