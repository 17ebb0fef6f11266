import { builtin, nodeOf } from './register.js'

/** https://developers.weixin.qq.com/miniprogram/dev/component/form.html */
export function registerForm() {
  builtin('wx-form')
}

/** What is in the fields of a form now, by their names. */
export function formValues(form) {
  const fields = [...form.querySelectorAll('wx-input, wx-textarea')]
  return Object.fromEntries(
    fields
      .map((field) => [nodeOf(field).data.name, field.querySelector('input, textarea').value])
      .filter(([name]) => name !== ''),
  )
}
