import { fileURLToPath } from 'node:url'
import base from '../jest.config.js'

/**
 * The tests of one group of sources, as mutation/run.js names them. Redis is started there, once: Stryker runs
 * jest anew for every mutant.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  rootDir: fileURLToPath(new URL('..', import.meta.url)),
  testEnvironment: fileURLToPath(new URL('environment.cjs', import.meta.url)),
  moduleNameMapper: {
    ...base.moduleNameMapper,
    '^fast-check$': '<rootDir>/mutation/fast-check.cjs',
  },
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: (process.env.MUTATION_TESTS ?? '').split(',').map((file) => `<rootDir>/${file}`),
  globalSetup: undefined,
  globalTeardown: undefined,
  reporters: [],
  testTimeout: 10_000,
}
