import * as fc from 'fast-check'
import { WxLoginError } from '../../src/errors.js'
import type { WxEncryptedData, WxSignedData } from '../../src/types.js'
import {
  decryptFor,
  type Expected,
  isSigned,
  phoneOf,
  profileOf,
  toProfile,
} from '../../src/wechat/user-data.js'
import { listen } from '../support/listen.js'
import { decryptionVector as demo, signatureVector } from '../support/vectors.js'
import { bytesFor, encrypt, sign } from './phone.js'

const now = 1_800_000_000
const sessionKey = bytesFor('key')
const iv = bytesFor('iv')
const appid = 'wx1111111111111111'
const alice: Expected = {
  appid,
  openid: 'openid-alice',
  keys: [{ sessionKey }],
  watermarkMaxAge: 3600,
}
const watermark = { appid, timestamp: now }

const encrypted = (data: object): { encryptedData: string; iv: string } =>
  encrypt(JSON.stringify(data), sessionKey, iv)
const signed = (data: object | string): { rawData: string; signature: string } => {
  const rawData = typeof data === 'string' ? data : JSON.stringify(data)
  return { rawData, signature: sign(rawData, sessionKey) }
}
const stale = expect.objectContaining({ code: 'WX_STALE_KEY', status: 409 }) as Error

const grey =
  'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132'

beforeEach(() => {
  jest.useFakeTimers({ now: now * 1000 })
})
afterEach(() => {
  jest.useRealTimers()
})

describe('decryptFor', () => {
  test('gives the data of this user, this app and this hour', () => {
    const data = { openId: alice.openid, steps: 5, watermark }
    expect(decryptFor(alice, encrypted(data))).toEqual(data)
  })

  test('accepts data that does not say whose it is, as newer data does not', () => {
    expect(decryptFor(alice, encrypted({ openGId: 'group', watermark }))).toEqual({
      openGId: 'group',
      watermark,
    })
  })

  test.each([
    ['another user', 'openid-mallory'],
    ['the user in capitals', 'OPENID-ALICE'],
    ['the user with a space', 'openid-alice '],
    ['nobody', ''],
    ['null', null],
    ['a list of the user', ['openid-alice']],
    ['a number', 5],
  ])('refuses data of %s', (_, openId) => {
    expect(() => decryptFor(alice, encrypted({ openId, watermark }))).toThrow(stale)
  })

  test.each([
    [0, true],
    [3600, true],
    [3601, false],
    [-3600, true],
    [-3601, false],
    [now, false],
    [-(2 ** 40), false],
  ])('a watermark %d seconds old counts: %s', (age, accepted) => {
    const data = encrypted({ a: 1, watermark: { appid, timestamp: now - age } })
    if (accepted) expect(decryptFor(alice, data)).toHaveProperty('a', 1)
    else expect(() => decryptFor(alice, data)).toThrow(stale)
  })

  test('accepts exactly the watermarks within the age, on both sides of now', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: -20_000, max: 20_000 }),
        (watermarkMaxAge, age) => {
          const data = encrypted({ watermark: { appid, timestamp: now - age } })
          let accepted = true
          try {
            decryptFor({ ...alice, watermarkMaxAge }, data)
          } catch {
            accepted = false
          }
          expect(accepted).toBe(Math.abs(age) <= watermarkMaxAge)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['no watermark', {}],
    ['the watermark of another app', { watermark: { appid: 'wx2', timestamp: now } }],
    ['a timestamp in a string', { watermark: { appid, timestamp: String(now) } }],
    ['a timestamp in milliseconds', { watermark: { appid, timestamp: now * 1000 } }],
  ])('refuses data with %s', (_, data) => {
    expect(() => decryptFor(alice, encrypted(data))).toThrow(stale)
  })

  test('refuses data under the key of another user', () => {
    const data = encrypted({ openId: alice.openid, watermark })
    for (let seed = 0; seed < 500; seed++) {
      expect(() => decryptFor({ ...alice, keys: [{ sessionKey: bytesFor(seed) }] }, data)).toThrow(
        stale,
      )
    }
  })

  test('answers everything it does not accept with one status, message and action', () => {
    const answers = new Set(
      [
        encrypted({ openId: 'mallory', watermark }),
        encrypted({ watermark: { appid, timestamp: 0 } }),
        encrypted({ watermark: { appid: 'wx2', timestamp: now } }),
        encrypted({}),
        encrypt('no JSON', sessionKey, iv),
        encrypt('{}', bytesFor('other key'), iv),
      ].map((data) => {
        try {
          decryptFor(alice, data)
          return 'accepted'
        } catch (error) {
          const { code, status, message, action } = error as WxLoginError
          return [code, status, message, action].join(' | ')
        }
      }),
    )
    expect(answers.size).toBe(1)
    expect([...answers][0]).toMatch(/^WX_STALE_KEY \| 409 \|/)
  })

  // The iv is the sender's to choose and reaches the first 16 characters. What that can do: take the openId
  // out of sight (its key renamed), so that the data counts as data that names nobody; it was still encrypted
  // with this user's key. What it cannot do: name another user, or change any other field.
  test('never accepts another openId, whatever the iv', () => {
    jest.setSystemTime(demo.data.watermark.timestamp * 1000)
    const { openId, ...rest } = demo.data
    const expected = {
      appid: demo.appid,
      openid: openId,
      keys: [{ sessionKey: demo.sessionKey }],
      watermarkMaxAge: 60,
    }
    const bytes = Buffer.from(demo.iv, 'base64')
    let accepted = 0
    for (let i = 0; i < 16; i++) {
      for (let change = 1; change < 256; change++) {
        bytes[i]! ^= change
        const data = { encryptedData: demo.encryptedData, iv: bytes.toString('base64') }
        bytes[i]! ^= change
        let found: Record<string, unknown>
        try {
          found = decryptFor(expected, data)
        } catch (error) {
          expect(error).toEqual(stale)
          continue
        }
        accepted++
        expect(found['openId']).toBeUndefined()
        expect(found).toMatchObject(rest)
      }
    }
    expect(accepted).toBeGreaterThan(0)
  })
})

