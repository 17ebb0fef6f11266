import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createSandbox, SandboxError } from '../../src/sandbox/index.js'
import { decryptionVector } from '../support/vectors.js'
import { appA, appB, apps, decrypt } from './support.js'

const now = (): number => 1_700_000_000_999
const make = (options = {}) => createSandbox({ apps: [...apps], now, ...options })

describe('user info', () => {
  it('is signed and encrypted with the phone’s current key', () => {
    const alice = make().user('alice', { unionid: true })
    alice.login()
    const { rawData, signature, ...encrypted } = alice.userInfo()
    const expected = createHash('sha1').update(`${rawData}${alice.sessionKey()}`, 'utf8')
    expect(signature).toBe(expected.digest('hex'))
    expect(decrypt(encrypted, alice.sessionKey())).toEqual({
      ...JSON.parse(rawData),
      openId: alice.openid(),
      unionId: alice.unionid,
      watermark: { timestamp: 1_700_000_000, appid: appA.appid },
    })
    expect(Buffer.from(encrypted.iv, 'base64')).toHaveLength(16)
    expect(JSON.parse(rawData)).toMatchObject({ nickName: 'alice', language: 'zh_CN', gender: 0 })
  })

  it('made before a login does not open with the key of that login', () => {
    const alice = make().user('alice')
    alice.login()
    const early = alice.userInfo()
    alice.login()
    const late = alice.userInfo()
    expect(late.signature).not.toBe(early.signature)
    expect(() => decrypt(early, alice.sessionKey())).toThrow()
  })

  it('is of the app it was asked for, with the virtual time in its watermark', () => {
    const sandbox = make()
    const alice = sandbox.user('alice')
    sandbox.clock.advance(3600_000)
    const data = decrypt(alice.userInfo({ appid: appB.appid }), alice.sessionKey(appB.appid))
    expect(data).toMatchObject({
      openId: alice.openid(appB.appid),
      watermark: { appid: appB.appid, timestamp: 1_700_003_600 },
    })
    expect(data).not.toHaveProperty('unionId')
  })

  it('takes profile overrides, emoji included, and can be WeChat’s anonymous one', () => {
    const alice = make().user('alice')
    const nickName = '爱丽丝👩‍🚀"\\\u2028'
    const { rawData, ...encrypted } = alice.userInfo({ profile: { nickName, gender: 2 } })
    expect(JSON.parse(rawData)).toMatchObject({ nickName, gender: 2, city: '' })
    expect(decrypt(encrypted, alice.sessionKey())).toMatchObject({ nickName, gender: 2 })

    const grey = JSON.parse(alice.userInfo({ anonymous: true }).rawData)
    expect(grey.nickName).toBe('微信用户')
    expect(grey.avatarUrl).toMatch(/^https:\/\/thirdwx\.qlogo\.cn\/.*\/132$/)
  })

  it('can be as wx.getUserProfile gives it, without openId', () => {
    const alice = make().user('alice', { unionid: true })
    const data = decrypt(alice.userInfo({ openId: false }), alice.sessionKey())
    expect(data).not.toHaveProperty('openId')
    expect(data).not.toHaveProperty('unionId')
    expect(data).toHaveProperty('nickName', 'alice')
  })
})

describe('any payload', () => {
  it('comes out of an independent decryption as it went in, with a watermark', () => {
    const alice = make().user('alice')
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (payload) => {
        const data = { ...(JSON.parse(JSON.stringify(payload)) as object) }
        const { watermark, ...rest } = decrypt(alice.encrypt(data), alice.sessionKey())
        const { watermark: own, ...given } = data as { watermark?: unknown }
        expect(rest).toEqual(given)
        expect(watermark).toEqual(own ?? { timestamp: 1_700_000_000, appid: appA.appid })
      }),
      { numRuns: 50 },
    )
  })

  it('has the watermark one asks for, or none', () => {
    const alice = make().user('alice')
    const key = alice.sessionKey()
    const withOld = alice.encrypt({ step: 1 }, { watermark: { timestamp: 5 } })
    expect(decrypt(withOld, key).watermark).toEqual({ timestamp: 5, appid: appA.appid })
    expect(decrypt(alice.encrypt({ step: 1 }, { watermark: false }), key)).toEqual({ step: 1 })
    const own = alice.encrypt({ watermark: 'mine' })
    expect(decrypt(own, key)).toEqual({ watermark: 'mine' })
  })

  it('can be encrypted with any key of 16 bytes, with nothing else', () => {
    const alice = make().user('alice')
    const { sessionKey } = decryptionVector
    expect(decrypt(alice.encrypt({ a: 1 }, { sessionKey }), sessionKey)).toMatchObject({ a: 1 })
    expect(() => alice.encrypt({}, { sessionKey: 'short' })).toThrow(/sessionKey: must be base64/)
  })
})

describe('variants', () => {
  it('bad-watermark: everything right but the app', () => {
    const alice = make().user('alice')
    const data = decrypt(alice.userInfo({ variant: 'bad-watermark' }), alice.sessionKey())
    expect(data['openId']).toBe(alice.openid())
    expect(data['watermark']).toMatchObject({ appid: expect.not.stringContaining(appA.appid) })
  })

  it('truncated: whole blocks, does not decrypt', () => {
    const alice = make().user('alice')
    const good = Buffer.from(alice.encrypt({ n: 1 }).encryptedData, 'base64').length
    const cut = alice.encrypt({ n: 1 }, { variant: 'truncated' })
    expect(Buffer.from(cut.encryptedData, 'base64')).toHaveLength(good - 16)
    expect(() => decrypt(cut, alice.sessionKey())).toThrow()
    const one = alice.encrypt({}, { variant: 'truncated', watermark: false })
    expect(Buffer.from(one.encryptedData, 'base64')).toHaveLength(16)
  })

  it('wrong-key: neither signature nor data fit the phone’s key', () => {
    const alice = make({ seed: 'x' }).user('alice')
    const { rawData, signature, ...encrypted } = alice.userInfo({ variant: 'wrong-key' })
    const expected = createHash('sha1')
      .update(rawData + alice.sessionKey())
      .digest('hex')
    expect(signature).not.toBe(expected)
    expect(() => decrypt(encrypted, alice.sessionKey())).toThrow()
  })

  it('bit-flipped: decrypts to another openId, and nothing else shows it', () => {
    const alice = make().user('alice')
    const data = decrypt(alice.userInfo({ variant: 'bit-flipped' }), alice.sessionKey())
    expect(data['openId']).not.toBe(alice.openid())
    expect((data['openId'] as string).slice(2)).toBe(alice.openid().slice(2))
    expect(data['watermark']).toEqual({ timestamp: 1_700_000_000, appid: appA.appid })
  })
})

it('a phone knows no app this WeChat does not know', () => {
  const alice = make().user('alice')
  const appid = 'wx2222222222222222'
  for (const use of [
    () => alice.openid(appid),
    () => alice.sessionKey(appid),
    () => alice.login({ appid }),
    () => alice.userInfo({ appid }),
    () => alice.phoneNumber({ appid }),
    () => alice.encrypt({}, { appid }),
    () => alice.referer(appid),
  ]) {
    expect(use).toThrow(SandboxError)
    expect(use).toThrow(/^appid: this sandbox knows only wx/)
  }
})

it('the Referer is that of developer tools', () => {
  const alice = make().user('alice')
  expect(alice.referer()).toBe(`https://servicewechat.com/${appA.appid}/devtools/page-frame.html`)
  expect(alice.referer(appB.appid)).toContain(appB.appid)
})
