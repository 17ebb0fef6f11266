import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { WxLoginError } from 'express-wx-login'

const windowMs = 60_000

/**
 * Limits logins per client address; IPv6 clients by their subnet, as one customer has a whole one.
 *
 * It counts in this process. That is enough against one phone gone wild; with many processes against
 * many addresses, limit in the load balancer as well.
 */
export function loginRateLimit(
  limit: number,
  onError: (error: WxLoginError, req: Request) => void,
): RequestHandler {
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // wxErrorHandler answers, so that the phone sees the same shape as from WeChat's own limit.
    handler: (req, res, next) => {
      const error = new WxLoginError('WX_RATE_LIMITED', {
        retryAfter: Number(res.getHeader('Retry-After')) || windowMs / 1000,
        reason: 'login rate limit of this server',
      })
      onError(error, req)
      next(error)
    },
  })
}
