import { element } from './element.js'
import type { PhoneWords } from './words.js'

/** The phone's own screen, with the icon of the mini program. */
export interface Home {
  /** @param text - what became of the mini program */
  show(text: string): void
  /** Another text, for the screen that shows already. */
  say(text: string): void
  hide(): void
}

/** @param options.name - of the mini program */
export function createHome(
  root: HTMLElement,
  words: PhoneWords,
  { name, onOpen }: { name: string; onOpen(): void },
): Home {
  const text = element('p', { className: 'sandbox-home-text' })
  const icon = element('button', {
    className: 'sandbox-home-icon',
    ariaLabel: words.start(name),
    onTap: onOpen,
  })
  const screen = element('section', { className: 'sandbox-home', lang: words.lang, hidden: true }, [
    element('div', { className: 'sandbox-home-app' }, [
      icon,
      element('span', {
        className: 'sandbox-home-name',
        lang: 'zh-CN',
        ariaHidden: 'true',
        textContent: name,
      }),
    ]),
    text,
  ])
  root.append(screen)
  return {
    show(content) {
      text.textContent = content
      screen.hidden = false
      // The focus stays with the page around where it is there: on the button that did this.
      if (document.hasFocus()) icon.focus({ preventScroll: true })
    },
    say(content) {
      text.textContent = content
    },
    hide() {
      screen.hidden = true
    },
  }
}