describe('with several keys', () => {
  const [newest, earlier, oldest] = ['newest', 'earlier', 'oldest'].map(bytesFor) as [
    string,
    string,
    string,
  ]
  /** `earlier` was replaced ten seconds ago, `oldest` an hour. */
  const keys = [
    { sessionKey: newest },
    { sessionKey: earlier, replacedAt: (now - 10) * 1000 },
    { sessionKey: oldest, replacedAt: (now - 3600) * 1000 },
  ]
  const expected: Expected = { ...alice, keys }
  const made = (key: string, age = 0, data: object = {}): WxEncryptedData =>
    encrypt(JSON.stringify({ watermark: { appid, timestamp: now - age }, ...data }), key, iv)
  const both = (key: string, data: object, age = 60): WxEncryptedData & WxSignedData => {
    const rawData = JSON.stringify(data)
    return { rawData, signature: sign(rawData, key), ...made(key, age, data) }
  }

  test.each([
    ['the newest', newest, 0],
    ['an earlier one', earlier, 60],
    ['the oldest', oldest, 3600],
  ])('data of %s is accepted', (_, key, age) => {
    expect(decryptFor(expected, made(key, age, { a: 1 }))).toMatchObject({ a: 1 })
    expect(profileOf(expected, made(key, age, { nickName: 'A' }))).toMatchObject({ nickName: 'A' })
    expect(profileOf(expected, both(key, { nickName: 'A' }, age))).toMatchObject({ nickName: 'A' })
    const rawData = '{}'
    expect(isSigned(expected, { rawData, signature: sign(rawData, key) })).toBe(true)
  })

  test('whoever listens is told of each use of an earlier key, and since when it is replaced', () => {
    const ear = listen()
    const rawData = '{}'
    const use = (key: string, age: number): void => {
      decryptFor(expected, made(key, age))
      isSigned(expected, { rawData, signature: sign(rawData, key) })
    }
    use(newest, 0)
    expect(ear.heard).toEqual([])
    use(earlier, 60)
    expect(() => decryptFor(expected, made(bytesFor('other')))).toThrow(stale)
    ear.stop()
    const used = { appid, replacedMs: 10_000 }
    expect(ear.of('key:earlier')).toEqual([used, used])
    expect(ear.heard.length).toBe(2)
  })

  // Two logins whose codes reach us in the wrong order: a code lives five minutes.
  test.each([
    [0, false],
    [3299, false],
    [3300, true],
    [3600, true],
    [3601, false],
  ])('data %d seconds old of a key that was replaced an hour ago counts: %s', (age, accepted) => {
    const data = made(oldest, age, { a: 1 })
    if (accepted) expect(decryptFor(expected, data)).toHaveProperty('a', 1)
    else expect(() => decryptFor(expected, data)).toThrow(stale)
  })

  test('data of a key that is none of them is refused, for the reason that the newest gives', () => {
    const other = bytesFor('other')
    expect(() => decryptFor(expected, made(other))).toThrow(stale)
    expect(() => profileOf(expected, both(other, {}))).toThrow(stale)
    expect(isSigned(expected, { rawData: '{}', signature: sign('{}', other) })).toBe(false)
    const foreign = made(newest, 0, { openId: 'openid-mallory' })
    expect(() => decryptFor(expected, foreign)).toThrow(
      expect.objectContaining({ reason: 'encryptedData: openId of another user' }) as Error,
    )
  })

  test('of none at all everything is refused', () => {
    const nobody = { ...alice, keys: [] }
    expect(() => decryptFor(nobody, made(newest))).toThrow(stale)
    expect(() => profileOf(nobody, both(newest, {}))).toThrow(stale)
    expect(isSigned(nobody, { rawData: '{}', signature: sign('{}', newest) })).toBe(false)
  })

  test('a signature by one key does not vouch for data by another', () => {
    const profile = { nickName: 'A' }
    const mixed = { ...both(newest, profile), ...made(earlier, 60, profile) }
    expect(() => profileOf(expected, mixed)).toThrow(stale)
    expect(() =>
      profileOf(expected, { ...both(earlier, profile), ...made(newest, 60, profile) }),
    ).toThrow(stale)
  })

  test('an error that is not about the key is not tried away', () => {
    const broken = { ...alice, keys: [{ sessionKey: 'no key' }, { sessionKey: earlier }] }
    expect(() => decryptFor(broken, made(earlier, 60))).toThrow(
      expect.objectContaining({ code: 'WX_BAD_REQUEST' }) as Error,
    )
  })

  test('accepted are exactly the keys whose time the watermark fits', () => {
    const key = fc.record({
      seed: fc.nat(4),
      replaced: fc.option(fc.integer({ min: 0, max: 900 })),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 5, selector: ({ seed }) => seed }),
        fc.nat(4),
        fc.integer({ min: -300, max: 1200 }),
        (candidates, seed, age) => {
          const keys = candidates.map((each) => ({
            sessionKey: bytesFor(each.seed),
            ...(each.replaced !== null && { replacedAt: (now - each.replaced) * 1000 }),
          }))
          const used = candidates.find((each) => each.seed === seed)
          let accepted = true
          try {
            decryptFor({ ...alice, keys }, made(bytesFor(seed), age))
          } catch (error) {
            expect(error).toEqual(stale)
            accepted = false
          }
          const inTime = typeof used?.replaced !== 'number' || age >= used.replaced - 300
          expect(accepted).toBe(used !== undefined && inTime)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('profileOf', () => {
  const full = {
    nickName: '小明😀',
    avatarUrl: 'https://wx.qlogo.cn/a/132',
    gender: 1,
    city: 'Guangzhou',
    province: 'Guangdong',
    country: 'CN',
    language: 'zh_CN',
  }

  test('verifies the example of WeChat’s documentation', () => {
    const { rawData, signature, sessionKey: key } = signatureVector
    expect(profileOf({ ...alice, keys: [{ sessionKey: key }] }, { rawData, signature })).toEqual({
      source: 'signed',
      isDefault: false,
      ...(JSON.parse(rawData) as object),
    })
  })

  test('takes signed data, every documented field of it', () => {
    expect(profileOf(alice, signed(full))).toEqual({ source: 'signed', isDefault: false, ...full })
  })

  test('takes encrypted data alone', () => {
    expect(profileOf(alice, encrypted({ ...full, openId: alice.openid, watermark }))).toEqual({
      source: 'encrypted',
      isDefault: false,
      ...full,
    })
  })

  test('takes both where they agree', () => {
    const both = { ...signed(full), ...encrypted({ ...full, watermark }) }
    expect(profileOf(alice, both)).toEqual({ source: 'encrypted', isDefault: false, ...full })
  })

  test('takes both where null and absent are all that differs', () => {
    const both = { ...signed({ city: null, gender: 1 }), ...encrypted({ gender: 1, watermark }) }
    expect(profileOf(alice, both)).toEqual({ source: 'encrypted', isDefault: false, gender: 1 })
  })

  test.each(Object.keys(full))('refuses both where %s differs', (name) => {
    const value = full[name as keyof typeof full]
    const other = typeof value === 'number' ? value + 1 : `${value}x`
    const both = { ...signed(full), ...encrypted({ ...full, [name]: other, watermark }) }
    expect(() => profileOf(alice, both)).toThrow(stale)
  })

  test.each(Object.keys(full))('refuses both where only the signed one has %s', (name) => {
    const { [name as keyof typeof full]: _, ...rest } = full
    const both = { ...signed(full), ...encrypted({ ...rest, watermark }) }
    expect(() => profileOf(alice, both)).toThrow(stale)
  })

  test('refuses both where only one of them is good', () => {
    const good = { ...signed(full), ...encrypted({ ...full, watermark }) }
    const badSignature = { ...good, signature: '0'.repeat(40) }
    const badData = { ...good, ...encrypt(JSON.stringify(full), bytesFor('other'), iv) }
    const otherUser = { ...good, ...encrypted({ ...full, openId: 'mallory', watermark }) }
    for (const data of [badSignature, badData, otherUser]) {
      expect(() => profileOf(alice, data)).toThrow(stale)
    }
  })

  test.each([
    ['of another key', sign(JSON.stringify(full), bytesFor('other'))],
    ['of another text', sign('{}', sessionKey)],
  ])('refuses a signature %s', (_, signature) => {
    expect(() => profileOf(alice, { rawData: JSON.stringify(full), signature })).toThrow(stale)
  })

  test('drops fields WeChat does not document, identities among them', () => {
    const extra = {
      ...full,
      openId: alice.openid,
      unionId: 'u',
      isAdmin: true,
      source: 'form',
      isDefault: true,
      id: 1,
      watermark,
    }
    const found = { source: 'signed', isDefault: false, ...full }
    expect(profileOf(alice, signed(extra))).toStrictEqual(found)
    expect(profileOf(alice, encrypted(extra))).toStrictEqual({ ...found, source: 'encrypted' })
  })

  test.each(['__proto__', '\\u005f_proto__', 'constructor', 'toString'])(
    'lets %s in signed data change nothing',
    (name) => {
      const profile = profileOf(
        alice,
        signed(`{"${name}":{"nickName":"x","isAdmin":1},"gender":2}`),
      )
      expect(Object.entries(profile)).toEqual([
        ['source', 'signed'],
        ['isDefault', false],
        ['gender', 2],
      ])
      expect(Object.getPrototypeOf(profile)).toBe(Object.prototype)
    },
  )

  test.each([
    ['nickName', 5],
    ['nickName', {}],
    ['avatarUrl', ['https://a']],
    ['avatarUrl', true],
    ['gender', '1'],
    ['gender', [1]],
    ['city', 0],
    ['province', false],
    ['country', { toString: 'x' }],
    ['language', []],
  ])('refuses %s of a wrong type: %j', (name, value) => {
    const refused = (origin: string): Error =>
      expect.objectContaining({
        code: 'WX_STALE_KEY',
        reason: expect.stringContaining(`${origin}: ${name} is no `) as string,
      }) as Error
    const wrong = { ...full, [name]: value }
    expect(() => profileOf(alice, signed(wrong))).toThrow(refused('rawData'))
    expect(() => profileOf(alice, encrypted({ ...wrong, watermark }))).toThrow(
      refused('encryptedData'),
    )
  })

  test('counts null as absent', () => {
    const nothing = Object.fromEntries(Object.keys(full).map((name) => [name, null]))
    expect(profileOf(alice, signed(nothing))).toStrictEqual({ source: 'signed', isDefault: false })
  })

  test.each(['', 'x', '{', 'null', '5', '"x"', '[]', '[{"nickName":"x"}]'])(
    'refuses %j as rawData, though it is signed',
    (rawData) => {
      expect(() => profileOf(alice, signed(rawData))).toThrow(stale)
    },
  )

  test('quotes nothing of the data in its errors', () => {
    for (const data of [
      signed('canary'),
      signed({ nickName: { canary: 1 } }),
      encrypted({ gender: 'canary', watermark }),
      { ...signed({ city: 'canary' }), ...encrypted({ watermark }) },
    ]) {
      let error: unknown
      try {
        profileOf(alice, data)
      } catch (thrown) {
        error = thrown
      }
      expect(WxLoginError.is(error)).toBe(true)
      const { message, reason, stack } = error as WxLoginError
      expect(`${message} ${String(reason)} ${String(stack)}`).not.toContain('canary')
    }
  })

  test('only ever makes profiles of documented fields with documented types', () => {
    const fields = { ...full, source: '', isDefault: true }
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(full), 'id', '__proto__'), fc.jsonValue()),
        (data) => {
          let profile: Record<string, unknown>
          try {
            profile = { ...profileOf(alice, signed(data)) }
          } catch (error) {
            expect(error).toEqual(stale)
            return
          }
          for (const [name, value] of Object.entries(profile)) {
            expect(typeof value).toBe(typeof fields[name as keyof typeof fields])
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('toProfile', () => {
  const announced =
    'https://mmbiz.qpic.cn/mmbiz/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg/0'
  const own = 'https://wx.qlogo.cn/mmopen/vi_32/abc/132'

  describe.each(['form', 'signed', 'encrypted'] as const)('of a profile that is %s', (source) => {
    test.each([
      ['the stand-in name', { nickName: '微信用户' }],
      ['the stand-in name with blanks', { nickName: ' 微信用户 ' }],
      ['the grey avatar', { avatarUrl: grey }],
      [
        'the grey avatar from another host',
        { avatarUrl: grey.replace('https://third', 'http://') },
      ],
      ['the grey avatar in another size', { avatarUrl: grey.replace(/132$/, '0') }],
      ['the grey avatar of the announcement', { avatarUrl: announced }],
      [
        'its older address',
        {
          avatarUrl:
            'https://thirdwx.qlogo.cn/mmopen/vi_32/Q3auHgzwzM4k8DCHAHmnibXqT0oRWiauf1ByuicWFvEdMq2P5W6d2Fsww/132',
        },
      ],
      ['both', { nickName: '微信用户', avatarUrl: grey }],
      [
        'both, with the rest of them',
        { nickName: '微信用户', avatarUrl: grey, gender: 0, city: '' },
      ],
    ])('marks %s', (_, found) => {
      expect(toProfile(found, source)).toEqual({ source, isDefault: true, ...found })
    })

    test.each([
      ['a name of the user’s own', { nickName: '小明' }],
      ['a name around the stand-in', { nickName: '微信用户2' }],
      ['a picture of the user’s own', { avatarUrl: own }],
      ['both', { nickName: '小明', avatarUrl: own }],
      ['nothing at all', {}],
      ['an empty name and picture', { nickName: '', avatarUrl: '' }],
    ])('does not mark %s', (_, found) => {
      expect(toProfile(found, source)).toEqual({ source, isDefault: false, ...found })
    })
  })

  test('leaves a stand-in out of a form that has something of the user’s own', () => {
    expect(toProfile({ nickName: '小明', avatarUrl: grey }, 'form')).toStrictEqual({
      source: 'form',
      isDefault: false,
      nickName: '小明',
    })
    expect(toProfile({ nickName: '微信用户', avatarUrl: own }, 'form')).toStrictEqual({
      source: 'form',
      isDefault: false,
      avatarUrl: own,
    })
  })

  test.each(['signed', 'encrypted'] as const)(
    'marks all of a profile that is %s, where WeChat gives both or none',
    (source) => {
      for (const found of [
        { nickName: '小明', avatarUrl: grey },
        { nickName: '微信用户', avatarUrl: own },
      ]) {
        expect(toProfile(found, source)).toEqual({ source, isDefault: true, ...found })
      }
    },
  )
})

describe('phoneOf', () => {
  const number = { phoneNumber: '13580006666', purePhoneNumber: '13580006666', countryCode: '86' }

  test('gives the number, and nothing beside it', () => {
    const data = encrypted({ ...number, isAdmin: true, watermark })
    expect(phoneOf(alice, data)).toStrictEqual(number)
  })

  test('makes a string of the country code', () => {
    expect(phoneOf(alice, encrypted({ ...number, countryCode: 86, watermark }))).toEqual(number)
  })

  test.each([
    ['of a profile', { nickName: 'x', watermark }],
    ['without a watermark', number],
    ['of another app', { ...number, watermark: { appid: 'wx2', timestamp: now } }],
    ['of another user', { ...number, openId: 'mallory', watermark }],
    ['that is old', { ...number, watermark: { appid, timestamp: now - 3601 } }],
    ['with a number that is no text', { ...number, phoneNumber: 13580006666, watermark }],
    ['with a country that is a list', { ...number, countryCode: ['86'], watermark }],
  ])('refuses data %s', (_, data) => {
    expect(() => phoneOf(alice, encrypted(data))).toThrow(stale)
  })

  // The iv reaches the first 16 characters, `{"phoneNumber":"`: a name, and not a digit of the number.
  test('never gives another number, whatever the iv', () => {
    const data = encrypted({ ...number, watermark })
    const bytes = Buffer.from(data.iv, 'base64')
    for (let i = 0; i < 16; i++) {
      for (let change = 1; change < 256; change++) {
        bytes[i]! ^= change
        let found: unknown = number
        try {
          found = phoneOf(alice, { ...data, iv: bytes.toString('base64') })
        } catch (error) {
          expect(error).toEqual(stale)
        }
        bytes[i]! ^= change
        expect(found).toEqual(number)
      }
    }
  })
})
