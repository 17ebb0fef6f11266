import { tracingChannel } from 'node:diagnostics_channel'
import { Histogram, type Registry } from 'prom-client'

// Those of express-wx-login; a label for whatever else may come would be one without an end.
const known = new Set([
  'GET',
  'GETEX',
  'SET',
  'DEL',
  'EVALSHA',
  'EXPIRE',
  'ZREM',
  'ZRANGE',
  'HGETALL',
  'INCR',
  'PING',
])

/**
 * Measures the commands of node-redis by its own tracing channel. Of what it tells only the command's name is read:
 * the arguments have the keys in them, and those the ids of sessions.
 *
 * @returns a function that ends it
 */
export function measureRedis(registry: Registry): () => void {
  const duration = new Histogram({
    name: 'redis_command_duration_seconds',
    help: 'Time of a Redis command, from the call to the reply.',
    labelNames: ['command'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  const begun = new WeakMap<object, number>()
  const nothing = () => {}
  const tracing = tracingChannel<unknown, { command?: unknown }>('node-redis:command')
  const tracer = {
    start: (call: object) => void begun.set(call, performance.now()),
    end: nothing,
    asyncStart: nothing,
    error: nothing,
    asyncEnd(call: { command?: unknown }) {
      const name = String(call.command).toUpperCase()
      const command = known.has(name) ? name : 'other'
      duration.observe({ command }, (performance.now() - begun.get(call)!) / 1000)
    },
  }
  tracing.subscribe(tracer)
  return () => void tracing.unsubscribe(tracer)
}
