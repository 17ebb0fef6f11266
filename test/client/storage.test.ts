import type { Session } from '../../client/src/index.js'
import { start, type Setting } from './support.js'

/** The one key that the client has in the storage. */
const keyOf = ({ phone }: Setting): string => phone.device.wx.getStorageInfoSync().keys.join()

const stored = (setting: Setting): unknown => setting.phone.wx.getStorageSync(keyOf(setting))

describe('the session in the storage', () => {
  it('survives the end of the mini program: the next start needs no login', async () => {
    const { client, login, phone } = await start()
    const session = await login.ready()
    phone.device.reopen()
    const next = client()
    expect(next.session).toEqual(session)
    expect((await next.request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.logins).toBe(1)
  })

  it('is read once, when the client is made', async () => {
    const { client, phone } = await start()
    const read = jest.spyOn(phone.wx, 'getStorageSync')
    const login = client()
    expect(read).toHaveBeenCalledTimes(1)
    await Promise.all([login.request({ url: '/me' }), login.request({ url: '/me' })])
    await login.request({ url: '/me' })
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('holds what the client needs and nothing more', async () => {
    const setting = await start()
    const session = await setting.login.ready()
    expect(JSON.parse(stored(setting) as string)).toEqual(session)
    expect(Object.keys(session).toSorted()).toEqual(['expiresAt', 'keyId', 'token', 'user'])
  })

  it('belongs to one server: clients of two servers do not mix', async () => {
    const { client, login, app } = await start()
    await login.ready()
    const other = client({ baseUrl: app.url.replace('127.0.0.1', 'localhost') })
    expect(other.session).toBeNull()
    expect(client().session).not.toBeNull()
    expect(client({ storageKey: 'mine' }).session).toBeNull()
  })

  it('belongs to one WeChat user: another one on the same phone has another', async () => {
    const { client, login, phone } = await start()
    const alice = await login.ready()
    phone.device.switchUser('bob')
    const next = client()
    expect(next.session).toBeNull()
    expect((await next.ready()).token).not.toBe(alice.token)
    phone.device.switchUser('alice')
    expect(client().session).toEqual(alice)
  })

  it('is gone with the data of the mini program: then the next request logs in', async () => {
    const { client, login, phone } = await start()
    await login.ready()
    phone.device.clearStorage()
    expect((await client().request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.logins).toBe(2)
  })

  const year = Date.now() + 365 * 86_400_000
  it.each([
    ['no JSON', 'not JSON'],
    ['half of it', '{"token":"abc","expiresA'],
    ['an object of another program', { token: 'abc', expiresAt: year }],
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"text"'],
    ['no token', JSON.stringify({ expiresAt: year })],
    ['a token that is no text', JSON.stringify({ token: 5, expiresAt: year })],
    ['no time', JSON.stringify({ token: 'abc' })],
    ['a time that is none', JSON.stringify({ token: 'abc', expiresAt: 'soon' })],
    ['a time in the past', JSON.stringify({ token: 'abc', expiresAt: Date.now() - 1 })],
  ])('that is %s counts as none', async (_, value) => {
    const setting = await start()
    await setting.login.ready()
    setting.phone.wx.setStorageSync(keyOf(setting), value)
    const next = setting.client()
    expect(next.session).toBeNull()
    expect((await next.request({ url: '/me' })).statusCode).toBe(200)
    expect(setting.phone.to('/me')).toHaveLength(1)
  })

  it('with a token that the server does not know costs one 401, no more', async () => {
    const setting = await start()
    await setting.login.ready()
    const forged = JSON.stringify({ token: 'forged', expiresAt: year, keyId: '', user: null })
    setting.phone.wx.setStorageSync(keyOf(setting), forged)
    const next = setting.client()
    expect((await next.request({ url: '/me' })).statusCode).toBe(200)
    expect(setting.phone.to('/me')).toHaveLength(2)
    expect(setting.client().session).toEqual(next.session)
  })
})

describe('a storage that fails', () => {
  it('when it is full: the session lives as long as the mini program, and no old one is left behind', async () => {
    const setting = await start()
    await setting.login.ready()
    setting.phone.wx.setStorageSync = () => {
      throw new Error('setStorageSync:fail exceed storage max size 10Mb')
    }
    const { token } = await setting.login.login()
    expect((await setting.login.request({ url: '/me' })).statusCode).toBe(200)
    expect(setting.login.session?.token).toBe(token)
    expect(setting.client().session).toBeNull()
  })

  it('altogether: logging in, requests and logout work all the same', async () => {
    const broken = (): never => {
      throw new Error('I/O error')
    }
    const setting = await start()
    Object.assign(setting.phone.wx, {
      getStorageSync: broken,
      setStorageSync: broken,
      removeStorageSync: broken,
    })
    const login = setting.client()
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    await setting.forget()
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    await login.logout()
    expect(login.session).toBeNull()
  })

  it('to write only: what is out of date in there is not taken for newer', async () => {
    const setting = await start()
    await setting.login.ready()
    const broken = (): never => {
      throw new Error('read-only file system')
    }
    Object.assign(setting.phone.wx, { setStorageSync: broken, removeStorageSync: broken })
    const { token } = await setting.login.login()
    await setting.forget()
    expect((await setting.login.request({ url: '/me' })).statusCode).toBe(200)
    expect(setting.login.session?.token).not.toBe(token)
  })
})

describe('the clock of the phone', () => {
  const day = 86_400_000

  async function withClock(body: (set: (ms: number) => void) => Promise<void>): Promise<void> {
    const real = Date.now()
    let ahead = 0
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => real + ahead)
    try {
      await body((ms) => {
        ahead = ms
      })
    } finally {
      clock.mockRestore()
    }
  }

  it('a session ends 30 s before the server ends it', async () => {
    const { login } = await start({
      app: { wx: { session: { secret: 's'.repeat(32), ttl: 100 } } },
    })
    await withClock(async (set) => {
      const session = await login.ready()
      expect(session.expiresAt - Date.now()).toBe(70_000)
      set(69_999)
      expect(login.session).toBe(session)
      set(70_000)
      expect(login.session).toBeNull()
    })
  })

  it('and never more than half its life before: a short one is of use as well', async () => {
    const { login, phone } = await start({
      app: { wx: { session: { secret: 's'.repeat(32), ttl: 10 } } },
    })
    await withClock(async () => {
      const session = await login.ready()
      expect(session.expiresAt - Date.now()).toBe(5000)
      await login.request({ url: '/me' })
      expect(phone.logins).toBe(1)
    })
  })

  it.each([
    ['forward and back again', 30 * day],
    ['back and forward again', -30 * day],
  ])('that jumps %s costs at most one login each time, and no request fails', async (_, jump) => {
    const { login, phone, forget } = await start()
    const requests = async (): Promise<number> => {
      phone.logins = 0
      for (let i = 0; i < 3; i++) {
        expect((await login.request({ url: '/me' })).statusCode).toBe(200)
      }
      return phone.logins
    }
    await withClock(async (set) => {
      expect(await requests()).toBe(1)
      set(jump)
      await forget()
      expect(await requests()).toBe(1)
      set(0)
      expect(await requests()).toBeLessThanOrEqual(1)
      expect(await requests()).toBe(0)
    })
  })
})

describe('two clients with one storage key', () => {
  it('the session that one has made serves the other when its own is refused', async () => {
    const { client, login, phone } = await start()
    await login.ready()
    const told: (Session | null)[] = []
    const other = client({ onSession: (session) => told.push(session) })
    await new Promise((resolve) => setTimeout(resolve, 2))
    const newer = await login.login()
    expect((await other.request({ url: '/me' })).statusCode).toBe(200)
    expect(other.session).toEqual(newer)
    expect(told).toEqual([newer])
    expect(phone.logins).toBe(2)
  })

  it('after a logout of one the other logs in again when it needs to', async () => {
    const { client, login, phone } = await start()
    await login.ready()
    const other = client()
    await login.logout()
    expect((await other.request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.logins).toBe(2)
    expect(login.session).toBeNull()
  })
})

describe('a code of which the server may not know', () => {
  it('leaves no session for the next start: that logs in rather than trust the key', async () => {
    const { client, login, phone } = await start()
    await login.ready()
    const { request } = phone.wx
    phone.wx.request = ({ fail }) => fail?.({ errMsg: 'request:fail' })
    await expect(login.login()).rejects.toThrow()
    phone.wx.request = request
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.logins).toBe(2)
    phone.device.reopen()
    const next = client()
    await next.prepareKey()
    expect(phone.checks).toBe(0)
    expect(phone.logins).toBe(3)
  })
})
