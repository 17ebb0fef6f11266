import express from 'express'
import type { WxUserEvent } from '../../src/hook-types.js'
import { getWx, requireWxSession, wxErrorHandler } from '../../src/index.js'
import type { WxEncryptedData } from '../../src/types.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'
import { bytesFor, encrypt } from '../wechat/phone.js'

let sandbox: Sandbox
let t: TestApp
const events: WxUserEvent[] = []
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, rotation: 'never', seed: 'attack 41' })
  t = await startTestApp({
    sandbox,
    wx: {
      // Whether WeChat made the data is asked after all the rest: here it is the rest that has to refuse.
      wechat: { fetch: sandbox.fetch, checkEncryptedData: false },
      onUser(event) {
        events.push(event)
        return { id: 1 }
      },
    },
    routes(app) {
      app.post('/decrypt', requireWxSession, express.json(), (req, res, next) => {
        const tell = (data: Record<string, unknown>): void => {
          const copy = Object.assign({}, data) as { polluted?: unknown }
          res.json({
            names: Object.keys(data),
            owns: Object.hasOwn(data, '__proto__'),
            plain: Object.getPrototypeOf(data) === Object.prototype,
            polluted: [copy.polluted ?? null, ({} as { polluted?: unknown }).polluted ?? null],
          })
        }
        getWx(req)
          .decrypt(req.body as WxEncryptedData)
          .then(tell)
          .catch(next)
      })
      app.use(wxErrorHandler)
    },
  })
})
afterAll(async () => {
  await t?.close()
  await sandbox?.close()
})
beforeEach(() => events.splice(0))

describe('attack 41: iv and encryptedData of another type or length, or no base64: 400, nothing asked, nothing changed', () => {
  const good = { encryptedData: Buffer.alloc(64, 7).toString('base64'), iv: bytesFor('iv') }
  const types: [string, unknown][] = [
    ['null', null],
    ['true', true],
    ['a number', 16],
    ['a list', [good.iv]],
    ['a list of bytes', Array.from({ length: 16 }, () => 1)],
    ['an object', {}],
    ['an object with a length', { length: 16, 0: 'A' }],
    ['a Buffer in JSON', { type: 'Buffer', data: [] }],
    ['a Buffer of 16 bytes in JSON', Buffer.alloc(16).toJSON()],
    ['empty', ''],
    ['padding only', '===='],
    ['one digit', 'A'],
    ['15 bytes', Buffer.alloc(15).toString('base64')],
    ['17 bytes', Buffer.alloc(17).toString('base64')],
    ['hex', '00'.repeat(15)],
    ['junk', '!'.repeat(24)],
    ['junk in front', `!${good.iv}`],
    ['junk in the middle', `${good.iv.slice(0, 11)}.${good.iv.slice(11)}`],
    ['junk behind', `${good.iv}!`],
    ['a line break behind', `${good.iv}\n`],
    ['a NUL behind', `${good.iv}\u0000`],
    ['padding in the middle', `${good.iv}${good.iv}`],
    ['too much padding', `${good.iv}=`],
    ['a data URL', `data:;base64,${good.iv}`],
    ['full-width', 'Ａ'.repeat(22)],
  ]

  test.each(types)('%s', async (_what, value) => {
    const code = sandbox.user('alice').login()
    const { token } = await t.login('alice')
    events.splice(0)
    const exchanges = t.exchanges()
    for (const field of ['iv', 'encryptedData'] as const) {
      const data = { ...good, [field]: value }
      for (const [path, body] of [
        ['/wx/login', { code, ...data }],
        ['/wx/profile', data],
        ['/wx/phone', data],
        ['/decrypt', data],
      ] as const) {
        const reply = await t.post(path, body, token)
        expect([path, field, reply.status]).toEqual([path, field, 400])
        expect(reply.body).toEqual(errorReply('WX_BAD_REQUEST', 'none'))
        expect((reply.body as { error: { message: string } }).error.message).toMatch(
          new RegExp(`^${field}: must be base64 of`),
        )
        expect(reply.headers['set-cookie']).toBeUndefined()
      }
    }
    expect([t.exchanges(), events]).toEqual([exchanges, []])
    // The session lives, and the code that came with it is not spent.
    await t.get('/me', token).expect(200)
    await t.post('/wx/login', { code }).expect(200)
  })

  test('none of them counts as a refusal: good data is taken after a hundred', async () => {
    const { token } = await t.login('alice')
    for (let n = 0; n < 4; n++) {
      for (const [, iv] of types) await t.post('/wx/profile', { ...good, iv }, token).expect(400)
    }
    const { encryptedData, iv } = sandbox.user('alice').userInfo()
    await t.post('/wx/profile', { encryptedData, iv }, token).expect(200)
  })
})

