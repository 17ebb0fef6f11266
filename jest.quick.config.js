import { availableParallelism } from 'node:os'
import base from './jest.config.js'

/** They need a browser, a database, other processes or real projects: npm run test:page, test:app, test:package. */
const byName = [
  ...['sandbox-page', 'miniprogram'],
  ...['example-app', 'recipes', 'sandbox/scenarios', 'support'],
  'package',
]

/**
 * `npm test`: what the package does, in a minute. `npm run test:all` runs the rest too.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testPathIgnorePatterns: ['/node_modules/', ...byName.map((name) => `<rootDir>/test/${name}/`)],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  // Half of the time is spent waiting for servers that do not answer.
  maxWorkers: availableParallelism() + 2,
}
