import { useEffect, useState } from 'preact/hooks'
import type { Lang } from '../i18n/lang.js'
import { checkTarget, type TargetState } from './check-target.js'

/** How often a server is looked for, in ms: oftener while it is not there. */
const pauses = { up: 15_000, other: 3000 }

/** Whether the server answers, looked at again and again while somebody looks at the page. */
export function useTargetState(
  target: string | null,
  lang: Lang,
  connected: boolean | null,
): TargetState {
  const [state, setState] = useState<TargetState>({ state: 'none' })
  useEffect(() => {
    if (target === null) {
      setState({ state: 'none' })
      return undefined
    }
    setState({ state: 'checking' })
    if (connected !== true) return undefined
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      if (document.hidden) {
        timer = setTimeout(() => void look(), pauses.other)
        return
      }
      const found = await checkTarget(target, lang, stop.signal)
      if (stop.signal.aborted) return
      setState(found)
      timer = setTimeout(() => void look(), found.state === 'up' ? pauses.up : pauses.other)
    }
    void look()
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [target, lang, connected])
  return state
}
