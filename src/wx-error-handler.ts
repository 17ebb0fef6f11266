import type { ErrorRequestHandler } from 'express'
import { WxLoginError } from './errors.js'
import { sendError } from './respond.js'
import { requestState } from './runtime.js'

/**
 * Answers a {@link WxLoginError} that your own route threw (`getWx`, `req.wx.decrypt`, …) as the plugin's routes
 * answer theirs: status, JSON, `Retry-After`. Any other error goes on to the next error handler.
 *
 * @example
 * ```ts
 * // Express 5; on Express 4 an async handler needs `.catch(next)`
 * app.post('/steps', requireWxSession, async (req, res) => {
 *   res.json(await getWx(req).decrypt(req.body))
 * })
 * app.use(wxErrorHandler) // after the routes
 * ```
 */
export const wxErrorHandler: ErrorRequestHandler = (error: unknown, req, res, next) => {
  // After the first byte only Express can end the response: it cuts the connection.
  if (WxLoginError.is(error) && !res.headersSent)
    sendError(error, req, res, requestState(req)?.runtime)
  else next(error)
}
