import { Failure, privacyRefused, tell, tellOrPromise } from './failure.js'
import type { Network } from './network.js'
import { createStorageFunctions, type Drawer } from './storage.js'
import { createTransfers } from './transfers.js'
import type { PhoneParts, PhoneWeChat, SandboxFiles, SandboxPhoneUserInfoOptions } from './types.js'
import type { SandboxWx, SandboxWxUserInfo } from './wx-types.js'

/** What one run of a mini program is made of. */
export interface RunParts extends Pick<PhoneParts, 'appid' | 'envVersion'> {
  wechat: PhoneWeChat
  network: Network
  files: SandboxFiles
  drawer: Drawer
  fetch: NonNullable<PhoneParts['fetch']>
  privacyAgreed(): boolean
}

/** One run of a mini program. {@link createPhone} (phone.ts) makes them. */
export interface Run {
  /** No function of it uses `this`. */
  readonly wx: SandboxWx
  userInfo(options: SandboxPhoneUserInfoOptions): Promise<Omit<SandboxWxUserInfo, 'errMsg'>>
  /** From now on nothing answers, and nothing is read or stored. */
  end(): void
}

/** What a mini program that is dead finds. */
const closedDrawer: Drawer = {
  read: () => undefined,
  write() {},
  remove() {},
  clear() {},
  info: () => ({ keys: [], currentSize: 0, limitSize: 0 }),
}

/**
 * Starts a mini program. Nothing in here, nor in what it imports, needs Node: it is bundled for the browser too.
 */
export function startRun(parts: RunParts): Run {
  const { appid, envVersion = 'develop', network, wechat } = parts
  const versioned = envVersion === 'release'
  let alive = true

  const living = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      work.then(
        (value) => {
          if (alive) resolve(value)
        },
        (error: unknown) => {
          if (alive) reject(error)
        },
      )
    })

  const ask = <T>(run: () => Promise<T>, timeout?: number): Promise<T> =>
    living(network.transfer({ run, timeout }).done)

  async function userInfo(
    options: SandboxPhoneUserInfoOptions,
  ): Promise<Omit<SandboxWxUserInfo, 'errMsg'>> {
    if (!parts.privacyAgreed()) throw privacyRefused()
    const data = await ask(() => wechat.userInfo(options))
    return { userInfo: JSON.parse(data.rawData) as object, ...data }
  }

  const wx = {
    login(options = {}) {
      tell(
        'login',
        options,
        ask(() => wechat.login(), options.timeout),
      )
    },
    checkSession(options) {
      const work = ask(() => wechat.checkSession()).then((valid) => {
        if (!valid) throw new Failure('session time out, need relogin')
        return {}
      })
      return tellOrPromise('checkSession', options, work)
    },
    getUserInfo: (options: object | undefined) =>
      tellOrPromise('getUserInfo', options, living(userInfo({}))),
    ...createTransfers({
      ...parts,
      referer: `https://servicewechat.com/${appid}/${versioned ? '1' : '0'}/page-frame.html`,
      living,
    }),
    ...createStorageFunctions(() => (alive ? parts.drawer : closedDrawer), living),
    getAccountInfoSync: () => ({
      miniProgram: { appId: appid, envVersion, version: versioned ? '1.0.0' : '' },
    }),
  } as SandboxWx

  return {
    wx,
    userInfo,
    end() {
      alive = false
    },
  }
}
