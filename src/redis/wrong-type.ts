/** Whether Redis said that a key holds another type than the command is for: no retry will read it. */
export const isWrongType = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('WRONGTYPE')
