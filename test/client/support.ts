import {
  createWxLogin,
  type WxLike,
  type WxLogin,
  WxLoginError,
  type WxLoginOptions,
} from '../../client/src/index.js'
import type { SandboxDevice } from '../../src/sandbox/index.js'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.js'

/** One request as the phone sent it. */
export interface Sent {
  url: string
  path: string
  method: string | undefined
  header: Record<string, string>
  data: unknown
}

/** A phone of the sandbox that counts what is asked of it. */
export interface Phone {
  device: SandboxDevice
  /** What the client gets. A test may put a function of its own in the place of one. */
  wx: Required<WxLike>
  /** How often `wx.login` was called. */
  logins: number
  /** How often `wx.checkSession` was called. */
  checks: number
  sent: Sent[]
  /** The requests to one path. */
  to(path: string): Sent[]
}

function countingPhone(device: SandboxDevice): Phone {
  const noteRequest = (options: { url: string; header?: object | undefined }): void => {
    const { url, header, method, data } = options as Sent
    phone.sent.push({
      ...{ url, method, data, header: { ...header } },
      path: /^https?:\/\/[^/]*([^?]*)/.exec(url)?.[1] ?? url,
    })
  }
  const phone: Phone = {
    device,
    logins: 0,
    checks: 0,
    sent: [],
    to: (path) => phone.sent.filter((sent) => sent.path === path),
    wx: {
      login(options) {
        phone.logins++
        device.wx.login(options)
      },
      checkSession(options) {
        phone.checks++
        device.wx.checkSession({ success() {}, ...options })
      },
      request(options) {
        noteRequest(options)
        return device.wx.request(options)
      },
      uploadFile(options) {
        noteRequest(options)
        return device.wx.uploadFile(options)
      },
      getStorageSync: (key) => device.wx.getStorageSync(key),
      setStorageSync: (key, data) => device.wx.setStorageSync(key, data),
      removeStorageSync: (key) => device.wx.removeStorageSync(key),
      getAccountInfoSync: () => device.wx.getAccountInfoSync(),
    },
  }
  return phone
}

/** A real server, a phone, and the client on it. */
export interface Setting {
  app: TestApp
  phone: Phone
  login: WxLogin
  /** One more client on the same phone, or on another one. */
  client(options?: Partial<WxLoginOptions>): WxLogin
  /** Makes the server forget every session of the user. */
  forget(name?: string): Promise<void>
}

const open: TestApp[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

/** Starts a server for one test; closed after it. */
export async function start(
  options: Partial<WxLoginOptions> & { app?: TestAppOptions } = {},
): Promise<Setting> {
  const { app: appOptions, ...rest } = options
  const app = await startTestApp(appOptions)
  open.push(app)
  const phone = countingPhone(app.sandbox.phone('alice'))
  const client: Setting['client'] = (more) =>
    createWxLogin({ baseUrl: app.url, wx: phone.wx, ...rest, ...more })
  return {
    app,
    phone,
    client,
    login: client(),
    async forget(name = 'alice') {
      const { appid } = app.sandbox
      await app.wx.sessions.revokeAll({ appid, openid: app.sandbox.user(name).openid() })
    },
  }
}

/** Holds back the reply to the next request. @returns what delivers it, once the reply has come */
export function holdNextReply({ wx }: Phone): Promise<() => void> {
  const { request } = wx
  return new Promise((resolve) => {
    wx.request = (options) => {
      wx.request = request
      request({
        ...options,
        success: (reply) => {
          resolve(() => options.success?.(reply))
        },
      })
    }
  })
}

/** What a promise ends with: its value, or the code of its error. Anything but the client's own error fails the test. */
export const outcome = <T>(promise: Promise<T>): Promise<T | string> =>
  promise.catch((error: unknown) => {
    if (!(error instanceof WxLoginError)) throw error
    return error.code
  })

/** The error that a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<WxLoginError> {
  const error: unknown = await promise.then(
    () => new Error('It did not fail.'),
    (e: unknown) => e,
  )
  if (!(error instanceof WxLoginError)) throw error
  return error
}

export const times = <T>(n: number, make: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => make(i))
