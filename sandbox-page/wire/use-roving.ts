import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'

const buttons = (list: HTMLElement): HTMLButtonElement[] => [
  ...list.querySelectorAll<HTMLButtonElement>('.exchange-button'),
]

/** Which one an arrow key goes to. */
function goal(all: HTMLButtonElement[], at: number, key: string): HTMLButtonElement | undefined {
  switch (key) {
    case 'ArrowUp':
      return all[Math.max(0, at - 1)]
    case 'ArrowDown':
      return all[Math.min(all.length - 1, at + 1)]
    case 'Home':
      return all[0]
    case 'End':
      return all.at(-1)
    default:
      return undefined
  }
}

/** One stop of the Tab key for a whole list, the last exchange at first; arrow keys, Home and End go through it. */
export function useRoving(list: RefObject<HTMLElement>, drawn: unknown): void {
  useEffect(() => {
    const all = list.current ? buttons(list.current) : []
    const focused = all.find((button) => button === document.activeElement)
    const stop = focused ?? all.find((button) => button.ariaCurrent === 'true') ?? all.at(-1)
    for (const button of all) {
      const index = button === stop ? 0 : -1
      if (button.tabIndex !== index) button.tabIndex = index
    }
  }, [list, drawn])

  useEffect(() => {
    const element = list.current
    if (!element) return undefined
    const pressed = (event: KeyboardEvent): void => {
      const all = buttons(element)
      const at = all.findIndex((button) => button === document.activeElement)
      const next = at === -1 ? undefined : goal(all, at, event.key)
      if (!next) return
      event.preventDefault()
      all[at]!.tabIndex = -1
      next.tabIndex = 0
      next.focus()
    }
    element.addEventListener('keydown', pressed)
    return () => {
      element.removeEventListener('keydown', pressed)
    }
  }, [list])
}
