import { attribute, builtin, nodeOf, trigger } from './register.js'
import { formValues } from './form.js'

/** https://developers.weixin.qq.com/miniprogram/dev/component/button.html */
export function registerButton(openTypes) {
  async function tapped(host, node) {
    const { openType, formType } = node.data
    const form = host.closest('wx-form')
    if (formType === 'submit' && form) {
      trigger(nodeOf(form), 'submit', { value: formValues(form) })
    }
    const [event, detail] = (await openTypes[openType]?.()) ?? []
    if (event) trigger(node, event, detail)
  }

  builtin('wx-button', {
    properties: {
      type: { type: String, value: 'default', show: attribute('type') },
      size: { type: String, value: 'default', show: attribute('size') },
      plain: { type: Boolean, value: false, show: attribute('plain') },
      loading: { type: Boolean, value: false, show: attribute('loading') },
      disabled: {
        type: Boolean,
        value: false,
        show(host, disabled) {
          attribute('disabled')(host, disabled)
          host.ariaDisabled = String(disabled)
          host.tabIndex = disabled ? -1 : 0
        },
      },
      openType: { type: String, value: '' },
      ariaLabel: { type: String, value: '', show: (host, text) => (host.ariaLabel = text || null) },
      formType: { type: String, value: '' },
    },
    created(host, node) {
      host.role = 'button'
      host.tabIndex = 0
      // One that is disabled gets no taps: the style sheet takes it out of the finger's way.
      node.addListener('tap', () => tapped(host, node))
    },
  })
}
