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
export function registerFields({ phone, openTypes }) {
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
        if (node.data.type === 'nickname') void offerNickname(host, phone, openTypes)
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
async function offerNickname(host, { device, nickname }, { askPrivacy }) {
  if (!nickname) return
  const input = field(host)
  if (!device.privacyAgreed) {
    // The question takes the focus away, as in WeChat.
    input.blur()
    if (await askPrivacy()) input.focus()
    return
  }
  const take = element('button', 'nickname-take', {
    text: `用微信昵称：${nickname}`,
    onTap() {
      input.value = nickname
      input.dispatchEvent(new Event('input'))
      bar.remove()
    },
  })
  // The field keeps the focus: without it the bar would be gone before the tap is over.
  take.addEventListener('mousedown', (event) => event.preventDefault())
  const bar = element('div', 'nickname-bar', { children: [take] })
  host.closest('.shell').append(bar)
  input.addEventListener('blur', () => bar.remove(), { once: true })
}
