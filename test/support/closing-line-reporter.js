import { writeSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** A message of jest in one line, without its colours. */
const inShort = (message = '') =>
  stripVTControlCharacters(message).replace(/\s+/g, ' ').trim().slice(0, 400)

/** Each test that failed, and each file that could not be loaded, in a line of its own. */
const failedOf = ({ testResults }) =>
  testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => {
    const file = relative(process.cwd(), testFilePath)
    const line = (name, message) => `failed: ${file} › ${name}: ${inShort(message)}\n`
    const failed = tests.filter(({ status }) => status === 'failed')
    return [
      ...failed.map(({ fullName, failureMessages }) => line(fullName, failureMessages[0])),
      ...(testExecError ? [line('not run', testExecError.message)] : []),
    ]
  })

/**
 * Prints what failed, and `N passed, N failed` as the very last line of the run: what CI reads, whatever
 * else jest writes. A file that could not even be loaded counts as one failure.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests + results.numTodoTests
    const line = `${failedOf(results).join('')}${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`
    // jest's own summary and the coverage table come after this reporter was told.
    process.once('exit', () => writeSync(1, line))
  }
}
