import { registerBuiltins } from './builtin/index.js'
import { createDialogs } from './dialogs.js'
import { tapByMouse } from './mouse.js'
import { createOpenTypes } from './open-types.js'
import { createPageStack } from './page-stack.js'
import { createParts } from './parts.js'
import { createPictureUrls } from './pictures.js'
import { createShell } from './shell.js'
import { createUi } from './ui.js'

/**
 * Runs a compiled mini program in this document.
 *
 * @param {object} program What compile.js put together
 * @param {import('./phone.d.ts').Phone} phone
 */
export function start(program, phone) {
  const pictureUrl = createPictureUrls(phone)
  const shell = createShell(document.body, program, pictureUrl)
  const dialogs = createDialogs(shell.root)
  registerBuiltins({ phone, pictureUrl, openTypes: createOpenTypes(phone, dialogs) })
  const parts = createParts(program)
  const pages = createPageStack(program, parts, shell)
  tapByMouse(shell.root)

  let app
  Object.assign(globalThis, {
    wx: Object.assign(Object.create(phone.device.wx), createUi(pages, shell, dialogs)),
    App: (definition) => {
      app = definition
    },
    Page: parts.definePage,
    Component: parts.defineComponent,
    Behavior: parts.defineBehavior,
    getApp: () => app,
    getCurrentPages: pages.current,
  })

  program.load.app()
  const options = { path: program.app.pages[0], query: {}, scene: 1001 }
  app?.onLaunch?.(options)
  app?.onShow?.(options)
  pages.open(options.path, {})
}
