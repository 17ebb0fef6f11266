import { createHash } from 'node:crypto'
import type { WxIdentity } from '../../src/index.js'
import { signNothing } from '../../src/wechat/server-api.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { sessionSignatureVector } from '../support/vectors.js'

let t: TestApp
beforeEach(async () => {
  t = await startTestApp()
})
afterEach(() => t.close())

/** Requests to an endpoint, as its journal has them. */
const requests = (path: string) => t.sandbox.requests.filter((r) => r.path === path)
const alice = (): WxIdentity => ({
  appid: t.sandbox.appid,
  openid: t.sandbox.user('alice').openid(),
})
const code = (name = 'alice'): string => t.sandbox.user(name).phoneNumber().code

describe('wx.api.accessToken', () => {
  it('is a valid token, the same every time', async () => {
    const token = await t.wx.api.accessToken()
    expect(await t.wx.api.accessToken({ appid: t.sandbox.appid })).toBe(token)
    const reply = await t.sandbox.fetch(
      `https://api.weixin.qq.com/wxa/business/checkencryptedmsg?access_token=${token}`,
      { method: 'POST', body: JSON.stringify({ encrypted_msg_hash: '0'.repeat(64) }) },
    )
    expect(await reply.json()).toMatchObject({ errcode: 1 })
    expect(requests('/cgi-bin/stable_token')).toHaveLength(1)
  })

  it('is of no app that is not served', async () => {
    await expect(t.wx.api.accessToken({ appid: 'wx_other' })).rejects.toMatchObject({
      code: 'WX_APP_UNKNOWN',
    })
  })
})

describe('wx.api.getPhoneNumber', () => {
  const path = '/wxa/business/getuserphonenumber'
  const ask = (given: string, user = 'alice') =>
    t.wx.api.getPhoneNumber(given, t.sandbox.user(user).openid())

  it('is the number behind the code, paid once', async () => {
    const phone = await ask(code())
    expect(phone).toEqual({
      phoneNumber: expect.stringMatching(/^139\d{8}$/),
      purePhoneNumber: phone.phoneNumber,
      countryCode: '86',
    })
    expect(t.sandbox.paidPhoneNumbers).toBe(1)
  })

  it('has the country code as a string, as whichever WeChat gives it', async () => {
    const abroad = { phoneNumber: '+85261234567', purePhoneNumber: '61234567' }
    t.sandbox.user('alice', { phone: { ...abroad, countryCode: 852 } })
    expect(await ask(code())).toEqual({ ...abroad, countryCode: '852' })
    t.sandbox.user('alice', { phone: { ...abroad, countryCode: '852' } })
    expect(await ask(code())).toEqual({ ...abroad, countryCode: '852' })
  })

  it('always sends the openid, so that another user’s code is refused, and not paid for', async () => {
    await expect(ask(code('bob'))).rejects.toMatchObject({
      code: 'WX_CODE_INVALID',
      status: 401,
      errcode: 40003,
      message: 'WeChat does not accept this code. Tap the phone number button again.',
      reason: expect.stringContaining('the code is not of the user with this openid'),
    })
    expect(requests(path)).toMatchObject([{ body: { openid: t.sandbox.user('alice').openid() } }])
    expect(t.sandbox.paidPhoneNumbers).toBe(0)
  })

  it('says that a code was used', async () => {
    const once = code()
    await ask(once)
    await expect(ask(once)).rejects.toMatchObject({
      code: 'WX_CODE_USED',
      errcode: 40163,
      message: 'This code was already used. Tap the phone number button again.',
    })
  })

  it('says that a code has expired', async () => {
    const old = code()
    t.sandbox.clock.advance(5 * 60_000)
    await expect(ask(old)).rejects.toMatchObject({
      code: 'WX_CODE_INVALID',
      errcode: 40029,
      message: 'WeChat does not accept this code. Tap the phone number button again.',
    })
  })

  it('says where a code of wx.login was sent, once WeChat has refused it', async () => {
    const login = t.sandbox.user('alice').login()
    expect(login).toHaveLength(32)
    await expect(ask(login)).rejects.toMatchObject({
      code: 'WX_CODE_INVALID',
      errcode: 40029,
      message:
        'This looks like a code of wx.login: send the code that the phone number button gave.',
    })
    expect(requests(path)).toHaveLength(1)
  })

  it.each(['', ' ', 'with\nline', '号', 'x'.repeat(513), 7, null, undefined, {}])(
    'asks WeChat nothing for something that is no code (%j)',
    async (given) => {
      await expect(ask(given as string)).rejects.toMatchObject({
        code: 'WX_BAD_REQUEST',
        message: 'code: must be what the phone number button gave.',
      })
      expect(t.sandbox.requests).toEqual([])
    },
  )

  it.each(['', 7, null, undefined])('asks WeChat nothing for the openid %j', async (openid) => {
    await expect(t.wx.api.getPhoneNumber(code(), openid as string)).rejects.toMatchObject({
      code: 'WX_BAD_REQUEST',
      message: 'openid: must be the openid of the user.',
    })
    expect(t.sandbox.requests).toEqual([])
  })

  const info = (more: object): object => ({
    errcode: 0,
    phone_info: {
      phoneNumber: '1',
      purePhoneNumber: '1',
      countryCode: '86',
      watermark: { timestamp: 1, appid: t.sandbox.appid },
      ...more,
    },
  })
  it.each<[string, () => object]>([
    ['no phone_info', () => ({ errcode: 0 })],
    ['a phone_info that is none', () => ({ errcode: 0, phone_info: 'x' })],
    ['no number', () => info({ phoneNumber: undefined })],
    ['a number of another type', () => info({ purePhoneNumber: 139 })],
    ['no country code', () => info({ countryCode: null })],
    ['no watermark', () => info({ watermark: undefined })],
    ['the watermark of another app', () => info({ watermark: { appid: 'wx_other' } })],
  ])('takes no answer with %s', async (_, body) => {
    t.sandbox.faults.add({ endpoint: path, body: body() })
    await expect(ask(code())).rejects.toMatchObject({ code: 'WX_UPSTREAM', status: 502 })
  })
})

