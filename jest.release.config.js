import base from './jest.config.js'

/**
 * What a release has to pass: the packed packages in a project of each combination of what users have beside them, and
 * the scripts that make a release. With TARBALL and CLIENT_TARBALL it is these files that are tested.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/release/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  testTimeout: 60_000,
}
