/** Every code a {@link SandboxError} can carry, over HTTP and in process. */
export type SandboxErrorCode =
  | 'SANDBOX_BAD_REQUEST'
  | 'SANDBOX_FORBIDDEN'
  | 'SANDBOX_NOT_FOUND'
  | 'SANDBOX_METHOD_NOT_ALLOWED'
  | 'SANDBOX_TOO_LARGE'
  | 'SANDBOX_TOO_MANY'
  | 'SANDBOX_IN_PRODUCTION'
  | 'SANDBOX_NOT_LISTENING'
  | 'SANDBOX_NO_STORE'
  | 'SANDBOX_TARGET_DOWN'
  | 'SANDBOX_TARGET_TIMEOUT'

const statuses: Readonly<Record<SandboxErrorCode, number>> = {
  SANDBOX_BAD_REQUEST: 400,
  SANDBOX_FORBIDDEN: 403,
  SANDBOX_NOT_FOUND: 404,
  SANDBOX_METHOD_NOT_ALLOWED: 405,
  SANDBOX_TOO_LARGE: 413,
  SANDBOX_TOO_MANY: 429,
  SANDBOX_IN_PRODUCTION: 500,
  SANDBOX_NOT_LISTENING: 500,
  SANDBOX_NO_STORE: 409,
  SANDBOX_TARGET_DOWN: 502,
  SANDBOX_TARGET_TIMEOUT: 504,
}

/**
 * What the sandbox itself refuses: wrong options, wrong control requests, too much of something.
 * WeChat's own errors are answers with an `errcode`, never this.
 *
 * @example
 * ```ts
 * try {
 *   sandbox.user('')
 * } catch (error) {
 *   if (error instanceof SandboxError) console.log(error.code) // 'SANDBOX_BAD_REQUEST'
 * }
 * ```
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  /** What was refused, for `switch`. */
  readonly code: SandboxErrorCode
  /** The HTTP status the control surface answers with. */
  readonly status: number

  constructor(code: SandboxErrorCode, message: string) {
    super(message)
    this.code = code
    this.status = statuses[code]
  }
}
