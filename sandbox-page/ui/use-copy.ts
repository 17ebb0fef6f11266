import { useCallback, useState } from 'preact/hooks'

/** Puts text on the clipboard, and says for a moment how it went. */
export function useCopy(): { said: 'copied' | 'refused' | null; copy(text: string): void } {
  const [said, setSaid] = useState<'copied' | 'refused' | null>(null)
  const copy = useCallback((text: string) => {
    const say = (how: 'copied' | 'refused'): void => {
      setSaid(how)
      setTimeout(() => {
        setSaid(null)
      }, 2500)
    }
    // Not there at all where the page came over plain HTTP from another machine.
    const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    done.then(
      () => {
        say('copied')
      },
      () => {
        say('refused')
      },
    )
  }, [])
  return { said, copy }
}
