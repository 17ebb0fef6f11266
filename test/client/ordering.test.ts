import type { WxKeyHistoryOptions } from '../../src/option-types.js'
import { outcome, type Phone, type Setting, start } from './support.js'

type Remembers = 'the newest key only' | 'the last keys'
const keyHistories: Record<Remembers, WxKeyHistoryOptions | undefined> = {
  // As a server that keeps one session key with its user, which is what most do.
  'the newest key only': { size: 1 },
  'the last keys': undefined,
}

/** What the phone number button gives on base libraries before 2.21.2, where all hangs on the session key. */
const tap = (phone: Phone) => phone.device.tapPhoneNumber({ code: false })
const read = { phoneNumber: expect.stringMatching(/^139\d{8}$/) as string }

/** Keeps the next request to a path back, as a bad network does, until it is let go. */
function holdBack(phone: Phone, path: string): () => void {
  const { request } = phone.wx
  let letGo!: () => void
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  phone.wx.request = (options) => {
    if (!options.url.endsWith(path)) return request(options)
    phone.wx.request = request
    void gate.then(() => request(options))
    return undefined
  }
  return letGo
}

/**
 * The trap that the field reports most: `wx.login` replaces the session key, and data that the phone encrypted with
 * one key meets a server that has another. From the phone's side, against the real server and a WeChat that gives a
 * new key with every login.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
describe.each(Object.keys(keyHistories) as Remembers[])('with a server that knows %s', (which) => {
  const onlyNewest = which === 'the newest key only'
  const keyHistory = keyHistories[which]
  const open = (): Promise<Setting> => start({ app: { wx: { keyHistory } } })

  it('login, then the tap: read, with one wx.login', async () => {
    const { login, phone } = await open()
    await login.ready()
    await login.prepareKey()
    expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
    expect(phone.logins).toBe(1)
  })

  it('prepareKey costs no wx.login where all is well, and one wx.checkSession however many ask', async () => {
    const { login, phone } = await open()
    await login.ready()
    await Promise.all([login.prepareKey(), login.prepareKey()])
    expect([phone.logins, phone.checks]).toEqual([1, 1])
  })

  it('prepareKey logs in where nobody has, with no wx.checkSession', async () => {
    const { login, phone } = await open()
    await login.prepareKey()
    expect([phone.logins, phone.checks]).toEqual([1, 0])
    expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
  })

  it('the tap, then a login: what only the older key opens', async () => {
    const { login, phone } = await open()
    await login.ready()
    const [detail, info] = [await tap(phone), await phone.device.userInfo()]
    await login.login()
    const ends = [await outcome(login.phone(detail)), await outcome(login.openData(info))]
    if (onlyNewest) expect(ends).toEqual(['STALE_KEY', 'STALE_KEY'])
    else expect(ends).toEqual([expect.objectContaining(read), null])
  })

  it('a tap before the first login of all is STALE_KEY; the login that follows by itself makes the next tap work', async () => {
    const { login, phone } = await open()
    const detail = await tap(phone)
    expect(await outcome(login.phone(detail))).toBe('STALE_KEY')
    await login.ready()
    expect(phone.logins).toBe(2)
    expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
    expect(phone.logins).toBe(2)
  })

  describe('a login whose answer WeChat’s network lost', () => {
    const lose = async (): Promise<Setting> => {
      const setting = await open()
      const { app, login, phone } = setting
      await login.ready()
      app.sandbox.faults.add({ endpoint: 'jscode2session', drop: 'after', times: 1 })
      expect(await outcome(login.login())).toBe('REJECTED')
      // WeChat sees no problem: it does not know what the server has.
      await expect(phone.device.wx.checkSession()).resolves.toEqual({ errMsg: 'checkSession:ok' })
      return setting
    }

    it('leaves a key that the server never got: STALE_KEY, and the next tap works', async () => {
      const { login, phone } = await lose()
      expect(await outcome(login.phone(await tap(phone)))).toBe('STALE_KEY')
      await login.ready()
      expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
    })

    it('is made good by prepareKey before the tap', async () => {
      const { login, phone } = await lose()
      await login.prepareKey()
      expect([phone.logins, phone.checks]).toEqual([3, 0])
      expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
      await login.prepareKey()
      expect([phone.logins, phone.checks]).toEqual([3, 1])
    })

    it('is remembered when the mini program is opened again', async () => {
      const { client, login, phone } = await lose()
      expect(login.session).not.toBeNull()
      phone.device.reopen()
      const reopened = client()
      await reopened.prepareKey()
      expect(phone.logins).toBe(3)
      expect(await outcome(reopened.phone(await tap(phone)))).toMatchObject(read)
    })
  })

  it('two logins whose codes reach the server in the wrong order', async () => {
    const { client, login, phone } = await open()
    // Another client on the phone, of a plugin for example: one client alone keeps the order.
    const other = client({ storageKey: 'other' })
    const letGo = holdBack(phone, '/wx/login')
    const first = login.ready()
    await other.ready()
    letGo()
    await first
    const end = await outcome(login.phone(await tap(phone)))
    if (!onlyNewest) {
      expect(end).toMatchObject(read)
      return
    }
    expect(end).toBe('STALE_KEY')
    await login.ready()
    expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
  })

  describe('a login in the background during the tap', () => {
    it('does not keep the data back: it is sent at once, with the session that there is', async () => {
      const { login, phone } = await open()
      await login.ready()
      const detail = await tap(phone)
      const letGo = holdBack(phone, '/wx/login')
      const renewed = login.login()
      expect(await outcome(login.phone(detail))).toMatchObject(read)
      letGo()
      await renewed
      expect(phone.logins).toBe(2)
    })

    it('that was faster than the data leaves it to the server’s memory', async () => {
      const { login, phone } = await open()
      await login.ready()
      const detail = await tap(phone)
      const letGo = holdBack(phone, '/wx/phone')
      const sent = outcome(login.phone(detail))
      await login.login()
      letGo()
      if (!onlyNewest) {
        expect(await sent).toMatchObject(read)
        return
      }
      expect(await sent).toBe('STALE_KEY')
      await login.ready()
      expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
    })

    it('that began before the tap: prepareKey waits for it', async () => {
      const { login, phone } = await open()
      await login.ready()
      const renewed = login.login()
      await login.prepareKey()
      expect(await outcome(login.phone(await tap(phone)))).toMatchObject(read)
      expect(await outcome(login.openData(await phone.device.userInfo()))).toBeNull()
      await renewed
      expect([phone.logins, phone.checks]).toEqual([2, 0])
    })
  })
})

describe('the code of the button', () => {
  it('does not hang on the session key: it works after any number of logins', async () => {
    const { login, phone } = await start({ app: { wx: { keyHistory: { size: 1 } } } })
    await login.ready()
    const detail = await phone.device.tapPhoneNumber()
    await login.login()
    await login.login()
    expect(await outcome(login.phone(detail))).toMatchObject(read)
  })
})
