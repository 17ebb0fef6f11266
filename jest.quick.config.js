import { availableParallelism } from 'node:os'
import base from './jest.config.js'

/**
 * They need a browser, a database, other processes, a compiler or real projects, or wait for Redis servers that freeze
 * and come back: npm run test:page, test:app, test:docs, test:package, test:connections, test:client.
 */
export const byName = [
  ...['sandbox-page/', 'miniprogram/'],
  ...['example-app/', 'recipes/', 'sandbox/scenarios/', 'support/'],
  ...['docs/', 'package/'],
  ...['redis/link', 'redis/create-redis-nodes', 'doctor/command', 'doctor/redis'],
  ...['client/mutants', 'sandbox/cli'],
]

/**
 * `npm test`: what the package does, in one to two minutes. `npm run test:named` runs the rest, `test:all` both.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testPathIgnorePatterns: ['/node_modules/', ...byName.map((name) => `<rootDir>/test/${name}`)],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  // Half of the time is spent waiting for servers that do not answer.
  maxWorkers: availableParallelism() + 2,
}
