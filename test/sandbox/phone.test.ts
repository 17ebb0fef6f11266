import type { WxLike } from '../../client/src/types.js'
import { createSandbox, SandboxError, type SandboxWxCode } from '../../src/sandbox/index.js'
import { appA, appB, apps, decrypt, exchange, listen, until } from './support.js'
import { call } from './phone-support.js'

const make = (options = {}) => createSandbox({ apps: [...apps], ...options })
const code = async (phone: ReturnType<ReturnType<typeof make>['phone']>) =>
  (await call<SandboxWxCode>(phone.wx.login)).success!.code

describe('wx.login', () => {
  it('gives a code that the server can exchange for the key of the phone', async () => {
    const sandbox = await listen()
    const phone = sandbox.phone('alice')
    const told = await call<SandboxWxCode>(phone.wx.login)
    expect(told).toEqual({
      success: { code: expect.any(String) as string, errMsg: 'login:ok' },
      order: ['success', 'complete'],
    })
    const { json } = await exchange(sandbox, told.success!.code)
    expect(json.openid).toBe(sandbox.user('alice').openid())
    expect(json.session_key).toBe(sandbox.user('alice').sessionKey())
  })

  it('gives no promise, as in WeChat', () => {
    expect(make().phone('alice').wx.login()).toBeUndefined()
  })

  it('calls back later, never before it has returned', async () => {
    const { wx } = make().phone('alice')
    let returned = false
    const seen = call<SandboxWxCode>((callbacks) => {
      wx.login({
        success(result) {
          expect(returned).toBe(true)
          callbacks.success(result)
        },
        complete: callbacks.complete,
      })
      returned = true
    })
    expect((await seen).order).toEqual(['success', 'complete'])
  })

  it('fails after its timeout where no answer comes', async () => {
    const sandbox = make()
    const phone = sandbox.phone('alice')
    phone.network = 'silent'
    const told = call<SandboxWxCode>((callbacks) => phone.wx.login({ timeout: 3000, ...callbacks }))
    sandbox.clock.advance(3000)
    expect(await told).toEqual({
      fail: { errMsg: 'login:fail timeout', errno: 5 },
      order: ['fail', 'complete'],
    })
  })

  it('fails without a network', async () => {
    const phone = make().phone('alice')
    phone.network = 'offline'
    expect((await call<SandboxWxCode>(phone.wx.login)).fail).toEqual({
      errMsg: expect.stringMatching(/^login:fail .*INTERNET_DISCONNECTED$/) as string,
      errno: 600001,
    })
  })
})

describe('wx.checkSession', () => {
  it('fails before the first code, and is ok after it', async () => {
    const phone = make().phone('alice')
    await expect(phone.wx.checkSession()).rejects.toEqual({
      errMsg: 'checkSession:fail session time out, need relogin',
    })
    await code(phone)
    await expect(phone.wx.checkSession()).resolves.toEqual({ errMsg: 'checkSession:ok' })
  })

  it('is ok although the code never reached a server: it asks about the key of the last code', async () => {
    const phone = make().phone('alice')
    await code(phone)
    await code(phone)
    await expect(phone.wx.checkSession()).resolves.toEqual({ errMsg: 'checkSession:ok' })
  })

  it('fails once a server has had the key reset', async () => {
    const sandbox = await listen()
    const phone = sandbox.phone('alice')
    const { json } = await exchange(sandbox, await code(phone))
    const { createHmac } = await import('node:crypto')
    const { access_token } = (await (
      await fetch(
        `${sandbox.baseUrl}/cgi-bin/token?grant_type=client_credential&appid=${sandbox.appid}&secret=${sandbox.secret}`,
      )
    ).json()) as { access_token: string }
    const signature = createHmac('sha256', json.session_key).update('').digest('hex')
    const query = new URLSearchParams({
      access_token,
      openid: json.openid,
      signature,
      sig_method: 'hmac_sha256',
    })
    await fetch(`${sandbox.baseUrl}/wxa/resetusersessionkey?${query.toString()}`)
    await expect(phone.wx.checkSession()).rejects.toMatchObject({
      errMsg: expect.stringContaining('checkSession:fail') as string,
    })
    await code(phone)
    await expect(phone.wx.checkSession()).resolves.toBeDefined()
  })

  it('takes callbacks too, and then gives no promise', async () => {
    const phone = make().phone('alice')
    let returned: unknown
    const told = await call((callbacks) => (returned = phone.wx.checkSession(callbacks)))
    expect(returned).toBeUndefined()
    expect(told.order).toEqual(['fail', 'complete'])
  })

  it('does not know of the other mini program', async () => {
    const sandbox = make()
    await code(sandbox.phone('alice', { appid: appB.appid }))
    await expect(sandbox.phone('alice').wx.checkSession()).rejects.toBeDefined()
  })
})

