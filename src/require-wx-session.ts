import type { NextFunction, Request, Response } from 'express'
import { events } from './diagnostics-channels.js'
import { WxLoginError } from './errors.js'
import type { GuardOptions } from './option-types.js'
import { requestIdOf } from './request-id.js'
import { sendError } from './respond.js'
import { requestState } from './runtime.js'
import { explained } from './start-up.js'

/**
 * What most refused requests get. Without a stack trace: it would say that the guard made it, and cost more than all
 * the rest of the answer.
 */
function refusal(): WxLoginError {
  const { stackTraceLimit } = Error
  // Not by assignment, which throws where somebody has frozen it.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return new WxLoginError('WX_SESSION_REQUIRED')
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function guard(options: GuardOptions, req: Request, res: Response, next: NextFunction): void {
  const state = requestState(req)
  const refuse = (error: WxLoginError): void => {
    sendError(error, req, res, state?.runtime)
    events.guardRefused.tell(() => {
      const { code, status } = error
      return { code, status, requestId: requestIdOf(req) }
    })
  }
  if (!state) {
    refuse(
      new WxLoginError('WX_SESSION_MISSING', {
        message: explained(
          'requireWxSession: the plugin has not seen this request. Put app.use(wxLogin(...)) at the root of the app, before the routes.',
          'not-seen',
        ),
      }),
    )
    return
  }
  if (state.failure) {
    refuse(state.failure)
    return
  }
  const loginAt = state.login?.record.loginAt
  if (loginAt === undefined) {
    refuse(refusal())
    return
  }
  if (options.maxAge !== undefined && Date.now() - loginAt > options.maxAge * 1000) {
    refuse(new WxLoginError('WX_SESSION_REQUIRED', { reason: 'the login is older than maxAge' }))
    return
  }
  next()
}

/** A middleware for any route: generic, so that Express still infers the route's own parameters. */
type AnyRoute = <P, ResBody, ReqBody, Query, Locals extends Record<string, unknown>>(
  req: Request<P, ResBody, ReqBody, Query, Locals>,
  res: Response<ResBody, Locals>,
  next: NextFunction,
) => void

function factory(options: GuardOptions): AnyRoute {
  const { maxAge, ...unknown } = options
  const [extra] = Object.keys(unknown)
  if (
    extra !== undefined ||
    !(maxAge === undefined || (typeof maxAge === 'number' && maxAge > 0))
  ) {
    throw new WxLoginError('WX_APP_CONFIG', {
      message: explained(
        `requireWxSession: ${extra === undefined ? 'maxAge must be a number of seconds' : `${extra}: unknown option, there is only maxAge (seconds)`}`,
        'guard-options',
      ),
    })
  }
  return (req, res, next) => {
    guard(options, req as unknown as Request, res as unknown as Response, next)
  }
}

const always = factory({})

/**
 * The guard: lets requests with a live session through, and answers all others itself, in the shape of the
 * HTTP contract: 401 `WX_SESSION_REQUIRED`, 503 `WX_STORE_UNAVAILABLE` while the store is away (never a 401),
 * 400 for two different tokens. Works as a middleware and as a factory.
 *
 * @example
 * ```ts
 * app.get('/orders', requireWxSession, (req, res) => res.json(ordersOf(getWx(req).openid)))
 * // for what deserves a fresh login: not older than ten minutes
 * app.post('/pay', requireWxSession({ maxAge: 600 }), pay)
 * ```
 */
export const requireWxSession: AnyRoute & ((options?: GuardOptions) => AnyRoute) = ((
  first?: Request | GuardOptions,
  res?: Response,
  next?: NextFunction,
) =>
  res && next
    ? always(first as Request, res, next)
    : factory((first ?? {}) as GuardOptions)) as AnyRoute & ((options?: GuardOptions) => AnyRoute)
