import { element } from './element.js'
import type { PhoneWords } from './words.js'

/** Why there is nothing to run. */
export interface Problem {
  title: string
  text: string
}

/** The whole screen says what is wrong, and offers to try again. */
export function showProblem({ title, text }: Problem, words: PhoneWords): void {
  const again = element('button', {
    className: 'sandbox-phone-button',
    textContent: words.reload,
    onTap: () => {
      location.reload()
    },
  })
  document.body.replaceChildren(
    element('main', { className: 'sandbox-phone-problem', role: 'alert', lang: words.lang }, [
      element('h1', { textContent: title }),
      element('p', { textContent: text }),
      again,
    ]),
  )
}
