import base from './jest.config.js'

/**
 * Fifty attacks by number, most of them against the example app as a process of its own.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/attacks/**/*.test.ts'],
  testTimeout: 60_000,
}
