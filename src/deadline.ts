/** An operation that did not answer in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Waits for `work` for at most `ms` milliseconds. The work itself goes on: its late result is dropped.
 *
 * @throws {@link DeadlineError} past the deadline; whatever `work` rejects with before it
 */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      // After a stall of the process the answer may be there, unread: sockets come after timers.
      setImmediate(() => {
        reject(new DeadlineError(`no answer within ${String(ms)} ms`))
      })
    }, ms)
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
    })
  })
}
