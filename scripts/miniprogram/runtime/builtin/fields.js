import { element } from '../elements.js'
import { builtin, trigger } from './register.js'

const field = (host) => host.querySelector('input, textarea')

const showPlaceholder = (host) => {
  host.firstChild.hidden = field(host).value !== ''
}

const properties = {
  name: { type: String, value: '' },
  value: {
    type: String,
    value: '',
    show(host, value) {
      // Putting the same text in again would move the cursor.
      if (field(host).value !== value) field(host).value = value
      showPlaceholder(host)
    },
  },
  placeholder: {
    type: String,
    value: '',
    show(host, text) {
      host.firstChild.textContent = text
      field(host).ariaLabel = text
    },
  },
  placeholderClass: {
    type: String,
    value: '',
    show: (host, name) => (host.firstChild.className = `field-placeholder ${name}`),
  },
  disabled: { type: Boolean, value: false, show: (host, value) => (field(host).disabled = value) },
  maxlength: {
    type: Number,
    value: 140,
    show: (host, length) =>
      length < 0 ? field(host).removeAttribute('maxlength') : (field(host).maxLength = length),
  },
}

/** Puts the real field into the element, and tells the page what happens in it. */
function build(host, node, made) {
  host.append(element('div', 'field-placeholder'), made)
  made.maxLength = 140
  const detail = () => ({ value: made.value, cursor: made.selectionStart ?? made.value.length })
  made.addEventListener('input', () => {
    showPlaceholder(host)
    trigger(node, 'input', detail())
  })
  made.addEventListener('focus', () => trigger(node, 'focus', { value: made.value, height: 0 }))
  made.addEventListener('blur', () => trigger(node, 'blur', detail()))
  made.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && made.tagName === 'INPUT') trigger(node, 'confirm', detail())
  })
}

/**
 * https://developers.weixin.qq.com/miniprogram/dev/component/input.html and
 * https://developers.weixin.qq.com/miniprogram/dev/component/textarea.html
 */
export function registerFields(parts) {
  builtin('wx-input', {
    slot: false,
    properties: {
      ...properties,
      type: {
        type: String,
        value: 'text',
        show: (host, type) => (field(host).inputMode = type === 'number' ? 'numeric' : 'text'),
      },
      password: {
        type: Boolean,
        value: false,
        show: (host, value) => (field(host).type = value ? 'password' : 'text'),
      },
    },
    created(host, node) {
      build(host, node, element('input', '', { type: 'text' }))
      field(host).addEventListener('focus', () => {
        if (node.data.type === 'nickname') void offerNickname(host, parts)
      })
    },
  })
  builtin('wx-textarea', {
    slot: false,
    properties: {
      ...properties,
      autoHeight: {
        type: Boolean,
        value: false,
        show: (host, value) => host.toggleAttribute('auto-height', value),
      },
    },
    created: (host, node) => build(host, node, element('textarea', '', { rows: 1 })),
  })
}

/** The bar over the keyboard with the user's own nickname; gone when the field is left. */
async function offerNickname(host, { phone: { device, nickname }, words, openTypes }) {
  const shell = host.closest('.shell')
  if (!nickname || shell.querySelector('.nickname-bar')) return
  const input = field(host)
  if (!device.privacyAgreed) {
    // The question takes the focus away, as in WeChat.
    input.blur()
    if (await openTypes.askPrivacy()) input.focus()
    return
  }
  const take = element('button', 'nickname-take', {
    text: words.nickname(nickname),
    lang: words.lang,
    onTap() {
      input.value = nickname
      input.dispatchEvent(new Event('input'))
      goBack()
    },
  })
  const bar = element('div', 'nickname-bar', { children: [take] })
  const left = new AbortController()
  const on = (target, type, listener) =>
    target.addEventListener(type, listener, { signal: left.signal })

  function end() {
    left.abort()
    bar.remove()
  }
  /** To the field, before the bar goes: at a focus without a bar there would be another one. */
  function goBack() {
    input.focus({ preventScroll: true })
    end()
  }
  // It is far from the field in the document; on the keyboard it stands between the field and what follows.
  on(input, 'keydown', (event) => {
    if (event.key !== 'Tab' || event.shiftKey) return
    event.preventDefault()
    take.focus()
  })
  on(take, 'keydown', (event) => {
    if (event.key !== 'Tab') return
    if (event.shiftKey) event.preventDefault()
    goBack()
  })
  on(input, 'blur', ({ relatedTarget }) => {
    if (relatedTarget !== take) end()
  })
  on(take, 'blur', ({ relatedTarget }) => {
    if (relatedTarget !== input) end()
  })
  // The field keeps the focus: without it the bar would be gone before the tap is over.
  on(take, 'mousedown', (event) => event.preventDefault())
  shell.append(bar)
}
