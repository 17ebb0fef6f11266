const { TestEnvironment } = require('jest-environment-node')

/** One test that fails is enough to find a mutant: what comes after it in the same file is left out. */
module.exports = class extends TestEnvironment {
  #failed = false

  handleTestEvent({ name, test }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.#failed = true
    if (name === 'test_start' && this.#failed) test.mode = 'skip'
  }
}
