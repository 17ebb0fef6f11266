/** Ends with an error of its own where a wait is over. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError'
}

/** Whoever started the scenario ended it. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError'
}

/** Whether a run was ended, and who wants to know: a signal itself complains about more than ten listeners. */
export interface Ending {
  readonly aborted: boolean
  /** @returns a function that takes the listener away */
  onAbort(listener: () => void): () => void
}

const endings = new WeakMap<AbortSignal, Ending>()

/** The end that a signal brings; without a signal none comes. */
export function endingOf(signal: AbortSignal = new AbortController().signal): Ending {
  const known = endings.get(signal)
  if (known) return known
  const listeners = new Set<() => void>()
  signal.addEventListener('abort', () => {
    for (const listener of listeners) listener()
  })
  const ending: Ending = {
    get aborted() {
      return signal.aborted
    },
    onAbort(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
  endings.set(signal, ending)
  return ending
}

/**
 * Runs what takes a signal, for as long as it may take.
 *
 * @param ms - afterwards it ends with a {@link TimeLimitError}
 * @param ending - ends it with an {@link AbortedError}
 */
export async function within<T>(
  ms: number,
  ending: Ending,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (ending.aborted) throw new AbortedError('aborted')
  const controller = new AbortController()
  let end!: (reason: Error) => void
  const ended = new Promise<never>((_resolve, reject) => {
    end = (reason) => {
      reject(reason)
      controller.abort(reason)
    }
  })
  const timer = setTimeout(() => {
    end(new TimeLimitError(`no answer within ${String(ms / 1000)} s`))
  }, ms)
  const forget = ending.onAbort(() => {
    end(new AbortedError('aborted'))
  })
  try {
    return await Promise.race([run(controller.signal), ended])
  } finally {
    clearTimeout(timer)
    forget()
  }
}

/** @throws AbortedError as soon as the end comes */
export const pause = (ms: number, ending: Ending): Promise<void> =>
  within(
    ms + 1000,
    ending,
    () =>
      new Promise((resolve) => {
        setTimeout(resolve, ms)
      }),
  )
