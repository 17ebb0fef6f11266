import type { WxFinding, WxReadiness } from '../readiness-types.js'

const marks: Readonly<Record<WxFinding['level'], string>> = { ok: '✓', warning: '!', error: '✗' }

const counted = (count: number, what: string): string =>
  count === 0 ? '' : `${String(count)} ${what}${count === 1 ? '' : 's'}`

/** The findings for people: a line each, and under it what to do. */
export function reportOf({ ok, findings }: WxReadiness): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.map(({ check, level, message, fix }) => {
    const line = `${marks[level]} ${check.padEnd(width)}  ${message}`
    return fix === undefined ? line : `${line}\n${' '.repeat(width + 4)}→ ${fix}`
  })
  const count = (level: WxFinding['level']): number =>
    findings.filter((finding) => finding.level === level).length
  const faults = [counted(count('error'), 'error'), counted(count('warning'), 'warning')]
    .filter((text) => text !== '')
    .join(', ')
  const end = ok ? `Ready${faults && `, with ${faults}`}.` : `Not ready: ${faults}.`
  return `${lines.join('\n')}\n\n${end}\n`
}
