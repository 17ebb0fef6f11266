import type { Request, Response } from 'express'
import { warnOnce } from './diagnostics.js'
import { WxLoginError } from './errors.js'
import { showRequestId } from './request-id.js'
import { report, type Runtime } from './runtime.js'
import { explained } from './start-up.js'

/**
 * Answers with JSON that nobody may keep. `res.json()` would make an ETag for it, at a third of what a refusal costs.
 */
export function sendJson(res: Response, status: number, body: object): void {
  const text = JSON.stringify(body)
  res.statusCode = status
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}

/** A mistake in the set-up is seen by whoever runs the server, also without `onError`. */
function warnOfSetUp({ code, message, reason }: WxLoginError, runtime: Runtime | undefined): void {
  if (code === 'WX_SESSION_MISSING' || code === 'WX_SESSION_CONFLICT') warnOnce(code, message)
  if (code === 'WX_APP_CONFIG' && !runtime?.settings.hooks.onError) {
    warnOnce(code, reason === undefined ? message : explained(reason, 'wechat-refuses'))
  }
}

/** Answers with an error in the shape of the HTTP contract, and tells `onError`. */
export function sendError(
  error: WxLoginError,
  req: Request,
  res: Response,
  runtime: Runtime | undefined,
): void {
  if (runtime) report(runtime, error, req)
  if (error.status === 500) warnOfSetUp(error, runtime)
  if (res.headersSent || res.closed) return
  const requestId = showRequestId(req, res)
  if (error.retryAfter !== undefined) res.setHeader('Retry-After', error.retryAfter)
  if (error.code === 'WX_SESSION_REQUIRED') {
    // RFC 9110 11.6.1: a 401 says which scheme it wants.
    res.setHeader('WWW-Authenticate', runtime?.settings.transport.scheme || 'Bearer')
  }
  sendJson(res, error.status, { error: { ...error.toJSON(), requestId } })
}

/** An async handler whose errors are answered here: ours in the contract's shape, others by the app. */
export function handler(
  runtime: Runtime,
  handle: (req: Request, res: Response) => Promise<void>,
): (req: Request, res: Response, next: (error: unknown) => void) => void {
  return (req, res, next) => {
    res.setHeader('Cache-Control', 'no-store')
    showRequestId(req, res)
    handle(req, res).catch((error: unknown) => {
      if (WxLoginError.is(error)) sendError(error, req, res, runtime)
      else next(error)
    })
  }
}
