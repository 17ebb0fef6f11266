import base from './jest.config.js'

// Node 20 can spin for ever where it frees an environment in which a socket was destroyed amid a request, and
// that is what these suites do. Who exits inside 'exit' ends without freeing it.
process.once('beforeExit', () => {
  // After all others that wait for the exit: the closing line is one of them.
  process.once('exit', (code) => process.exit(code))
})

/**
 * The long suites against servers that are broken on purpose: one at a time, so that what they measure is theirs.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
  testTimeout: 120_000,
  maxWorkers: 1,
  reporters: [
    'default',
    '<rootDir>/test/faults/table-reporter.js',
    '<rootDir>/test/support/closing-line-reporter.js',
  ],
}
