import { element } from './elements.js'

/** What comes over the page: toasts, the modal dialog, and sheets from below. */
export function createDialogs(root) {
  let toast
  let toastEnd

  function hideToast() {
    clearTimeout(toastEnd)
    toast?.remove()
    toast = undefined
  }

  /** Shows a box over everything until one of its buttons is tapped; resolves with what that stands for. */
  function ask(className, label, content, choices) {
    return new Promise((resolve) => {
      const choose = (value) => () => {
        overlay.remove()
        resolve(value)
      }
      const buttons = choices.map(({ text, value, kind = '' }) =>
        element('button', `dialog-button ${kind}`, { text, onTap: choose(value) }),
      )
      const box = element('div', `dialog ${className}`, {
        role: 'dialog',
        ariaLabel: label,
        ariaModal: 'true',
        children: [...content(choose), element('div', 'dialog-buttons', { children: buttons })],
      })
      const overlay = element('div', 'dialog-mask', { children: [box] })
      root.append(overlay)
    })
  }

  const heading = (text) => element('div', 'dialog-title', { text })
  const paragraph = (text) => element('div', 'dialog-text', { text })

  return {
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

    showModal({
      title = '',
      content = '',
      showCancel = true,
      cancelText = '取消',
      confirmText = '确定',
    }) {
      return ask('modal', title, () => [heading(title), paragraph(content)], [
        ...(showCancel ? [{ text: cancelText, value: false }] : []),
        { text: confirmText, value: true, kind: 'dialog-confirm' },
      ]).then((confirm) => ({ confirm, cancel: !confirm }))
    },

    /** A sheet with a title, a text and buttons for refusing and allowing; resolves with true or false. */
    permission({ title, text, detail, refuse, allow }) {
      return ask(
        'sheet',
        title,
        () => [
          heading(title),
          paragraph(text),
          ...(detail ? [element('div', 'sheet-detail', { text: detail })] : []),
        ],
        [
          { text: refuse, value: false },
          { text: allow, value: true, kind: 'dialog-primary' },
        ],
      )
    },

    /** A sheet with a list to choose from; resolves with the index, or -1. `pictures`: URLs instead of texts. */
    list({ title = '', items, pictures = false }) {
      const item = (choose) => (value, index) =>
        element('button', pictures ? 'sheet-picture' : 'sheet-item', {
          ...(pictures
            ? {
                ariaLabel: `第 ${index + 1} 张`,
                children: [element('img', '', { src: value, alt: '' })],
              }
            : { text: value }),
          onTap: choose(index),
        })
      return ask(
        'sheet',
        title,
        (choose) => [
          ...(title ? [heading(title)] : []),
          element('div', pictures ? 'sheet-pictures' : 'sheet-items', {
            children: items.map(item(choose)),
          }),
        ],
        [{ text: '取消', value: -1 }],
      )
    },
  }
}