/** A text that alice’s phone has encrypted with her real key. */
const made = (text: string): WxEncryptedData =>
  encrypt(text, sandbox.user('alice').sessionKey(), bytesFor(text))
const watermark = (): string =>
  `"watermark":{"appid":"${sandbox.appid}","timestamp":${String(Math.floor(Date.now() / 1000))}}`

describe('attack 42: decrypted JSON that is no object, or names a prototype: refused, or without it', () => {
  const everywhere = ['/wx/profile', '/wx/phone', '/decrypt']

  test.each<[string, () => string]>([
    ['null', () => 'null'],
    ['a number', () => '5'],
    ['a text', () => '"x"'],
    ['true', () => 'true'],
    ['an empty list', () => '[]'],
    ['a list with the data in it', () => `[{"nickName":"x",${watermark()}}]`],
    ['an object without watermark', () => '{}'],
    ['a watermark in the prototype', () => `{"__proto__":{${watermark()}},"nickName":"x"}`],
    ['a watermark in its constructor', () => `{"constructor":{${watermark()}}}`],
    ['a watermark that is a prototype', () => `{"watermark":{"__proto__":{${watermark()}}}}`],
  ])('%s is refused', async (_what, text) => {
    const { token } = await t.login('alice')
    events.splice(0)
    for (const path of everywhere) {
      const reply = await t.post(path, made(text()), token)
      expect([path, reply.status]).toEqual([path, 409])
      expect(reply.body).toEqual(errorReply('WX_STALE_KEY', 'login'))
    }
    const code = sandbox.user('alice').login()
    await t.post('/wx/login', { code, ...made(text()) }).expect(409)
    expect(events).toEqual([])
    await t.get('/me', token).expect(200)
  })

  const prototypes = [
    '"__proto__":{"polluted":1,"isAdmin":true}',
    '"\\u005f_proto__":{"polluted":1,"isAdmin":true}',
    '"__proto__":null,"__proto__":{"polluted":1}',
    '"constructor":{"prototype":{"polluted":1,"isAdmin":true}}',
    '"constructor":null,"hasOwnProperty":1,"toString":1,"toJSON":1',
    '"prototype":{"polluted":1}',
    '"x":[{"__proto__":{"polluted":1}}],"isAdmin":true,"polluted":1.5e0',
  ]
  const phone = '"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86"'

  test.each(prototypes)('%s: the hook is told of documented fields only', async (field) => {
    const { token } = await t.login('alice')
    events.splice(0)
    const data = made(`{"nickName":"Alice",${phone},${field},${watermark()}}`)
    await t.post('/wx/profile', data, token).expect(200)
    await t.post('/wx/phone', data, token).expect(200)
    await t.post('/wx/login', { code: sandbox.user('alice').login(), ...data }).expect(200)
    const profile = { source: 'encrypted', isDefault: false, nickName: 'Alice' }
    const number = { phoneNumber: '13800138000', purePhoneNumber: '13800138000', countryCode: '86' }
    expect(events.map((event) => event.profile ?? event.phone)).toStrictEqual([
      profile,
      number,
      profile,
    ])
    for (const event of events) {
      for (const told of [event, event.profile ?? event.phone!]) {
        expect(Object.getPrototypeOf(told)).toBe(Object.prototype)
        expect(told).not.toHaveProperty('polluted')
        expect(told).not.toHaveProperty('isAdmin')
      }
    }
    expect({}).not.toHaveProperty('polluted')
  })

  test.each(prototypes)('%s: decrypt() gives no prototype of it', async (field) => {
    const { token } = await t.login('alice')
    const { body } = await t.post('/decrypt', made(`{${field},${watermark()}}`), token).expect(200)
    const told = body as { names: string[]; owns: boolean; plain: boolean; polluted: unknown[] }
    expect(told).toMatchObject({ owns: false, plain: true })
    expect(told.names).toContain('watermark')
    expect(told.names).not.toContain('__proto__')
    // A field of that name is data, as any that WeChat may add; what it must not be is inherited.
    const own = field.includes('"polluted":1.5e0') ? 1.5 : null
    expect(told.polluted).toEqual([own, null])
  })

  test.each(['nickName', 'avatarUrl', 'gender', 'city'])(
    '%s of another type is refused',
    async (name) => {
      const { token } = await t.login('alice')
      events.splice(0)
      for (const value of ['{"__proto__":{"polluted":1}}', '["x"]', 'true']) {
        const data = made(`{"${name}":${value},${watermark()}}`)
        expect((await t.post('/wx/profile', data, token)).status).toBe(409)
      }
      expect(events).toEqual([])
    },
  )
})