describe('wx.api.checkSessionKey', () => {
  it('signs nothing, with the text of the key', () => {
    const { sessionKey, signature } = sessionSignatureVector
    expect(signNothing(sessionKey)).toBe(signature)
  })

  it('is true while the key that is kept is the valid one', async () => {
    await t.login()
    expect(await t.wx.api.checkSessionKey(alice())).toBe(true)
    expect(requests('/wxa/checksession')).toMatchObject([
      { method: 'GET', query: { openid: alice().openid, sig_method: 'hmac_sha256' } },
    ])
  })

  it('is false when the phone has another key', async () => {
    await t.login()
    t.sandbox.user('alice').login()
    expect(await t.wx.api.checkSessionKey(alice())).toBe(false)
  })

  it('is about the key of the last login, on whichever device', async () => {
    await t.login()
    await t.login()
    expect(await t.wx.api.checkSessionKey(alice())).toBe(true)
  })

  it('is false without a key, and asks nobody', async () => {
    expect(await t.wx.api.checkSessionKey(alice())).toBe(false)
    expect(t.sandbox.requests).toEqual([])
  })

  it('is false where WeChat keeps no key of the user', async () => {
    await t.login()
    t.sandbox.faults.add({ endpoint: 'checksession', errcode: 87007 })
    expect(await t.wx.api.checkSessionKey(alice())).toBe(false)
  })

  it('fails for what says nothing about the key', async () => {
    await t.login()
    t.sandbox.faults.add({ endpoint: 'checksession', errcode: 45011 })
    await expect(t.wx.api.checkSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_RATE_LIMITED',
      errcode: 45011,
    })
  })
})

describe('wx.api.resetUserSessionKey', () => {
  it('ends the key at WeChat, and keeps the new one; the session lives on', async () => {
    const { token } = await t.login()
    const before = t.sandbox.user('alice').userInfo()
    await t.wx.api.resetUserSessionKey(alice())
    expect((await t.get('/me', token)).status).toBe(200)
    expect(await t.wx.api.checkSessionKey(alice())).toBe(true)
    expect((await t.post('/wx/profile', before, token)).status).toBe(409)
    const after = t.sandbox.user('alice').userInfo()
    expect((await t.post('/wx/profile', after, token)).status).toBe(200)
  })

  it('is refused where no key of the user is kept', async () => {
    await expect(t.wx.api.resetUserSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_STALE_KEY',
      status: 409,
      reason: 'no session key of this user is kept',
    })
    expect(t.sandbox.requests).toEqual([])
  })

  it('is refused where the key that is kept is not the valid one', async () => {
    const { token } = await t.login()
    const before = t.sandbox.user('alice').userInfo()
    t.sandbox.user('alice').login()
    await expect(t.wx.api.resetUserSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_STALE_KEY',
      reason: 'WeChat answered errcode 87009: not the valid session key',
    })
    // Nothing was forgotten.
    expect((await t.post('/wx/profile', before, token)).status).toBe(200)
  })

  it('is refused where WeChat keeps no key of the user', async () => {
    await t.login()
    t.sandbox.faults.add({ endpoint: 'resetusersessionkey', errcode: 87007 })
    await expect(t.wx.api.resetUserSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_STALE_KEY',
      reason: 'WeChat answered errcode 87007: not the valid session key',
    })
  })

  it('fails for what says nothing about the key', async () => {
    await t.login()
    t.sandbox.faults.add({ endpoint: 'resetusersessionkey', errcode: 45011 })
    await expect(t.wx.api.resetUserSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_RATE_LIMITED',
      errcode: 45011,
    })
  })

  it.each([
    {},
    { session_key: 'AAAAAAAAAAAAAAAAAAAAAA==' },
    { openid: 'another', session_key: 'AAAAAAAAAAAAAAAAAAAAAA==' },
    { openid: true, session_key: 'short' },
  ])('keeps no key out of the answer %j', async (body) => {
    const { token } = await t.login()
    const reply = 'openid' in body && body.openid === true ? { ...body, ...alice() } : body
    t.sandbox.faults.add({ endpoint: 'resetusersessionkey', body: reply })
    await expect(t.wx.api.resetUserSessionKey(alice())).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
    })
    const data = t.sandbox.user('alice').userInfo()
    expect((await t.post('/wx/profile', data, token)).status).toBe(200)
  })
})

