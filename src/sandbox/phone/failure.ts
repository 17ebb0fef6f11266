import type { SandboxWxCallbacks, SandboxWxFailure } from './wx-types.js'

/** Why a function of `wx` fails. The texts and numbers are WeChat's. */
export class Failure extends Error {
  /** @param errno - https://developers.weixin.qq.com/miniprogram/dev/framework/usability/PublicErrno.html */
  constructor(
    reason: string,
    readonly errno?: number,
  ) {
    super(reason)
  }
}

export const timedOut = (): Failure => new Failure('timeout', 5)
export const privacyRefused = (): Failure =>
  new Failure('privacy permission is not authorized', 104)
export const interrupted = (): Failure => new Failure('interrupted', 600003)

/** A fault of the network, in the words of Android's stack. */
export const netError = (number: number, name: string): Failure =>
  new Failure(
    `errcode:${String(number)} cronet_error_code:${String(number)} error_msg:net::ERR_${name}`,
    600001,
  )

export const disconnected = (): Failure => netError(-106, 'INTERNET_DISCONNECTED')

/** What `fail` gets for an error of any kind. */
export function failureOf(api: string, error: unknown): SandboxWxFailure {
  const { message } = error as Error
  const errno = error instanceof Failure ? error.errno : undefined
  return { errMsg: `${api}:fail ${message}`, ...(errno !== undefined && { errno }) }
}

/** Calls what there is of the callbacks once the work is done. */
export function tell<Result extends object>(
  api: string,
  callbacks: SandboxWxCallbacks<Result & { errMsg: string }>,
  work: Promise<Result>,
): void {
  void work.then(
    (value) => {
      const result = { ...value, errMsg: `${api}:ok` }
      try {
        callbacks.success?.(result)
      } finally {
        callbacks.complete?.(result)
      }
    },
    (error: unknown) => {
      const failure = failureOf(api, error)
      try {
        callbacks.fail?.(failure)
      } finally {
        callbacks.complete?.(failure)
      }
    },
  )
}

/** As {@link tell}, and a promise where there is no callback at all. */
export function tellOrPromise<Result extends object>(
  api: string,
  callbacks: SandboxWxCallbacks<Result & { errMsg: string }> = {},
  work: Promise<Result>,
): Promise<Result & { errMsg: string }> | undefined {
  const { success, fail, complete } = callbacks
  if (success || fail || complete) {
    tell(api, callbacks, work)
    return undefined
  }
  return new Promise((resolve, reject) => {
    tell(api, { success: resolve, fail: reject }, work)
  })
}
