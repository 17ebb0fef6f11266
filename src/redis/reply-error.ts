const word = /^([A-Z]{2,}) /

/** Whether Redis said that a key holds another type than the command is for: no retry will read it. */
export const isWrongType = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('WRONGTYPE')

/** Whether an error is the connection's: what Redis itself says no with begins with a word in capitals. */
export const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof SyntaxError) && !word.test(error.message)