describe('the user of checkSessionKey and resetUserSessionKey', () => {
  const wrong = [undefined, null, 'alice', {}, { appid: 'wx' }, { appid: 7, openid: 'o' }]
  it.each([...wrong, { appid: 'wx', openid: '' }])('is not %j', async (user) => {
    const { api } = t.wx
    for (const ask of [api.checkSessionKey, api.resetUserSessionKey]) {
      await expect(ask(user as WxIdentity)).rejects.toMatchObject({
        code: 'WX_APP_CONFIG',
        message: 'wx.api: the user must be { appid, openid }',
      })
    }
  })

  it('is of an app that is served', async () => {
    const user = { ...alice(), appid: 'wx_other' }
    await expect(t.wx.api.checkSessionKey(user)).rejects.toMatchObject({ code: 'WX_APP_UNKNOWN' })
  })
})

describe('wx.api.checkEncryptedData', () => {
  const check = (encryptedData: unknown) =>
    t.wx.api.checkEncryptedData({ encryptedData: encryptedData as string })

  it('says that WeChat made it, and when', async () => {
    const { encryptedData } = t.sandbox.user('alice').phoneNumber()
    const { valid, createTime } = await check(encryptedData)
    expect(valid).toBe(true)
    expect(createTime!.getTime()).toBe(Math.floor(t.sandbox.clock.now() / 1000) * 1000)
    expect(requests('/wxa/business/checkencryptedmsg')).toMatchObject([
      { body: { encrypted_msg_hash: createHash('sha256').update(encryptedData).digest('hex') } },
    ])
  })

  it('knows it whatever the way here made of its text', async () => {
    let data = ''
    // Until it has all that a way can spoil.
    while (!(data.includes('+') && data.includes('/') && data.endsWith('='))) {
      data = t.sandbox.user('alice').phoneNumber().encryptedData
    }
    const spoilt = [
      data.replaceAll('+', ' '),
      data.replaceAll('+', '-').replaceAll('/', '_'),
      data.replace(/=+$/, ''),
    ]
    for (const each of spoilt) expect(await check(each)).toMatchObject({ valid: true })
  })

  it('says that WeChat did not make it, or longer ago than three days', async () => {
    const none = { valid: false, createTime: null }
    const { encryptedData } = t.sandbox.user('alice').phoneNumber()
    const bytes = Buffer.from(encryptedData, 'base64')
    bytes[0]! ^= 1
    expect(await check(bytes.toString('base64'))).toEqual(none)
    t.sandbox.clock.advance(3 * 24 * 3600_000 + 1)
    expect(await check(encryptedData)).toEqual(none)
  })

  it.each([
    [
      { errcode: 0, vaild: true, create_time: 1 },
      { valid: true, createTime: new Date(1000) },
    ],
    [
      { errcode: 0, valid: true, create_time: 1 },
      { valid: true, createTime: new Date(1000) },
    ],
    [{ vaild: true }, { valid: true, createTime: null }],
    [
      { vaild: false, create_time: 0 },
      { valid: false, createTime: null },
    ],
  ])('reads %j', async (body, result) => {
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', body })
    expect(await check('A'.repeat(64))).toEqual(result)
  })

  it('takes no answer that does not say', async () => {
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', body: { errcode: 0 } })
    await expect(check('A'.repeat(64))).rejects.toMatchObject({ code: 'WX_UPSTREAM' })
  })

  it('fails for an errcode that says nothing about the data', async () => {
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', errcode: 40097 })
    await expect(check('A'.repeat(64))).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      errcode: 40097,
    })
  })

  it.each(['', 'A', 'A'.repeat(20), '%%%', 7, null, undefined])(
    'asks WeChat nothing for %j',
    async (data) => {
      await expect(check(data)).rejects.toMatchObject({
        code: 'WX_BAD_REQUEST',
        message: 'encryptedData: must be base64 of whole 16-byte blocks.',
      })
      await expect(
        t.wx.api.checkEncryptedData(data as unknown as { encryptedData: string }),
      ).rejects.toMatchObject({ code: 'WX_BAD_REQUEST' })
      expect(t.sandbox.requests).toEqual([])
    },
  )
})
