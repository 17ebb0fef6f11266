import { type Call, callInTime, DeadlineError } from '../deadline.js'
import { WxLoginError } from '../errors.js'

/** One answer for every way in which a store fails; the reason goes to the operator. */
export function storeUnavailable(error: unknown): WxLoginError {
  if (WxLoginError.is(error)) return error
  if (error instanceof DeadlineError) {
    return new WxLoginError('WX_STORE_UNAVAILABLE', {
      reason: `the session store gave ${error.message}`,
    })
  }
  const { name, code, message } =
    error instanceof Error ? (error as Error & { code?: unknown }) : {}
  // Of the message only the word Redis begins with (OOM, READONLY, …): the rest can quote a key.
  const word = /^[A-Z]{3,20}(?= )/.exec(message ?? '')?.[0]
  const what = [name, code, word].filter(Boolean).join(' ')
  return new WxLoginError('WX_STORE_UNAVAILABLE', {
    reason: `the session store failed: ${what || 'unknown error'}`,
  })
}

/** Asks a store; every way in which it fails is `WX_STORE_UNAVAILABLE`. */
export async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeUnavailable(error)
  }
}

/** The store is known to be away, so it is not asked. */
export const disconnected = (): WxLoginError =>
  new WxLoginError('WX_STORE_UNAVAILABLE', { reason: 'the session store is disconnected' })

/**
 * Calls a method with a Node callback and waits for it, for at most `ms` milliseconds.
 *
 * @throws `WX_STORE_UNAVAILABLE`
 */
export function storeCall<T>(ms: number, call: Call<T>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    callInTime<T>(ms, call, (error, value) => {
      if (error === null) resolve(value)
      else reject(storeUnavailable(error))
    })
  })
}
