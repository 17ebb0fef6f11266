import type { ServerResponse } from 'node:http'
import type { SandboxUser, SandboxUserInfo } from '../../src/sandbox/index.js'
import { WxLoginError } from '../../src/index.js'
import { until } from '../support/until.js'
import {
  allRead,
  type Kind,
  kinds,
  type Login,
  type Service,
  startService,
  stock,
} from './key-apps.js'

/** How long a code lives, and how long an earlier key is good unless `keyHistory.window` says otherwise. */
const [codeLifetime, window] = [5 * 60_000, 10 * 60_000]

/**
 * The trap of the session key: WeChat replaces it at `wx.login`, and data that was made with one key meets a server
 * that knows another. For each way into it: what a stock server makes of the data, and what this one does.
 */
describe.each<Kind>(kinds)('the ordering trap, with session keys %s', (kind) => {
  let service: Service
  let phone: SandboxUser
  let made = 0
  beforeAll(async () => {
    service = await startService(kind)
  })
  afterAll(() => service.close())
  beforeEach(() => {
    phone = service.sandbox.user(`alice${String(++made)}`)
  })
  const enter = (): Promise<Login> => service.here.enter(phone.name)
  const info = (): SandboxUserInfo => phone.userInfo()

  describe('data encrypted before wx.login', () => {
    test('and sent after the login', async () => {
      await enter()
      const data = info()
      const login = await enter()
      expect(stock(login, data)).toBe('fails')
      await expect(service.here.uses(login.token, data)).resolves.toEqual(allRead)
    })

    test('and sent with the login', async () => {
      await enter()
      const data = info()
      service.here.events.splice(0)
      const code = phone.login()
      await service.here.post('/wx/login', { code, ...data }).expect(200)
      expect(service.here.events).toMatchObject([
        { reason: 'login', profile: { source: 'encrypted', nickName: phone.name } },
      ])
      const login = await enter()
      expect(stock(login, data)).toBe('fails')
    })

    test('and sent with the login, signed only', async () => {
      await enter()
      const { rawData, signature } = info()
      const code = phone.login()
      await service.here.post('/wx/login', { code, rawData, signature }).expect(200)
    })

    test('several logins before', async () => {
      await enter()
      const data = info()
      for (let i = 0; i < 3; i++) await enter()
      const login = await enter()
      expect(stock(login, data)).toBe('fails')
      await expect(service.here.uses(login.token, data)).resolves.toEqual(allRead)
    })

    test('before the first login of all: nobody but the phone has ever had that key', async () => {
      const data = info()
      const login = await enter()
      expect(stock(login, data)).toBe('fails')
      await expect(service.here.uses(login.token, data)).resolves.toEqual({
        decrypt: '409 WX_STALE_KEY',
        verifySignature: 'does not fit',
        '/wx/profile': '409 WX_STALE_KEY',
      })
    })
  })

  describe('two logins whose codes arrive in the wrong order', () => {
    test('the phone keeps the token that came last, of the key that was replaced', async () => {
      const [first, second] = [phone.login(), phone.login()]
      const newer = await service.here.enterWith(second)
      const older = await service.here.enterWith(first)
      const data = info()
      expect([stock(older, data), stock(newer, data)]).toEqual(['fails', 'read'])
      for (const { token } of [older, newer]) {
        await expect(service.there.uses(token, data)).resolves.toEqual(allRead)
      }
    })

    test('data that is made for as long as a code may be on its way', async () => {
      const [first, second] = [phone.login(), phone.login()]
      await service.here.enterWith(second)
      const older = await service.here.enterWith(first)
      service.pass(codeLifetime - 10_000)
      const data = info()
      expect(stock(older, data)).toBe('fails')
      await expect(service.here.uses(older.token, data)).resolves.toEqual(allRead)
    })

    test('only WeChat answers in the wrong order: the key of the later code stays the newest', async () => {
      const [first, second] = [phone.login(), phone.login()]
      const { asked, release } = service.here.holdWeChat()
      const slow = service.here.enterWith(first)
      await asked
      // Not in the same millisecond.
      service.pass(1)
      const newer = await service.there.enterWith(second)
      release()
      const older = await slow
      const data = info()
      expect([stock(older, data), stock(newer, data)]).toEqual(['fails', 'read'])
      service.pass(window + 60_000)
      for (const { token } of [older, newer]) {
        await expect(service.here.uses(token, data)).resolves.toEqual(allRead)
        await expect(service.here.uses(token, info())).resolves.toEqual(allRead)
      }
    })
  })

  describe('a login on a second device', () => {
    test('between encryption and upload', async () => {
      const first = await enter()
      const data = info()
      const second = await enter()
      // A server that keeps the key in the session reads this one; one that keeps it with the user does not.
      expect([stock(first, data), stock(second, data)]).toEqual(['read', 'fails'])
      await expect(service.here.uses(first.token, data)).resolves.toEqual(allRead)
    })

    test('before encryption: WeChat’s key is one for all devices of the user', async () => {
      const first = await enter()
      const second = await enter()
      const data = info()
      expect([stock(first, data), stock(second, data)]).toEqual(['fails', 'read'])
      await expect(service.here.uses(first.token, data)).resolves.toEqual(allRead)
    })

    test('that takes place in another process', async () => {
      const first = await enter()
      const before = info()
      await service.there.enter(phone.name)
      const after = info()
      expect([stock(first, before), stock(first, after)]).toEqual(['read', 'fails'])
      for (const data of [before, after]) {
        await expect(service.here.uses(first.token, data)).resolves.toEqual(allRead)
      }
    })

    test('long ago: the first device still reads what it makes now', async () => {
      const first = await enter()
      await enter()
      service.pass(24 * 3_600_000)
      const data = info()
      expect(stock(first, data)).toBe('fails')
      await expect(service.here.uses(first.token, data)).resolves.toEqual(allRead)
    })
  })

  describe('a login whose reply was lost, and whose phone goes on with its old token', () => {
    test('the reply never arrived', async () => {
      const old = await enter()
      await service.here.post('/wx/login', { code: phone.login() }).expect(200)
      const data = info()
      expect(stock(old, data)).toBe('fails')
      await expect(service.here.uses(old.token, data)).resolves.toEqual(allRead)
    })

    test('the phone hung up before the login was done: it makes no session, but its key counts', async () => {
      const old = await enter()
      const user = { appid: service.sandbox.appid, openid: phone.openid() }
      const { asked, release } = service.here.holdWeChat()
      const noticed = new Promise<void>((resolve) => {
        service.here.server.once('request', (_req, res: ServerResponse) => {
          res.once('close', resolve)
        })
      })
      const hangUp = new AbortController()
      const lost = fetch(`${service.here.url}/wx/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${old.token}` },
        body: JSON.stringify({ code: phone.login() }),
        signal: hangUp.signal,
      })
      await asked
      hangUp.abort()
      await expect(lost).rejects.toThrow(/abort/)
      await noticed
      release()
      const data = info()
      expect(stock(old, data)).toBe('fails')
      await until(async () => {
        const { status } = await service.here.post('/wx/profile', data, old.token)
        return status === 200
      })
      await expect(service.here.uses(old.token, data)).resolves.toEqual(allRead)
      await expect(service.here.wx.sessions.list(user)).resolves.toHaveLength(1)
    })

    test.each([
      ['refused', 403, WxLoginError.reject()],
      ['broken', 500, new Error('broken')],
    ])('onUser has %s the login', async (_, status, refusal) => {
      const old = await enter()
      service.here.refusal = refusal
      try {
        await service.here.post('/wx/login', { code: phone.login() }, old.token).expect(status)
      } finally {
        service.here.refusal = undefined
      }
      const data = info()
      expect(stock(old, data)).toBe('fails')
      await expect(service.here.uses(old.token, data)).resolves.toEqual(allRead)
    })

    test('its data was not accepted', async () => {
      const old = await enter()
      const foreign = phone.userInfo({ variant: 'wrong-key' })
      await service.here.post('/wx/login', { code: phone.login(), ...foreign }).expect(409)
      const data = info()
      expect(stock(old, data)).toBe('fails')
      await expect(service.here.uses(old.token, data)).resolves.toEqual(allRead)
    })
  })

  describe('data that the way there has changed', () => {
    /** Data with all that base64 has beside letters and digits. */
    const telling = (): SandboxUserInfo => {
      for (;;) {
        const data = info()
        if (/\+/.test(data.encryptedData + data.iv) && data.encryptedData.includes('/')) return data
      }
    }
    const changed = (data: SandboxUserInfo, by: (base64: string) => string): SandboxUserInfo => ({
      ...data,
      encryptedData: by(data.encryptedData),
      iv: by(data.iv),
    })
    const spaced = (data: SandboxUserInfo): SandboxUserInfo =>
      changed(data, (base64) => base64.replaceAll('+', ' '))
    const urlSafe = (data: SandboxUserInfo): SandboxUserInfo =>
      changed(data, (base64) =>
        base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      )

    test.each([
      // Node's decoder leaves blanks out, and what follows moves.
      ['a + that became a blank', spaced, 'fails'],
      // Node's decoder takes it; most others do not.
      ['the URL-safe alphabet', urlSafe, 'read'],
    ])('%s: of the current key, and of one before', async (_, change, stockDoes) => {
      const old = await enter()
      const data = change(telling())
      expect(stock(old, data)).toBe(stockDoes)
      await expect(service.here.uses(old.token, data)).resolves.toEqual(allRead)
      const login = await enter()
      expect(stock(login, data)).toBe('fails')
      await expect(service.here.uses(login.token, data)).resolves.toEqual(allRead)
      const code = phone.login()
      await service.here.post('/wx/login', { code, ...data }).expect(200)
    })

    test('a form that was not encoded, as the body parser of the app reads it', async () => {
      const old = await enter()
      const { encryptedData, iv } = telling()
      await enter()
      const reply = await service.here
        .post('/decrypt', undefined, old.token)
        .type('form')
        .send(`encryptedData=${encryptedData}&iv=${iv}`)
      expect(reply.status).toBe(200)
      expect(reply.body).toMatchObject({ nickName: phone.name })
    })
  })
})
