import { failureOf } from './errors.js'
import type { WxCallbacks, WxFailure, WxLoginErrorCode } from './types.js'

declare function setTimeout(run: () => void, ms: number): unknown
declare function clearTimeout(timer: unknown): void

export const nothing = (): void => {}

/**
 * Calls a function of `wx` with callbacks: its promise style is missing in places, and where it is there it loses the
 * task. https://developers.weixin.qq.com/miniprogram/dev/framework/app-service/api.html
 *
 * @param run - calls it with the callbacks it is given
 * @param code - of an error for which `wx` names no special reason
 * @param timeout - ms after which to stop waiting for `wx`, which may never answer. Default: as long as it takes
 */
export const call = <R>(
  run: (callbacks: Required<WxCallbacks<R>>) => unknown,
  code: WxLoginErrorCode,
  timeout?: number,
): Promise<R> =>
  new Promise((resolve, reject) => {
    let timer: unknown
    const fail = (failure: WxFailure): void => {
      clearTimeout(timer)
      reject(failureOf(failure || {}, code))
    }
    if (timeout !== undefined) timer = setTimeout(() => fail({ errMsg: 'timeout' }), timeout)
    try {
      const task = run({
        success(result) {
          clearTimeout(timer)
          resolve(result)
        },
        fail,
      }) as Promise<R> | undefined
      // Taro gives a promise although it was given callbacks; its rejection is known already.
      if (task && task.then) task.then(nothing, nothing)
    } catch (error) {
      fail({ errMsg: '' + error })
    }
  })
