import type { Phone } from '../../scripts/miniprogram/runtime/phone.js'
import { connectWeChat } from '../../src/sandbox/phone/http-wechat.js'
import { createPhone } from '../../src/sandbox/phone/phone.js'
import type { SandboxDevice, SandboxNetwork } from '../../src/sandbox/phone/types.js'
import type { PhoneStatus } from '../phone-messages.js'
import { element } from './element.js'
import { createHome } from './home.js'
import { createLife } from './life.js'
import { listenToPage, tellPage } from './messages.js'
import { createNotice } from './notice.js'
import type { PhoneParameters } from './parameters.js'
import { drawPictures } from './pictures.js'
import { createReporter } from './reporter.js'
import { createRelay, type RelayTrouble } from './relay.js'
import { sandbox } from './sandbox.js'
import { readSession } from './session.js'
import { createStatusBar } from './status-bar.js'
import { browserStorage, storageOfTarget } from './storage.js'
import type { PhoneTheme } from './theme.js'
import type { PhoneWords } from './words.js'

// Put in by scripts/build-phone.js.
declare const MINI_PROGRAM_SERVER: string
declare const MINI_PROGRAM_NAME: string

const ownServer = MINI_PROGRAM_SERVER

declare global {
  /** What the compiled mini program runs on: see mini-program-phone.js */
  var sandboxPhone: Phone | undefined
}

export interface PhoneOptions extends Pick<PhoneParameters, 'user' | 'lang' | 'privacyAgreed'> {
  appid: string
  target: string
  words: PhoneWords
  theme: PhoneTheme
}

function describe({ code, origin, message }: RelayTrouble, words: PhoneWords): string {
  if (code === 'SANDBOX_TARGET_DOWN') return words.targetDown(origin)
  if (code === 'SANDBOX_TARGET_TIMEOUT') return words.targetTimeout(origin)
  if (code === 'SANDBOX_FORBIDDEN') return words.targetForbidden(origin)
  if (code === 'SANDBOX_UNREACHABLE') return words.unreachable
  return words.relayFailed + message
}

/** The device, and a word about each change of what the page shows of it. */
function watch(device: SandboxDevice, changed: () => void): SandboxDevice {
  return Object.create(device, {
    privacyAgreed: {
      get: () => device.privacyAgreed,
      set(agreed: boolean) {
        device.privacyAgreed = agreed
        changed()
      },
    },
    network: {
      get: () => device.network,
      set(network: SandboxNetwork) {
        device.network = network
        changed()
      },
    },
  }) as SandboxDevice
}

/** Puts the phone into this document and starts the mini program on it. */
export function runPhone({
  user,
  appid,
  target,
  lang,
  privacyAgreed,
  words,
  theme,
}: PhoneOptions): void {
  const body = element('div', { className: 'sandbox-phone' })
  const screen = element('div', { className: 'sandbox-phone-screen' })
  document.body.append(body)
  // In the frame the page around it has one.
  const statusBar = parent === window ? createStatusBar(body, words) : undefined
  body.append(screen)
  const notice = createNotice(screen, words)

  const status = (): PhoneStatus => ({
    user,
    running: life.running,
    network: device.network,
    background: life.background,
    privacyAgreed: device.privacyAgreed,
    session: readSession(storage, { appid, user, ownServer }),
  })

  const { changed, ready } = createReporter(status, ({ network }) => statusBar?.show(network))

  const storage = storageOfTarget(browserStorage(), target, changed)
  const relay = createRelay({
    ...{ ownServer, target, user, appid },
    onTrouble(trouble) {
      if (trouble) notice.show(describe(trouble, words))
      else notice.hide()
    },
  })
  const wechat = connectWeChat({ baseUrl: '', appid })
  const device = watch(createPhone({ appid, user, wechat, storage, fetch: relay.fetch }), changed)
  device.privacyAgreed = privacyAgreed

  const home = createHome(screen, words, { name: MINI_PROGRAM_NAME, onOpen: () => life.open() })
  const life = createLife({ device, home, words, load, changed })

  function load(): void {
    const script = element('script', { src: 'app.js' })
    script.addEventListener('load', () => script.remove())
    script.addEventListener('error', () => {
      script.remove()
      life.notLoaded()
      life.kill()
      notice.show(words.unreachable)
    })
    document.head.append(script)
  }

  globalThis.sandboxPhone = {
    device,
    screen,
    lang,
    theme,
    phoneNumber: async () => (await sandbox.state(user, appid)).phoneNumber,
    useNumber: (number) => sandbox.setPhoneNumber(user, number),
    nickname: user,
    pictures: async () => drawPictures(user, words),
    reach: relay.reach,
    capsule: {
      close: () => {
        life.toBackground()
      },
      restart: () => {
        life.start()
      },
    },
    onStart(program) {
      life.started(program)
      ready()
    },
  }

  listenToPage({
    kill: () => life.kill(),
    reopen: () => life.start(),
    'clear-storage'() {
      device.clearStorage()
      notice.show(words.cleared)
      changed()
    },
    network({ network }) {
      device.network = network
    },
    background: ({ ms }) => life.toBackground(ms),
    privacy({ agreed }) {
      device.privacyAgreed = agreed
    },
    theme({ theme: next }) {
      theme.set(next)
    },
  })
  const tellError = (error: unknown): void => {
    tellPage({ type: 'error', message: error instanceof Error ? error.message : String(error) })
  }
  addEventListener('error', ({ error, message }) => tellError(error ?? message))
  addEventListener('unhandledrejection', ({ reason }) => tellError(reason))

  life.start()
}
