/**
 * What the sandbox refused, with its own words, or that it could not be reached.
 *
 * @example
 * ```ts
 * try {
 *   await api.clock.advance(-1)
 * } catch (error) {
 *   if (ApiError.is(error)) show(error.message) // 'advanceMs: must be 0 or more: time does not run backwards'
 * }
 * ```
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** `SANDBOX_BAD_REQUEST`, …; `UNREACHABLE` where nothing answered, `NO_SENSE` where something else than a sandbox did. */
  readonly code: string
  /** HTTP status of the answer; null without one. */
  readonly status: number | null

  constructor(code: string, message: string, status: number | null = null) {
    super(message)
    this.code = code
    this.status = status
  }

  static is(error: unknown): error is ApiError {
    return error instanceof ApiError
  }
}

/** What an error says, whatever it is. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
