import type { RequestHandler } from 'express'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import { measureRedis } from './redis-metrics.js'
import { routeOf } from './route-of.js'
import { createWxMetrics } from './wx-metrics.js'

export interface Metrics {
  /** Measures every request; first in the app. */
  readonly measure: RequestHandler
  /** Counts the session of a request as active; behind the plugin. */
  readonly seen: RequestHandler
  /** Answers Prometheus. */
  readonly expose: RequestHandler
  /** Counts an error of the app itself. */
  error(code: string): void
  close(): void
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
  const errors = new Counter({
    name: 'app_errors_total',
    help: 'Errors of the app by their code, those of express-wx-login included, whether the client saw them or not.',
    labelNames: ['code'] as const,
    registers,
  })

  const wx = createWxMetrics(registry)
  const stopRedis = measureRedis(registry)

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
    seen: wx.seen,
    error: (code) => errors.inc({ code }),
    close() {
      wx.close()
      stopRedis()
    },
  }
}
