import { createContext, partsOf, type ScenarioContext } from './context.js'
import { createControl } from './control.js'
import { detectMode } from './detect.js'
import { leaksIn } from './leaks.js'
import { AbortedError, endingOf } from './limits.js'
import { SkipError, StopError, type RunnableScenario } from './scenario.js'
import type {
  RunOptions,
  ScenarioCheck,
  ScenarioNeed,
  ScenarioResult,
  ScenarioStatus,
  Words,
} from './types.js'
import { plain, words } from './words.js'

const missing: Readonly<Record<ScenarioNeed, Words>> = {
  phone: words('There is no phone number route', '没有手机号路径'),
  logout: words('There is no logout route', '没有退出登录的路径'),
  store: words(
    'The sandbox does not see where the server keeps its sessions: start it with --redis',
    '沙箱看不到服务器的会话存储：用 --redis 启动沙箱',
  ),
}

/** The first need that is not met; null where all are. */
async function unmet(
  { needs }: RunnableScenario,
  { contract, control }: ScenarioContext,
): Promise<Words | null> {
  for (const need of needs) {
    const there =
      need === 'store' ? (await control.config()).store !== null : contract[need] !== null
    if (!there) return missing[need]
  }
  return null
}

/** Said of every scenario: all that the server answered in it is looked through. */
function checkLeaks({ replies, keyIds, check }: ScenarioContext): void {
  if (replies.length === 0) return
  const leaks = new Set(replies.flatMap(({ text }) => leaksIn(text, keyIds)))
  check(
    words(
      'No reply gives away a session_key or the AppSecret',
      '任何应答都不泄露 session_key 或 AppSecret',
    ),
    words('neither', '都没有'),
    leaks.size === 0 ? words('neither', '都没有') : plain([...leaks].join(', ')),
    leaks.size === 0,
  )
}

/** Puts back what a scenario may have left: also after an abort, whose signal would end this too. */
async function restore(options: RunOptions): Promise<void> {
  const { baseUrl, fetch } = partsOf(options)
  const control = createControl({ baseUrl, fetch, ending: endingOf() })
  await control.clearFaults()
  if ((await control.config()).store !== null) await control.setStore('up')
}

/** Runs it to its end, or to a step that failed and that all others build on. */
async function play(scenario: RunnableScenario, context: ScenarioContext): Promise<void> {
  try {
    await scenario.run(context)
  } catch (error) {
    if (error instanceof StopError) return
    // What the real client rejects with: the server did not do what it needed.
    const { name, code } = error as { name?: unknown; code?: unknown }
    if (name !== 'WxLoginError') throw error
    context.check(
      words('The phone gets what it asked for', '手机得到所请求的结果'),
      words('no error', '没有错误'),
      plain(`WxLoginError ${String(code)}`),
      false,
    )
  }
}

/**
 * Plays one scenario against a server: one after another, as the sandbox has one clock and one list of faults. All
 * faults that are in force are cleared before and after, and the store is up afterwards.
 *
 * @returns what came of it; a server that is dead or wrong is a check that failed
 * @throws SandboxUnreachableError where the sandbox does not answer
 * @example
 * ```ts
 * for (const scenario of scenarios) {
 *   const result = await runScenario(scenario, { sandbox: '', target, reach: relayTo(target) })
 * }
 * ```
 */
export async function runScenario(
  scenario: RunnableScenario,
  options: RunOptions,
): Promise<ScenarioResult> {
  const start = performance.now()
  const { id } = scenario
  let mode = options.mode ?? 'behaviour'
  const checks: ScenarioCheck[] = []
  const end = (status: ScenarioStatus, reason: Words | null = null): ScenarioResult => ({
    ...{ id, status, mode, checks, reason },
    ms: performance.now() - start,
  })
  try {
    mode = options.mode ?? (await detectMode(options))
    const context = await createContext(options, mode, checks)
    const reason = await unmet(scenario, context)
    if (reason) return end('skipped', reason)
    await context.control.clearFaults()
    await play(scenario, context)
    checkLeaks(context)
  } catch (error) {
    if (error instanceof AbortedError) return end('aborted')
    const reason = error instanceof SkipError ? error.reason : undefined
    if (!reason) throw error
    // What was seen to be wrong stays wrong.
    if (checks.every(({ ok }) => ok)) return end('skipped', reason)
  } finally {
    await restore(options)
  }
  return end(checks.length > 0 && checks.every(({ ok }) => ok) ? 'passed' : 'failed')
}
