import type { RefObject } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** How near to the end counts as the end, in px. */
const near = 32

/** Keeps the end of a list in sight, unless the person scrolled away from it. */
export function useFollow(): {
  box: RefObject<HTMLDivElement>
  list: RefObject<HTMLOListElement>
  following: boolean
  toEnd: () => void
  /** Something else is to stay in sight. */
  stay: () => void
} {
  const box = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const [following, setFollowing] = useState(true)
  const follows = useRef(true)

  const toEnd = useCallback(() => {
    follows.current = true
    setFollowing(true)
    const element = box.current
    if (element) element.scrollTop = element.scrollHeight
  }, [])

  const stay = useCallback(() => {
    follows.current = false
    setFollowing(false)
  }, [])

  useEffect(() => {
    const element = box.current
    if (!element || !list.current) return undefined
    let height = 0
    const scrolled = (): void => {
      const { scrollTop, clientHeight, scrollHeight } = element
      // It grew or shrank: nobody scrolled.
      if (scrollHeight !== height && follows.current) return
      follows.current = scrollHeight - scrollTop - clientHeight < near
      setFollowing(follows.current)
    }
    const resized = (): void => {
      height = element.scrollHeight
      if (follows.current) element.scrollTop = height
    }
    const observer = new ResizeObserver(resized)
    observer.observe(list.current)
    observer.observe(element)
    element.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', scrolled)
    }
  }, [])

  return { box, list, following, toEnd, stay }
}
