import { element } from './element.js'
import type { PhoneWords } from './words.js'

/** What comes from above, as a message of the system: the sandbox speaks, not the mini program. */
export interface Notice {
  show(text: string): void
  hide(): void
}

export function createNotice(root: HTMLElement, words: PhoneWords): Notice {
  const text = element('p', { role: 'status' })
  const close = element('button', {
    className: 'sandbox-phone-notice-close',
    ariaLabel: words.dismiss,
    textContent: '×',
    onTap: hide,
  })
  const box = element(
    'aside',
    { className: 'sandbox-phone-notice', lang: words.lang, hidden: true },
    [element('strong', { textContent: words.sandbox }), text, close],
  )
  root.append(box)

  function hide(): void {
    box.hidden = true
    text.textContent = ''
  }
  return {
    show(content) {
      box.hidden = false
      text.textContent = content
    },
    hide,
  }
}
