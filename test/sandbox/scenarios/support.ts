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
