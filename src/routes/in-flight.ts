import { WxLoginError } from '../errors.js'
import type { Runtime } from '../runtime.js'

const closing = (): WxLoginError => new WxLoginError('WX_CLOSING')

/** @throws `WX_CLOSING` after `wx.close()` */
export function assertOpen({ logins }: Runtime): void {
  if (!logins.open) throw closing()
}

/**
 * Runs what spends a code, which `wx.close()` therefore waits for.
 *
 * @throws `WX_CLOSING` after `wx.close()`
 */
export async function inFlight<T>(runtime: Runtime, work: () => Promise<T>): Promise<T> {
  assertOpen(runtime)
  const { running } = runtime.logins
  const working = work()
  running.add(working)
  try {
    return await working
  } finally {
    running.delete(working)
  }
}

/** Waits for `work`, but no longer than `wx.close()` has patience. */
export const unlessCut = <T>({ logins: { cuts } }: Runtime, work: Promise<T>): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const cut = (): void => {
      reject(closing())
    }
    if (cuts) cuts.add(cut)
    else cut()
    // Not an AbortSignal: that one looks through all its listeners for each that comes or goes.
    work.then(
      (value) => {
        cuts?.delete(cut)
        resolve(value)
      },
      (error: unknown) => {
        cuts?.delete(cut)
        reject(error)
      },
    )
  })
