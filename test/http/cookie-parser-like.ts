import type { RequestHandler } from 'express'

/** What cookie-parser does to a request, as far as express-session looks at it. */
const cookieParser: RequestHandler = (req, _res, next) => {
  const cookies = Object.fromEntries(
    (req.headers.cookie ?? '').split('; ').map((c) => c.split('=') as [string, string]),
  )
  Object.assign(req, { cookies, signedCookies: { ...cookies } })
  next()
}

export default cookieParser
