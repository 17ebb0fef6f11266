import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of the table that `npm run test:faults` ends with. */
export interface FaultRow {
  /** `F4`, `R1`, …: what the rows are sorted by. */
  fault: string
  /** What was broken, and how. */
  what: string
  /** Which client, or which server: `createRedis`, `defaults`, … */
  client?: string
  /** What was asked: `public`, `me`, `login`, … */
  asked: string
  /** What came, as counted or in words. */
  statuses: Readonly<Record<number, number>> | string
  /** Slowest answer in ms. */
  slowest?: number | undefined
  /** From the moment the fault was over until the last request that was refused, in ms. */
  recovery?: number | undefined
  /** What is required, in a few words. */
  required: string
}

/** What {@link noteRow} writes and table-reporter.js reads: the reporter adds how the test ended. */
export interface NotedRow extends FaultRow {
  test: string
  file: string
}

/** The file between the tests and the reporter, which is another process where there are workers. */
const tableFile = (): string | undefined => {
  const folder = process.env.TEST_RUN_FOLDER
  return folder === undefined ? undefined : join(folder, 'fault-table.jsonl')
}

/**
 * Notes one line of the table for the test that is running. Call it before the assertions: a line of a
 * test that fails is the one worth reading. Whether the line says passed or failed is up to the test.
 */
export function noteRow(row: FaultRow): void {
  const file = tableFile()
  if (file === undefined) return
  const { currentTestName, testPath } = expect.getState()
  const noted: NotedRow = { ...row, test: currentTestName ?? '', file: testPath ?? '' }
  appendFileSync(file, `${JSON.stringify(noted)}\n`)
}
