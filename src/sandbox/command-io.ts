/** The process around a command. */
export interface CommandIo {
  out(text: string): void
  err(text: string): void
  /** Resolves when the command shall end. */
  readonly stopped: Promise<unknown>
  /** Whether colours may be used. Default: no */
  readonly colors?: boolean | undefined
}

/** The command line is wrong; the message says what. */
export class UsageError extends Error {}
