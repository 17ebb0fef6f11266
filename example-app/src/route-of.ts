import type { Request } from 'express'

/** Asked every few seconds by machines: not worth a line or a span each while all is well. */
const probes = new Set(['/healthz', '/readyz', '/metrics'])

export const isProbe = (req: Request): boolean => probes.has(req.originalUrl)

/** The pattern of the route, not the path: paths are endless, and each would be a series of its own. */
export function routeOf(req: Request): string {
  const route = req.route as { path?: unknown } | undefined
  return typeof route?.path === 'string' ? req.baseUrl + route.path : 'none'
}
