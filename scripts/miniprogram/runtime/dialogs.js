import { element } from './elements.js'

/**
 * What comes over the page: toasts, the modal dialog, and sheets from below.
 *
 * @param {HTMLElement} root
 * @param {ReturnType<import('./words.js').wordsOf>} words
 */
export function createDialogs(root, words) {
  let toast
  let toastEnd

  function hideToast() {
    clearTimeout(toastEnd)
    toast?.remove()
    toast = undefined
  }

  /**
   * Shows a box over everything until one of its buttons is tapped; resolves with what that stands for.
   *
   * @param {object} box
   * @param {string} box.className
   * @param {string} box.label What a screen reader calls it
   * @param {string} [box.lang] Of the text, where it is not the mini program's
   * @param {(choose: (value: unknown) => () => void) => HTMLElement[]} box.content
   * @param {{ text: string, value?: unknown, pick?: () => unknown, kind?: string }[]} box.choices `pick` instead of a
   *   value: asked at the tap, and undefined leaves the box open
   * @param {unknown} box.otherwise What Escape stands for
   */
  function ask({ className, label, lang = '', content, choices, otherwise }) {
    return new Promise((resolve) => {
      const end = (value) => {
        // Gives the focus back to where it was.
        box.close()
        box.remove()
        resolve(value)
      }
      const choose = (value) => () => end(value)
      const tap =
        ({ value, pick }) =>
        async () => {
          const picked = pick ? await pick() : value
          if (picked !== undefined) end(picked)
        }
      const buttons = choices.map((choice) =>
        element('button', `dialog-button ${choice.kind ?? ''}`, {
          text: choice.text,
          onTap: tap(choice),
        }),
      )
      const box = element('dialog', `dialog ${className}`, {
        ariaLabel: label,
        lang,
        children: [...content(choose), element('div', 'dialog-buttons', { children: buttons })],
      })
      // Escape; a second one closes without asking.
      box.addEventListener('close', () => {
        if (box.isConnected) end(otherwise)
      })
      root.append(box)
      box.showModal()
    })
  }

  const heading = (text) => element('div', 'dialog-title', { text })
  const paragraph = (text) => element('div', 'dialog-text', { text })

  return {
    ask: (box) => ask({ lang: words.lang, ...box }),
    heading,
    paragraph,

    showToast({ title, icon = 'success', duration = 1500 }) {
      hideToast()
      const plain = icon === 'none'
      toast = element('div', `toast ${plain ? 'toast-plain' : ''}`, {
        role: 'status',
        children: [
          ...(plain ? [] : [element('div', `toast-icon toast-${icon}`)]),
          element('div', '', { text: title }),
        ],
      })
      root.append(toast)
      if (duration !== Infinity) toastEnd = setTimeout(hideToast, duration)
    },
    hideToast,

    /** The defaults are the API's, in every language. */
    showModal({
      title = '',
      content = '',
      showCancel = true,
      cancelText = '取消',
      confirmText = '确定',
    }) {
      return ask({
        className: 'modal',
        label: title,
        content: () => [heading(title), paragraph(content)],
        choices: [
          ...(showCancel ? [{ text: cancelText, value: false }] : []),
          { text: confirmText, value: true, kind: 'dialog-confirm' },
        ],
        otherwise: false,
      }).then((confirm) => ({ confirm, cancel: !confirm }))
    },

    /** A sheet with a title, a text and buttons for refusing and allowing; resolves with true or false. */
    permission({ title, text, refuse, allow }) {
      return ask({
        className: 'sheet',
        label: title,
        lang: words.lang,
        content: () => [heading(title), paragraph(text)],
        choices: [
          { text: refuse, value: false },
          { text: allow, value: true, kind: 'dialog-primary' },
        ],
        otherwise: false,
      })
    },

    /** A sheet with a list to choose from; resolves with the index, or -1. */
    list({ title = '', items }) {
      return ask({
        className: 'sheet sheet-list',
        label: title || words.more,
        content: (choose) => [
          ...(title ? [heading(title)] : []),
          element('div', 'sheet-items', {
            children: items.map((text, index) =>
              element('button', 'sheet-item', { text, onTap: choose(index) }),
            ),
          }),
        ],
        choices: [{ text: words.cancel, value: -1 }],
        otherwise: -1,
      })
    },
  }
}
