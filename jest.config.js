/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Without roots jest would walk into dist and example-app and find two packages of one name;
  // src is here so that files no test loads count in the coverage.
  roots: ['<rootDir>/src', '<rootDir>/client/src', '<rootDir>/test'],
  // All but what takes minutes: npm run test:attacks, test:faults, test:release, test:examples, soak. npm test runs the quick part.
  testMatch: [
    '<rootDir>/test/**/*.test.ts',
    ...['attacks', 'faults', 'release', 'soak', 'examples'].map((suite) => `!**/test/${suite}/**`),
  ],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Sources import './x.js', as Node wants it; only './x.ts' is there before a build.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/test/support/global-setup-all.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 20_000,
  maxWorkers: '100%',
  collectCoverageFrom: ['src/**/*.ts', 'client/src/**/*.ts'],
  coverageProvider: 'babel',
  coverageReporters: ['text', 'lcovonly', 'json-summary'],
  coverageThreshold: { global: { lines: 98, branches: 98 } },
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.js'],
}
