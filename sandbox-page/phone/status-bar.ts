import type { SandboxNetwork } from '../../src/sandbox/phone/types.js'
import { element } from './element.js'
import type { PhoneWords } from './words.js'

const signs: Readonly<Record<SandboxNetwork, string>> = {
  online: '▂▄▆',
  offline: '✈',
  silent: '▂▄▆ ⃠',
}

/** The bar at the top of a phone that is a page of its own; in the frame the page has one. */
export function createStatusBar(
  root: HTMLElement,
  words: PhoneWords,
): { show(network: SandboxNetwork): void } {
  const network = element('span', { role: 'img' })
  root.append(
    element('div', { className: 'sandbox-status', lang: words.lang }, [
      element('strong', { textContent: words.notWeChat }),
      network,
    ]),
  )
  return {
    show(state) {
      network.textContent = signs[state]
      network.ariaLabel = words[state]
    },
  }
}
