const word = /^([A-Z]{2,}) /

/**
 * Whether Redis said that a key holds another type than the command is for: no retry will read it. Of a command inside a
 * script, Redis 6 says it in the middle.
 */
export const isWrongType = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('WRONGTYPE Operation')

/** Whether a command was refused by the client itself, for too many before it: says nothing of the connection. */
export const isQueueFull = (error: unknown): boolean =>
  (error as { message?: unknown } | null)?.message === 'The queue is full'

/**
 * Whether an error is the connection's: what Redis itself says no with begins with a word in capitals. Not by
 * `instanceof`: the errors of Node's sockets are of another realm where the app runs in one of its own (Jest).
 */
export function isConnectionError(error: unknown): boolean {
  const given = error as { name?: unknown; message?: unknown } | null | undefined
  const message = given?.message
  return typeof message === 'string' && given?.name !== 'SyntaxError' && !word.test(message)
}
