import { Failure, failureOf, privacyRefused, tellOrPromise } from './failure.js'
import { createFiles, smallPicture } from './files.js'
import { createNetwork } from './network.js'
import { createMemoryStorage, openDrawer } from './storage.js'
import type { PhoneParts, SandboxDevice, SandboxPhoneNumberDetail } from './types.js'
import { type Run, startRun } from './wx.js'

/** Wrapped: a browser's own want to be called on `window`. */
const ownTimers: NonNullable<PhoneParts['timers']> = {
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => {
    clearTimeout(timer as number)
  },
}

/** Makes a phone. Needs no Node. */
export function createPhone(parts: PhoneParts): SandboxDevice {
  const {
    appid,
    envVersion,
    fetch: send = (url, init) => fetch(url, init),
    storage = createMemoryStorage(),
    timers = ownTimers,
  } = parts
  const network = createNetwork(timers)
  const files = createFiles()
  let { user } = parts
  let privacyAgreed = true
  let run = start()

  function start(): Run {
    return startRun({
      ...{ appid, envVersion, network, files, fetch: send },
      wechat: parts.wechat(user),
      drawer: openDrawer(storage, appid, user),
      privacyAgreed: () => privacyAgreed,
    })
  }

  function kill(): void {
    run.end()
    network.cut(new Failure('abort'))
    network.foreground()
    files.clear()
  }

  function reopen(): Run['wx'] {
    kill()
    run = start()
    return run.wx
  }

  return {
    get wx() {
      return run.wx
    },
    get user() {
      return user
    },
    get network() {
      return network.status
    },
    set network(status) {
      network.status = status
    },
    get privacyAgreed() {
      return privacyAgreed
    },
    set privacyAgreed(agreed) {
      privacyAgreed = agreed
    },
    files,
    async tapPhoneNumber({ deny = false, code: withCode = true, variant } = {}) {
      const wechat = parts.wechat(user)
      try {
        if (!privacyAgreed) throw privacyRefused()
        if (deny) throw new Failure('user deny')
        const { done } = network.transfer({ run: () => wechat.phoneNumber({ variant }) })
        const { code, encryptedData, iv } = await done
        const detail: SandboxPhoneNumberDetail = { errMsg: 'getPhoneNumber:ok', encryptedData, iv }
        return withCode ? { ...detail, code } : detail
      } catch (error) {
        if (error instanceof Failure) return failureOf('getPhoneNumber', error)
        throw error
      }
    },
    chooseAvatar({ cancel = false, file = smallPicture() } = {}) {
      const refusal = privacyAgreed ? undefined : privacyRefused()
      const failure = refusal ?? (cancel ? new Failure('cancel') : undefined)
      return failure
        ? Promise.reject(failureOf('chooseAvatar', failure))
        : Promise.resolve(files.add(file))
    },
    userInfo: (options = {}) => tellOrPromise('getUserInfo', {}, run.userInfo(options))!,
    background: network.background,
    foreground: network.foreground,
    clearStorage() {
      openDrawer(storage, appid, user).clear()
    },
    kill,
    reopen,
    switchUser(name) {
      // Before anything ends: it refuses a name that is none.
      parts.wechat(name)
      user = name
      return reopen()
    },
  }
}
