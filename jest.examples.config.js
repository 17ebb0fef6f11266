import base from './jest.config.js'

/**
 * The examples with their own compilers. One run is enough for all versions of Node: what is tested runs on phones.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/examples/**/*.test.ts'],
  testTimeout: 30_000,
  maxWorkers: 1,
}
