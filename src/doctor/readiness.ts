import type { WxFinding, WxReadiness, WxReadinessOptions } from '../readiness-types.js'
import { checks, diagnose } from './checks.js'
import { atMostWarning, fine, readinessOf } from './finding.js'
import type { Patient } from './patient.js'

const longest = 5000
/** How long one check may take: less than the whole, so that it can still say what it waited for. */
const patience = 4500

/** Runs `work` once for all who ask while it runs, and for `keptFor` ms after it. It must not reject. */
function remembered<T>(
  work: () => Promise<T>,
  keptFor: (result: T) => number,
  now: () => number,
): () => Promise<T> {
  let kept: { result: Promise<T>; until: number } | undefined
  return () => {
    if (kept && now() < kept.until) return kept.result
    const fresh = { result: work(), until: Infinity }
    kept = fresh
    void fresh.result.then((result) => (fresh.until = now() + keptFor(result)))
    return fresh.result
  }
}

/** The readiness of one `wxLogin()`. @param now - a clock in ms */
export function createReadiness(
  patient: Patient,
  now: () => number = () => performance.now(),
): (options?: WxReadinessOptions) => Promise<WxReadiness> {
  const examinations = checks.map((check) => ({
    name: check.name,
    run: remembered(
      () =>
        diagnose([{ name: check.name, run: () => check.run(patient, patience) }], patience + 250),
      (findings) => check.keptFor(findings),
      now,
    ),
  }))
  let accepted = false

  // A load balancer takes out a process that is not ready. What WeChat says is the same for all processes, and sessions
  // live on without it: only a process that has never been accepted is better not let in.
  function judge(finding: WxFinding): WxFinding {
    const shared = finding.check === 'wechat' || (finding.check === 'app' && accepted)
    return shared ? atMostWarning(finding) : finding
  }

  return async (options) => {
    const { timeout = longest } = options ?? {}
    const found = await diagnose(examinations, timeout > 0 && timeout < longest ? timeout : longest)
    const apps = found.filter(({ check }) => check === 'app')
    accepted ||= apps.length > 0 && apps.every(({ level }) => level === 'ok')
    return readinessOf([fine('options', 'The options are valid.'), ...found.map(judge)])
  }
}
