const fastCheck = require('../node_modules/fast-check/lib/cjs/fast-check.js')

/** fast-check with a quarter of the runs that the tests ask for: they are repeated for every mutant. */
module.exports = {
  ...fastCheck,
  assert: (property, { numRuns = 100, ...parameters } = {}) =>
    fastCheck.assert(property, { ...parameters, numRuns: Math.ceil(numRuns / 4) }),
}