describe('the storage', () => {
  const { wx } = make().phone('alice')
  beforeEach(() => {
    wx.clearStorageSync()
  })

  it('gives back what was stored, of every kind that WeChat takes', () => {
    const date = new Date(0)
    const kinds = {
      text: 'a',
      empty: '',
      number: 0,
      no: false,
      nothing: null,
      list: [1, { a: 2 }],
      date,
    }
    for (const [key, value] of Object.entries(kinds)) {
      wx.setStorageSync(key, value)
      expect(wx.getStorageSync(key)).toEqual(value)
    }
    expect(wx.getStorageInfoSync()).toEqual({
      keys: Object.keys(kinds),
      currentSize: 1,
      limitSize: 10_240,
    })
  })

  it('keeps a copy: changing the object afterwards changes nothing', () => {
    const object = { a: 1 }
    wx.setStorageSync('object', object)
    object.a = 2
    expect(wx.getStorageSync('object')).toEqual({ a: 1 })
  })

  it('gives an empty text for a key that is not there, where the asynchronous form fails', async () => {
    expect(wx.getStorageSync('missing')).toBe('')
    await expect(wx.getStorage({ key: 'missing' })).rejects.toEqual({
      errMsg: 'getStorage:fail data not found',
    })
  })

  it('removes one key or all', () => {
    for (const key of ['a', 'b', 'c']) wx.setStorageSync(key, key)
    wx.removeStorageSync('b')
    wx.removeStorageSync('not there')
    expect(wx.getStorageInfoSync().keys).toEqual(['a', 'c'])
    wx.clearStorageSync()
    expect(wx.getStorageInfoSync()).toMatchObject({ keys: [], currentSize: 0 })
  })

  it('has the asynchronous forms, with promises and with callbacks', async () => {
    await expect(wx.setStorage({ key: 'a', data: { b: 1 } })).resolves.toEqual({
      errMsg: 'setStorage:ok',
    })
    await expect(wx.getStorage({ key: 'a' })).resolves.toEqual({
      data: { b: 1 },
      errMsg: 'getStorage:ok',
    })
    await expect(wx.getStorageInfo()).resolves.toMatchObject({ keys: ['a'] })
    await expect(wx.removeStorage({ key: 'a' })).resolves.toEqual({ errMsg: 'removeStorage:ok' })
    const told = await call((callbacks) => wx.getStorage({ key: 'a', ...callbacks }))
    expect(told).toEqual({
      fail: { errMsg: 'getStorage:fail data not found' },
      order: ['fail', 'complete'],
    })
    await expect(wx.clearStorage()).resolves.toEqual({ errMsg: 'clearStorage:ok' })
  })

  it('takes a megabyte under one key and ten in all', () => {
    const half = 'x'.repeat(512 * 1024)
    expect(() => wx.setStorageSync('big', half + half)).toThrow(
      'setStorageSync:fail entry size limit reached',
    )
    expect(wx.getStorageSync('big')).toBe('')
    for (let i = 0; i < 19; i++) wx.setStorageSync(String(i), half)
    wx.setStorageSync('0', half)
    expect(() => wx.setStorageSync('20', half)).toThrow(
      'setStorageSync:fail exceed storage max size 10Mb',
    )
  })

  it('refuses what is no key and what cannot be stored', () => {
    expect(() => wx.setStorageSync(undefined as unknown as string, 1)).toThrow(
      'setStorageSync:fail parameter error: parameter.key should be String instead of undefined;',
    )
    expect(() => wx.setStorageSync('f', () => 1)).toThrow(/^setStorageSync:fail parameter error/)
  })
})

describe('the mini program on the phone', () => {
  it('says which one it is and which version', () => {
    const { wx } = make().phone('alice', { appid: appB.appid, envVersion: 'release' })
    expect(wx.getAccountInfoSync()).toEqual({
      miniProgram: { appId: appB.appid, envVersion: 'release', version: '1.0.0' },
    })
    expect(make().phone('alice').wx.getAccountInfoSync().miniProgram).toEqual({
      appId: appA.appid,
      envVersion: 'develop',
      version: '',
    })
  })

  it('is the wx that wx-login-client wants, and each function works on its own', async () => {
    const phone = make().phone('alice')
    const wx: Required<WxLike> = phone.wx
    const { setStorageSync, getStorageSync, login } = wx
    setStorageSync('a', 1)
    expect(getStorageSync('a')).toBe(1)
    expect((await call<{ code: string }>(login)).success?.code).toMatch(/^0sbx/)
  })

  it('is refused for a user that cannot be or an app that there is not', () => {
    expect(() => make().phone('')).toThrow(SandboxError)
    expect(() => make().phone('alice', { appid: 'wxother' })).toThrow(SandboxError)
  })

  it('lives in the world of its sandbox: what its key encrypts the user’s key decrypts', async () => {
    const sandbox = make()
    const phone = sandbox.phone('alice')
    await code(phone)
    const { encryptedData, iv } = await phone.tapPhoneNumber()
    const data = decrypt(
      { encryptedData: encryptedData!, iv: iv! },
      sandbox.user('alice').sessionKey(),
    )
    expect(data['purePhoneNumber']).toMatch(/^139\d{8}$/)
  })
})

describe('time on the phone', () => {
  it('is the clock of the sandbox: turned in steps, a timeout comes at its end', async () => {
    const sandbox = make()
    const phone = sandbox.phone('alice')
    phone.network = 'silent'
    let failed = false
    phone.wx.login({ timeout: 5000, fail: () => (failed = true) })
    sandbox.clock.advance(4000)
    await new Promise(setImmediate)
    expect(failed).toBe(false)
    sandbox.clock.advance(1000)
    await until(() => failed)
  })

  it('goes by itself too', async () => {
    const phone = make().phone('alice')
    phone.network = 'silent'
    const told = await call<SandboxWxCode>((callbacks) =>
      phone.wx.login({ timeout: 10, ...callbacks }),
    )
    expect(told.fail?.errMsg).toBe('login:fail timeout')
  })
})
