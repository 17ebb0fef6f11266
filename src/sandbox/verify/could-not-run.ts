import type { Words } from '../scenarios/index.js'

/** Why nothing can be said of a server. */
export type CouldNotRunCode =
  | 'TARGET_DOWN'
  | 'TARGET_WRONG_PATH'
  | 'TARGET_OTHER_WECHAT'
  | 'TARGET_WRONG_APP'
  | 'TARGET_NO_TOKEN'
  | 'TARGET_TOKEN_REFUSED'
  | 'SANDBOX_DOWN'
  | 'STOPPED'

/** Nothing can be said of the server under test; says what to set. */
export class CouldNotRunError extends Error {
  override readonly name = 'CouldNotRunError'
  constructor(
    readonly code: CouldNotRunCode,
    readonly words: Words,
  ) {
    super(words.en)
  }
}
