import { registerBuiltins } from './builtin/index.js'
import { createDialogs } from './dialogs.js'
import { provideGlobals } from './globals.js'
import { createOpenTypes } from './open-types.js'
import { createPageStack } from './page-stack.js'
import { createParts } from './parts.js'
import { createPictureUrls } from './pictures.js'
import { createShell } from './shell.js'
import { tapByKeyboard, tapByMouse } from './taps.js'
import { systemTheme } from './theme.js'
import { createUi } from './ui.js'
import { wordsOf } from './words.js'

/**
 * Runs a compiled mini program in this document.
 *
 * @param {object} program What compile.js put together
 * @param {import('./phone.d.ts').Phone} phone
 */
export function start(program, phone) {
  const { screen = document.body, theme = systemTheme(), capsule } = phone
  const words = wordsOf(phone.lang)
  const pictureUrl = createPictureUrls(phone)
  const shell = createShell(screen, program, { pictureUrl, theme, words })
  const dialogs = createDialogs(shell.root, words)
  registerBuiltins({ phone, pictureUrl, words, openTypes: createOpenTypes(phone, dialogs, words) })
  const parts = createParts(program)
  const pages = createPageStack(program, parts, shell)
  tapByMouse(shell.root)
  tapByKeyboard(shell.root)
  if (capsule) {
    shell.addCapsule({
      close: capsule.close,
      async more() {
        if ((await dialogs.list({ items: [words.restart] })) === 0) capsule.restart()
      },
    })
  }

  let app
  provideGlobals({
    wx: Object.assign(Object.create(phone.device.wx), createUi(pages, shell, dialogs)),
    App(definition) {
      app = definition
    },
    Page: parts.definePage,
    Component: parts.defineComponent,
    Behavior: parts.defineBehavior,
    getApp: () => app,
    getCurrentPages: pages.current,
  })
  const options = { path: program.app.pages[0], query: {}, scene: 1001 }
  phone.onStart?.({
    hide() {
      pages.top()?.instance.onHide?.()
      app?.onHide?.()
    },
    show() {
      app?.onShow?.(options)
      pages.top()?.instance.onShow?.()
    },
    end() {
      shell.end()
    },
  })

  program.load.app()
  app?.onLaunch?.(options)
  app?.onShow?.(options)
  pages.open(options.path, {})
}
