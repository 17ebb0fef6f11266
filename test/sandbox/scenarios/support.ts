import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  runScenario,
  type RunOptions,
  type ScenarioCheck,
  type ScenarioResult,
  scenarios,
} from '../../../src/sandbox/scenarios/index.js'

/** Plays one of them, by its id. */
export async function play(id: string, options: RunOptions): Promise<ScenarioResult> {
  const scenario = scenarios.find((one) => one.id === id)
  if (!scenario) throw new Error(`there is no scenario ${id}`)
  return runScenario(scenario, options)
}

const line = ({ what, expected, actual }: ScenarioCheck): string =>
  `${what.en}: expected ${expected.en}, got ${actual.en}`

/** What went wrong in it, a line each. */
export const crosses = ({ checks }: ScenarioResult): string[] =>
  checks.filter(({ ok }) => !ok).map(line)

/** A server of a test's own, on a free port. */
export async function startServer(
  listener: RequestListener,
): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
