import type { Request, Response } from 'express'
import { Registry } from 'prom-client'
import { createWxMetrics } from '../../example-app/src/wx-metrics.js'

const limit = 200_000

async function activeOf(registry: Registry): Promise<number> {
  const { values } = await registry.getSingleMetric('wx_sessions_active')!.get()
  return values[0]!.value
}

test('of more active sessions than the limit those that were seen last are counted, and the memory stops growing', async () => {
  const registry = new Registry()
  const metrics = createWxMetrics(registry)
  const see = (i: number): void => {
    metrics.seen({ wx: { sessionId: `session ${i}` } } as Request, {} as Response, () => undefined)
  }
  for (let i = 0; i < limit; i += 1) see(i)
  expect(await activeOf(registry)).toBe(limit)

  for (let i = limit; i < 2 * limit; i += 1) see(i)
  const active = await activeOf(registry)
  expect(active).toBeLessThanOrEqual(limit)
  expect(active).toBeGreaterThan(0.98 * limit)
  // Known, so that nothing is counted twice.
  for (let i = 2 * limit - 1000; i < 2 * limit; i += 1) see(i)
  expect(await activeOf(registry)).toBe(active)
  metrics.close()
})
