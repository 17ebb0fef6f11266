import type { Request, RequestHandler } from 'express'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** Measures every request; first in the app. */
  readonly measure: RequestHandler
  /** Answers Prometheus. */
  readonly expose: RequestHandler
  login(): void
  error(code: string): void
}

export function createMetrics(): Metrics {
  // A registry of its own: the global one breaks as soon as two apps share a process, as in tests.
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]

  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const logins = new Counter({
    name: 'wx_logins_total',
    help: 'Logins that made a session.',
    registers,
  })
  const errors = new Counter({
    name: 'app_errors_total',
    help: 'Errors by their code, whether the client saw them or not.',
    labelNames: ['code'] as const,
    registers,
  })

  return {
    measure: (req, res, next) => {
      const stop = duration.startTimer()
      res.once('close', () => {
        // 499 as in nginx: the client left before the answer.
        stop({
          method: req.method,
          route: routeOf(req),
          status: res.writableFinished ? res.statusCode : 499,
        })
      })
      next()
    },
    expose: async (_req, res) => {
      res.type(registry.contentType).send(await registry.metrics())
    },
    login: () => logins.inc(),
    error: (code) => errors.inc({ code }),
  }
}

/** The pattern of the route, not the path: paths are endless, and each would be a series of its own. */
function routeOf(req: Request): string {
  const route = req.route as { path?: unknown } | undefined
  return typeof route?.path === 'string' ? req.baseUrl + route.path : 'none'
}
