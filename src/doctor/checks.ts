import { withDeadline } from '../deadline.js'
import type { WxCheck, WxFinding } from '../readiness-types.js'
import { fault, warning } from './finding.js'
import type { Patient } from './patient.js'
import { checkRedis } from './redis.js'
import { checkSandbox } from './sandbox.js'
import { checkEnvironment, checkSession } from './set-up.js'
import { checkWeChat } from './wechat.js'

/** One of the things looked at. */
export interface Check {
  /** What a finding is about where the check itself comes to nothing. */
  readonly name: WxCheck
  /** @param ms - how long it has */
  run(patient: Patient, ms: number): WxFinding[] | Promise<WxFinding[]>
  /** How long what was found stays true, in ms. */
  keptFor(findings: WxFinding[]): number
}

const minute = 60_000
const isFine = (findings: WxFinding[]): boolean => findings.every(({ level }) => level === 'ok')

// A call for an access token in five minutes: WeChat gives an app 500,000 a day, for all processes together.
const askedRarely = (findings: WxFinding[]): number => (isFine(findings) ? 5 * minute : minute)

/** Everything that is looked at, in the order in which it is told. */
export const checks: readonly Check[] = [
  { name: 'environment', run: checkEnvironment, keptFor: () => 0 },
  { name: 'session', run: checkSession, keptFor: () => 5 * minute },
  { name: 'sandbox', run: checkSandbox, keptFor: askedRarely },
  { name: 'wechat', run: checkWeChat, keptFor: askedRarely },
  { name: 'redis', run: checkRedis, keptFor: () => 2000 },
]

/** A check of one patient. */
export interface Examination {
  readonly name: WxCheck
  run(): WxFinding[] | Promise<WxFinding[]>
}

/** All findings, after `ms` milliseconds at most; never rejects. */
export async function diagnose(all: readonly Examination[], ms: number): Promise<WxFinding[]> {
  const found = await Promise.all(
    all.map(async ({ name, run }) => {
      try {
        return await withDeadline((async () => run())(), ms)
      } catch {
        // Whether sessions can be loaded must be known; what was thrown is not quoted, it may hold anything.
        const judge = name === 'redis' ? fault : warning
        return [
          judge(
            name,
            'This could not be found out in time.',
            'Try again; see that this machine is not overloaded.',
          ),
        ]
      }
    }),
  )
  return found.flat()
}
