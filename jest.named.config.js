import base from './jest.config.js'
import { byName } from './jest.quick.config.js'

/**
 * `npm run test:named`: all that `npm test` leaves out.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  testMatch: byName.map(
    (name) => `<rootDir>/test/${name}${name.endsWith('/') ? '**/' : ''}*.test.ts`,
  ),
}
