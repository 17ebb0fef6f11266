import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** Long enough for the messages of one login to come in, too short to be noticed. */
const rest = 200

/** Something of the sandbox that is kept up to date. */
export interface Live<T> {
  /** Undefined until the first answer. */
  value: T | undefined
  /** Why the last look failed; undefined where it did not. */
  error: unknown
  /** Another value, known without a look. */
  set(value: T): void
  refresh(): void
}

/**
 * Looks at something now, and again whenever `signals` change, at most once in a while: a login is ten messages.
 *
 * @param look - asked anew where `key` changes; what it answered for another key is dropped
 */
export function useLive<T>(
  look: () => Promise<T>,
  key: string,
  signals: readonly unknown[],
): Live<T> {
  const [value, setValue] = useState<{ key: string; value: T }>()
  const [error, setError] = useState<unknown>()
  const latest = useRef({ look, key, turn: 0 })
  latest.current.look = look
  latest.current.key = key

  const refresh = useCallback(() => {
    const { current } = latest
    current.turn += 1
    const { turn, key: asked } = current
    current.look().then(
      (answer) => {
        if (turn !== current.turn) return
        setValue({ key: asked, value: answer })
        setError(undefined)
      },
      (failure: unknown) => {
        if (turn === current.turn) setError(failure)
      },
    )
  }, [])

  const set = useCallback((answer: T) => {
    // What is under way is older.
    latest.current.turn += 1
    setValue({ key: latest.current.key, value: answer })
    setError(undefined)
  }, [])

  useEffect(refresh, [key])

  const waiting = useRef<ReturnType<typeof setTimeout>>()
  const first = useRef(true)
  useEffect(() => {
    if (first.current) first.current = false
    else
      waiting.current ??= setTimeout(() => {
        waiting.current = undefined
        refresh()
      }, rest)
  }, signals)
  useEffect(
    () => () => {
      clearTimeout(waiting.current)
      latest.current.turn += 1
    },
    [],
  )

  return { value: value?.key === key ? value.value : undefined, error, set, refresh }
}
