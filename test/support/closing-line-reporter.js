import { writeSync } from 'node:fs'

/**
 * Prints `N passed, N failed` as the very last line of the run: what CI reads, whatever else
 * jest writes. A file that could not even be loaded counts as one failure.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests + results.numTodoTests
    const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`
    // jest's own summary and the coverage table come after this reporter was told.
    process.once('exit', () => writeSync(1, line))
  }
}
