import base from './jest.config.js'

// `npm run soak` sets these from its arguments.
process.env.SOAK_MINUTES ??= '30'

/**
 * The soak: one long run of several processes under load and faults.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/soak/**/*.test.ts'],
  maxWorkers: 1,
}
