import type { ErrorRequestHandler, RequestHandler } from 'express'
import { noteError } from './request-log.js'

/** What the phone should do after an error: the words of the plugin's own contract. */
type Action = 'login' | 'retry' | 'none'

/** An error of this app that a client may see. */
export class HttpError extends Error {
  override readonly name: string = 'HttpError'
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: { action?: Action; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
  }
}

/** The database cannot answer now. The same request may work in a second. */
export class DatabaseUnavailable extends HttpError {
  override readonly name = 'DatabaseUnavailable'
  constructor(cause: unknown) {
    super(503, 'DATABASE_UNAVAILABLE', 'The database is unavailable. Try again.', {
      action: 'retry',
      retryAfter: 1,
      cause,
    })
  }
}

interface Reply {
  status: number
  retryAfter?: number | undefined
  body: { code: string; message: string; action: Action }
}

/** Turns anything thrown into what the client is told. Nothing unknown is ever quoted. */
function toReply(error: unknown): Reply {
  if (error instanceof HttpError) {
    const { action = 'none', retryAfter } = error.details
    const { status, code, message } = error
    return { status, retryAfter, body: { code, message, action } }
  }
  // Express and its body parser mark what the client did wrong by a 4xx `status`.
  const { status, type } = (error ?? {}) as { status?: unknown; type?: unknown }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    let message = 'The request is not valid.'
    if (type === 'entity.parse.failed') message = 'The body is not valid JSON.'
    if (type === 'entity.too.large') message = 'The body is too large.'
    return { status, body: { code: 'BAD_REQUEST', message, action: 'none' } }
  }
  return {
    status: 500,
    body: {
      code: 'INTERNAL_ERROR',
      message: 'Something went wrong on the server.',
      action: 'none',
    },
  }
}

/** The last route: nothing else wanted the request. */
export const notFound: RequestHandler = (_req, _res, next) => {
  next(new HttpError(404, 'NOT_FOUND', 'There is nothing here.'))
}

/** Answers every other error in the shape the plugin uses, so that the phone needs one error handler. */
export function errorHandler(count: (code: string) => void): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    noteError(req, error)
    // Too late for a reply: Express closes the connection, so that the client sees it was cut.
    if (res.headersSent) return next(error)
    const { status, retryAfter, body } = toReply(error)
    count(body.code)
    if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter))
    res.status(status).json({ error: { ...body, requestId: req.id } })
  }
}
