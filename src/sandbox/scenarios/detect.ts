import { partsOf } from './context.js'
import { createAsk } from './target.js'
import type { RunOptions, ScenarioMode } from './types.js'

/**
 * Which checks fit a server: `contract` where it refuses a request without a session in the words of this package's
 * HTTP contract, else `behaviour`.
 */
export async function detectMode(options: RunOptions): Promise<ScenarioMode> {
  const { contract, reach, ending } = partsOf(options)
  const { status, error } = await createAsk(contract, reach, ending)(contract.guarded)
  return status === 401 && error?.code.startsWith('WX_') ? 'contract' : 'behaviour'
}
