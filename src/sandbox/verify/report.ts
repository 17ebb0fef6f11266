import type {
  Scenario,
  ScenarioMode,
  ScenarioResult,
  ScenarioStatus,
  Words,
} from '../scenarios/index.js'
import { words } from '../scenarios/words.js'

/** How the report is written. */
export interface ReportStyle {
  readonly lang: 'en' | 'zh'
  readonly colors: boolean
}

/** A scenario and what came of it. */
export interface Played {
  readonly scenario: Scenario
  readonly result: ScenarioResult
}

const marks: Readonly<Record<ScenarioStatus, readonly [mark: string, color: number]>> = {
  passed: ['✓', 32],
  failed: ['✗', 31],
  skipped: ['-', 33],
  aborted: ['-', 33],
}

const paint = ({ colors }: ReportStyle, color: number, text: string): string =>
  colors ? `\u001B[${String(color)}m${text}\u001B[0m` : text

const labels = {
  expected: words('expected', '预期'),
  came: words('came', '实际'),
  skipped: words('skipped', '跳过'),
}

/** One line for a scenario, and under it each cross, or why it was skipped. */
export function linesOf({ scenario, result }: Played, style: ReportStyle, width: number): string {
  const { lang } = style
  const [mark, color] = marks[result.status]
  const good = result.checks.filter(({ ok }) => ok).length
  const all = result.checks.length
  const count = all === 0 ? '' : `${String(good)}/${String(all)}`
  const lines = [
    `${paint(style, color, mark)} ${scenario.id.padEnd(width)}  ${count.padEnd(5)}  ${scenario.title[lang]}`,
  ]
  if (result.reason) lines.push(`    ${labels.skipped[lang]}: ${result.reason[lang]}`)
  for (const { what, expected, actual, ok } of result.checks) {
    if (ok) continue
    lines.push(
      `    ${paint(style, 31, '✗')} ${what[lang]}`,
      `        ${labels.expected[lang]}: ${expected[lang]}`,
      `        ${labels.came[lang]}: ${actual[lang]}`,
    )
  }
  if (result.status === 'failed') lines.push(`    ${paint(style, 2, scenario.why[lang])}`)
  return `${lines.join('\n')}\n`
}

/** How many ended how. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export function totalsOf(played: readonly Played[]): Totals {
  const count = (status: ScenarioStatus): number =>
    played.filter(({ result }) => result.status === status).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
}

export function closingLine({ passed, failed, skipped }: Totals, lang: 'en' | 'zh'): string {
  const [p, f, s] = [passed, failed, skipped].map(String)
  return lang === 'en'
    ? `${p!} passed, ${f!} failed, ${s!} skipped`
    : `${p!} 通过，${f!} 失败，${s!} 跳过`
}

/** What was looked at, above the table. */
export interface Heading {
  readonly target: string
  readonly sandbox: string
  readonly started: boolean
  readonly mode: ScenarioMode
  readonly detected: boolean
  readonly notes: readonly Words[]
}

const modes = {
  contract: words(
    'contract: the exact statuses, error codes and fields of express-wx-login',
    'contract：与 express-wx-login 完全一致的状态码、错误码和字段',
  ),
  behaviour: words(
    'behaviour: what any login backend has to do',
    'behaviour：任何登录后端都必须做到的行为',
  ),
}
const detectedHow = {
  contract: words(
    "found by the server's own 401; --behaviour asks less",
    '由服务器的 401 判断；--behaviour 要求更少',
  ),
  behaviour: words(
    "found by the server's own 401; --contract asks more",
    '由服务器的 401 判断；--contract 要求更多',
  ),
}

export function headingOf(heading: Heading, lang: 'en' | 'zh'): string {
  const { target, sandbox, started, mode, detected, notes } = heading
  const fresh = words('started for this run', '为本次运行启动')
  const how = detected ? ` (${detectedHow[mode][lang]})` : ''
  const lines = [
    `SANDBOX: ${words('this is not WeChat', '这不是微信')[lang]}`,
    '',
    `  ${words('server ', '服务器')[lang]}  ${target}`,
    `  ${words('sandbox', '沙箱  ')[lang]}  ${sandbox}${started ? ` (${fresh[lang]})` : ''}`,
    `  ${words('checks ', '检查  ')[lang]}  ${modes[mode][lang]}${how}`,
    ...notes.map((note) => `  !        ${note[lang]}`),
  ]
  return `${lines.join('\n')}\n\n`
}

/** The whole result for machines; the shape is kept. */
export function jsonOf(heading: Heading, played: readonly Played[], lang: 'en' | 'zh'): string {
  const totals = totalsOf(played)
  const { target, sandbox, mode, notes } = heading
  const shape = {
    ok: totals.failed === 0,
    ...{ target, sandbox, mode },
    ...totals,
    notes: notes.map((note) => note[lang]),
    scenarios: played.map(({ scenario, result }) => ({
      id: scenario.id,
      title: scenario.title[lang],
      status: result.status,
      reason: result.reason?.[lang] ?? null,
      ms: Math.round(result.ms),
      checks: result.checks.map(({ what, expected, actual, ok }) => ({
        what: what[lang],
        expected: expected[lang],
        actual: actual[lang],
        ok,
      })),
    })),
  }
  return `${JSON.stringify(shape, null, 2)}\n`
}
