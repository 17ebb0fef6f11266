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
