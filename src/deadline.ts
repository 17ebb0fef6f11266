/** An operation that did not answer in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/** Calls `late` after `ms` milliseconds, unless the timer is cleared before. */
function startTimer(ms: number, late: (error: DeadlineError) => void): NodeJS.Timeout {
  return setTimeout(() => {
    // After a stall of the process the answer may be there, unread: sockets come after timers.
    setImmediate(() => {
      late(new DeadlineError(`no answer within ${String(ms)} ms`))
    })
  }, ms)
}

/**
 * Waits for `work` for at most `ms` milliseconds. The work itself goes on: its late result is dropped.
 *
 * @throws {@link DeadlineError} past the deadline; whatever `work` rejects with before it
 */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = startTimer(ms, reject)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** A function that answers by a Node callback. */
export type Call<T> = (done: (error?: unknown, value?: T | null) => void) => void

/**
 * Makes a call that answers by a Node callback, and answers once itself: with what it said within `ms` milliseconds,
 * or with a {@link DeadlineError}. Without a promise: the callback may run before this returns.
 */
export function callInTime<T>(
  ms: number,
  call: Call<T>,
  done: (error: unknown, value: T | null) => void,
): void {
  let waiting = true
  const settle = (error?: unknown, value?: T | null): void => {
    if (!waiting) return
    waiting = false
    clearTimeout(timer)
    done(error ?? null, value ?? null)
  }
  const timer = startTimer(ms, settle)
  try {
    call(settle)
  } catch (error) {
    if (!waiting) throw error
    settle(error)
  }
}
