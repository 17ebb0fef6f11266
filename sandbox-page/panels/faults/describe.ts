import type { SandboxFault } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { duration } from '../../i18n/time.js'

/** The last segment, which says it all. */
export const shortName = (endpoint: string): string => endpoint.slice(endpoint.lastIndexOf('/') + 1)

/** A fault in one line: `jscode2session · errcode -1 · once`. */
export function describeFault(fault: SandboxFault, lang: Lang): string {
  const texts = panelTexts[lang].faults
  const { endpoint, errcode, status, body, drop, delayMs, times } = fault
  return [
    shortName(endpoint),
    errcode === undefined ? null : `errcode ${String(errcode)}`,
    status === undefined ? null : `HTTP ${String(status)}`,
    body === undefined ? null : texts.effects.broken,
    drop === undefined ? null : texts.effects[drop],
    delayMs === undefined ? null : texts.late(duration(delayMs, lang)),
    times === undefined ? texts.always : texts.timesLeft(times),
  ]
    .filter((part) => part !== null)
    .join(' · ')
}
