import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import { requestIdOf } from 'express-wx-login'
import { pinoHttp } from 'pino-http'
import { errorFields, type Log } from './logger.js'
import { isProbe } from './route-of.js'

/**
 * The path of a request for the log. No path of this app has a part this long, but a token has, and whoever puts one
 * into a URL by mistake shall not find it here.
 */
const pathOf = (req: Request): string =>
  req.originalUrl.split('?', 1)[0]!.replaceAll(/[^/;=]{32,}/g, '…')

// What went wrong in a request, until its one log line is written.
const errors = new WeakMap<IncomingMessage, unknown>()

/** Keeps an error for the log line of its request; the first is the cause of those that follow. */
export function noteError(req: IncomingMessage, error: unknown): void {
  if (!errors.has(req)) errors.set(req, error)
}

/**
 * Gives every request an id (`req.id`, `X-Request-Id`) and one log line when it is over.
 *
 * The line has the path without its query and without what may be a token, and neither headers nor bodies: that is where tokens,
 * codes and people's data are.
 */
export function requestLog(log: Log): RequestHandler {
  const line = (req: Request, res: Response, { responseTime }: { responseTime: number }) => ({
    method: req.method,
    path: pathOf(req),
    status: res.statusCode,
    ms: responseTime,
    ip: req.ip,
    ...(!res.writableEnded && { aborted: true }),
    ...(errors.has(req) && { error: shorten(errors.get(req), res.statusCode) }),
  })

  return pinoHttp<Request, Response>({
    logger: log,
    genReqId: (req, res) => {
      const id = requestIdOf(req)
      res.setHeader('X-Request-Id', id)
      return id
    },
    // `req.log` and the line carry the id only, not the whole request.
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customLogLevel: (req, res) => {
      if (res.statusCode >= 500) return 'error'
      // Answered well, and yet something went wrong that somebody should look at.
      if (errors.has(req) && res.statusCode < 400) return 'warn'
      return isProbe(req) && res.statusCode < 400 ? 'debug' : 'info'
    },
    customSuccessMessage: () => 'request',
    customErrorMessage: () => 'request',
    customSuccessObject: line,
    customErrorObject: (req, res, _error, val: { responseTime: number }) => line(req, res, val),
  })
}

/**
 * As much of an error as helps: of a client's mistake its code, of an outage what is out, and only of
 * what nobody expected the stack. An outage must not fill the disk with stacks as well.
 */
function shorten(error: unknown, status: number) {
  if (status === 500) return errorFields(error)
  const { type, message, code, reason, errcode, rid, cause } = errorFields(error)
  if (status < 500) return { code: code ?? type, reason, errcode, rid }
  return {
    code: code ?? type,
    message,
    reason,
    errcode,
    rid,
    cause: (cause as { message?: unknown } | undefined)?.message,
  }
}
