import { registerButton } from './button.js'
import { registerFields } from './fields.js'
import { registerForm } from './form.js'
import { registerImage } from './image.js'
import { builtin } from './register.js'

/** The built-in components that the runtime knows; the style of all is in shell.css. */
export function registerBuiltins({ phone, pictureUrl, words, openTypes }) {
  for (const tag of ['wx-view', 'wx-text', 'wx-scroll-view', 'wx-label']) builtin(tag)
  registerImage(pictureUrl)
  registerButton(openTypes)
  registerForm()
  registerFields({ phone, words, openTypes })
}
