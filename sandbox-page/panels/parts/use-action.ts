import { useCallback, useRef, useState } from 'preact/hooks'

/** Something a person started that takes a moment and may fail. */
export interface Action {
  /** Why the last one failed; undefined where it did not. */
  error: unknown
  /** Does it after what is under way: a button that were disabled meanwhile would lose the focus, and a press. */
  run(work: () => Promise<void>): void
}

/** Runs what a person starts, in its order, and keeps what went wrong for them to see. */
export function useAction(): Action {
  const [error, setError] = useState<unknown>()
  const last = useRef(Promise.resolve())
  const run = useCallback((work: () => Promise<void>) => {
    last.current = last.current.then(async () => {
      try {
        await work()
        setError(undefined)
      } catch (failure) {
        setError(failure)
      }
    })
  }, [])
  return { error, run }
}
