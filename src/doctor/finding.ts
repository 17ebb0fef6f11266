import type { WxCheck, WxFinding, WxReadiness } from '../readiness-types.js'

export const fine = (check: WxCheck, message: string): WxFinding => ({
  check,
  level: 'ok',
  message,
})

export const warning = (check: WxCheck, message: string, fix: string): WxFinding => ({
  check,
  level: 'warning',
  message,
  fix,
})

export const fault = (check: WxCheck, message: string, fix: string): WxFinding => ({
  check,
  level: 'error',
  message,
  fix,
})

/** The same finding, no worse than a warning. */
export const atMostWarning = (finding: WxFinding): WxFinding =>
  finding.level === 'error' ? { ...finding, level: 'warning' } : finding

/** Where a mini program's AppID, AppSecret and IP list are kept. */
export const consolePage =
  'the admin console (微信公众平台 → 管理 → 开发管理 → 开发设置 → 开发者ID)'

const order: readonly WxCheck[] = [
  'options',
  'environment',
  'session',
  'sandbox',
  'wechat',
  'clock',
  'app',
  'ip-list',
  'phone',
  'redis',
]

/** The findings as they are told, and whether one of them is an error. What is said twice is told once. */
export function readinessOf(findings: readonly WxFinding[]): WxReadiness {
  const told = new Map(findings.map((finding) => [`${finding.check} ${finding.message}`, finding]))
  return {
    ok: findings.every(({ level }) => level !== 'error'),
    findings: [...told.values()].sort((a, b) => order.indexOf(a.check) - order.indexOf(b.check)),
  }
}
