import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const columns = [
  ['fault', ({ fault }) => fault],
  ['what was broken', ({ what }) => what],
  ['client', ({ client }) => client ?? ''],
  ['asked', ({ asked }) => asked],
  ['answers', ({ statuses }) => answersOf(statuses)],
  ['slowest', ({ slowest }) => milliseconds(slowest)],
  ['recovery', ({ recovery }) => milliseconds(recovery)],
  ['required', ({ required }) => required],
  ['verdict', ({ verdict }) => verdict],
]

const milliseconds = (ms) => (typeof ms === 'number' ? `${Math.round(ms)} ms` : '')

function answersOf(statuses) {
  if (typeof statuses === 'string') return statuses
  const named = Object.entries(statuses).map(
    ([status, times]) => `${times}x${status === '0' ? 'none' : status}`,
  )
  return named.join(' ')
}

const verdicts = { passed: 'ok', failed: 'FAILED' }

/** F2 before F10; what has no number comes last. */
function order({ fault }) {
  const [, letter, number] = /^([A-Z]+)(\d+)/.exec(fault) ?? [null, '~', '0']
  return [letter, Number(number)]
}

function compare(a, b) {
  const [letterA, numberA] = order(a)
  const [letterB, numberB] = order(b)
  return letterA === letterB ? numberA - numberB : letterA < letterB ? -1 : 1
}

function notedRows() {
  const file = join(process.env.TEST_RUN_FOLDER ?? '', 'fault-table.jsonl')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** Every test whose name begins with the number of a fault, whether or not it came to note anything. */
function testsOf(results) {
  return results.testResults.flatMap(({ testFilePath, testResults }) =>
    testResults.map(({ fullName, title, status }) => ({
      key: `${testFilePath}\n${fullName}`,
      title,
      fullName,
      verdict: verdicts[status] ?? status,
    })),
  )
}

/**
 * Prints one table of all the faults after the tests: what was broken, what was answered, how long it took, and
 * whether that is what is required. The rows come from `noteRow` through a file of this test run.
 */
export default class TableReporter {
  onRunComplete(_contexts, results) {
    const tests = testsOf(results)
    const noted = notedRows()
    const verdictOf = new Map(tests.map(({ key, verdict }) => [key, verdict]))
    const told = new Set(noted.map(({ file, test }) => `${file}\n${test}`))
    const silent = tests.filter(({ key, fullName }) => /^F\d+/.test(fullName) && !told.has(key))
    const rows = [
      ...noted.map((row) =>
        Object.assign(row, {
          verdict: verdictOf.get(`${row.file}\n${row.test}`) ?? 'not finished',
        }),
      ),
      ...silent.map(({ fullName, verdict }) => ({
        fault: /^F\d+/.exec(fullName)[0],
        what: fullName.replace(/^F\d+,?:? */, '').slice(0, 60),
        asked: '',
        statuses: '',
        required: '',
        verdict,
      })),
    ].sort(compare)
    if (rows.length === 0) return
    const cells = rows.map((row) => columns.map(([, cell]) => String(cell(row))))
    const widths = columns.map(([name], i) =>
      Math.max(name.length, ...cells.map((line) => line[i].length)),
    )
    const line = (texts) => `| ${texts.map((text, i) => text.padEnd(widths[i])).join(' | ')} |\n`
    process.stdout.write(
      `\n${line(columns.map(([name]) => name))}${line(widths.map((n) => '-'.repeat(n)))}${cells.map(line).join('')}\n`,
    )
  }
}
