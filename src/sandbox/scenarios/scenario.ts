import type { ScenarioContext } from './context.js'
import type { Scenario, Words } from './types.js'

/** A scenario with what it does. */
export interface RunnableScenario extends Scenario {
  /** Makes its checks; what a server does wrong is a check that fails, no error. */
  run(context: ScenarioContext): Promise<void>
}

/** Found while it ran: something that it needs is not there. */
export class SkipError extends Error {
  override readonly name = 'SkipError'
  constructor(readonly reason: Words) {
    super(reason.en)
  }
}

/** A step that everything after it builds on went wrong; a check says it already. */
export class StopError extends Error {
  override readonly name = 'StopError'
}

/** Gives what there is. @throws StopError where there is nothing */
export function need<T>(value: T | undefined): T {
  if (value === undefined) throw new StopError('nothing to go on with')
  return value
}
