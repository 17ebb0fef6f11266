import { destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'

export type Log = Logger

interface ErrorFields {
  type: string
  message: string
  [field: string]: unknown
}

/**
 * An error as the log shows it: named fields only.
 *
 * Errors carry more than one thinks: PostgreSQL's `detail` quotes the row, drivers add the
 * parameters. So nothing is copied that is not listed here.
 */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error was thrown' }
  const fields: ErrorFields = { type: error.name, message: error.message }
  for (const name of ['code', 'status', 'reason', 'errcode', 'rid'] as const) {
    const value = (error as unknown as Record<string, unknown>)[name]
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value
  }
  if (error.stack !== undefined) fields.stack = error.stack
  if (error.cause !== undefined && depth < 3) fields.cause = errorFields(error.cause, depth + 1)
  return fields
}

/** JSON lines on stdout. */
export function createLogger(level: string): Log {
  const options: LoggerOptions = {
    level,
    // The platform knows host and pid; they would be the longest part of every line.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => errorFields(error) },
    // request-log.ts logs neither headers nor bodies. Should anybody add them one day, these stay out.
    redact: {
      censor: '[redacted]',
      paths: [
        'headers.authorization',
        'headers.cookie',
        'headers["set-cookie"]',
        '*.headers.authorization',
        '*.headers.cookie',
        '*.headers["set-cookie"]',
        ...[
          'code',
          'token',
          'secret',
          'session_key',
          'sessionKey',
          'rawData',
          'signature',
          'encryptedData',
          'iv',
        ].flatMap((field) => [`body.${field}`, `*.body.${field}`]),
      ],
    },
  }
  // Not pino's asynchronous default: that one tries for ever to write its rest at the exit when nobody
  // reads stdout any more, and the process never ends.
  return pino(options, destination({ dest: 1, sync: true }))
}
