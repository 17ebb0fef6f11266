import * as fc from 'fast-check'
import { WxLoginError } from '../../src/errors.js'
import { base64, decryptData, openDataFaults, verifySignature } from '../../src/wechat/open-data.js'
import { bytesFor, encrypt, sign } from './phone.js'
import { plainBase64, plainDecrypt, plainVerify, type Verdict } from './plain-open-data.js'

// What the package does fast is compared with the same done step by step.

const appid = 'wx1111111111111111'

function verdict(d: object): Verdict {
  try {
    return { data: decryptData(d as Parameters<typeof decryptData>[0]) }
  } catch (error) {
    if (!WxLoginError.is(error)) throw error
    const { code, reason, message } = error
    return { code, reason: reason ?? message }
  }
}

/** A change of one character, or of how many there are. */
const change = fc.record({
  at: fc.nat(),
  cut: fc.constantFrom(0, 0, 1, 1, 2, 16),
  put: fc.oneof(
    fc.constantFrom(
      '',
      '=',
      '==',
      '+',
      '/',
      '-',
      '_',
      ' ',
      '\n',
      'A',
      '\u0000',
      'é',
      '０',
      'İ',
      'š',
      '\u212a',
      '😀',
    ),
    fc.base64String({ maxLength: 8 }),
  ),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never
const changed = (text: string, { at, cut, put }: Change): string => {
  const place = at % (text.length + 1)
  return text.slice(0, place) + put + text.slice(place + cut)
}
const changes = fc.array(change, { maxLength: 3 })
const apply = (text: string, made: readonly Change[]): string => made.reduce(changed, text)

/** The same bytes, written in another way that is accepted. */
const spelling = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.replace(/=+$/, ''),
  (text) => text.replaceAll('+', ' '),
  (text) => text.replaceAll('+', '-').replaceAll('/', '_'),
)

/** What somebody may have encrypted. */
const plain = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        nickName: fc.string({ unit: 'grapheme' }),
        openId: fc.string(),
        proto: fc.jsonValue(),
        watermark: fc.oneof(
          fc.record({ appid: fc.constantFrom(appid, 'wx2'), timestamp: fc.double() }),
          fc.record({ appid: fc.constantFrom(appid, 'wx2'), timestamp: fc.integer() }),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['watermark'] },
    )
    .chain((data) =>
      fc
        .constantFrom('"proto":', '"__proto__":', '"\\u005f_proto__":')
        .map((name) => JSON.stringify(data).replaceAll('"proto":', name)),
    ),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
)
const keyBytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
const keys = keyBytes.map((bytes) => Buffer.from(bytes).toString('base64'))

describe('base64', () => {
  test('is what its definition says, whatever comes', () => {
    const texts = fc.oneof(
      fc.anything(),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 40 }), spelling, changes)
        .map(([bytes, spell, made]) => apply(spell(Buffer.from(bytes).toString('base64')), made)),
      // Of the length of a key, where another way is taken.
      fc.tuple(keys, spelling, changes).map(([key, spell, made]) => apply(spell(key), made)),
      fc.tuple(keys, change).map(([key, made]) => changed(key, made).padEnd(24, '=').slice(0, 24)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(base64(text)).toEqual(plainBase64(text))
      }),
      { numRuns: 3000 },
    )
  })

  test('has bits in its last digit that mean nothing, in a key as elsewhere', () => {
    for (const text of ['AAAAAAAAAAAAAAAAAAAAAB==', 'AAAAAAAAAAAAAAAAAAAAA/==', 'AB==', 'AAB=']) {
      expect(base64(text)).toEqual(plainBase64(text))
      expect(base64(text)).not.toBeNull()
    }
  })
})

describe('decryptData', () => {
  test('accepts and refuses what the steps one by one do, for the same reason', () => {
    const seen = new Map<string, number>()
    const cases = fc.record({
      plain,
      key: keys,
      iv: keys,
      spell: spelling,
      data: changes,
      ivChange: fc.oneof(fc.constant([]), changes),
      keyChange: fc.oneof(fc.constant([]), changes),
      mark: fc.boolean(),
    })
    fc.assert(
      fc.property(cases, ({ plain, key, iv, spell, data, ivChange, keyChange, mark }) => {
        const sealed = encrypt(plain, key, iv)
        const d = {
          encryptedData: apply(spell(sealed.encryptedData), data),
          iv: apply(spell(iv), ivChange),
          sessionKey: apply(spell(key), keyChange),
          ...(mark && { appid }),
        }
        const expected = plainDecrypt(d)
        expect(verdict(d)).toEqual(expected)
        // What a route refuses before anything is decrypted is what decryptData would.
        const faults = openDataFaults(d).join('; ')
        if (faults !== '') expect(expected).toEqual({ code: 'WX_BAD_REQUEST', reason: faults })
        const kind = 'data' in expected ? 'data' : expected.reason
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }),
      { numRuns: 4000 },
    )
    // Every outcome was among them, so that the sameness means something.
    for (const kind of [
      'data',
      'padding',
      'encoding',
      'JSON',
      'no object',
      'watermark missing or malformed',
      'watermark of another app',
      'sessionKey: must be base64 of 16 bytes.',
      'iv: must be base64 of 16 bytes',
      'encryptedData: must be base64 of whole 16-byte blocks',
    ]) {
      const found = [...seen.keys()].some((reason) => reason.endsWith(kind))
      expect([kind, found]).toEqual([kind, true])
    }
  })

  test('refuses what is no text as the steps one by one do', () => {
    const anything = fc.record(
      { encryptedData: fc.anything(), iv: fc.anything(), sessionKey: fc.anything() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(anything, (d) => {
        expect(verdict(d)).toEqual(plainDecrypt(d))
      }),
      { numRuns: 1000 },
    )
  })
})

test.each<[string, (nothing: never) => unknown, RegExp]>([
  ['verifySignature', verifySignature, /^rawData: must be a string/],
  ['decryptData', decryptData, /^encryptedData: .*; iv: /],
])('%s of nothing says what is missing', (_, read, message) => {
  for (const nothing of [undefined, null]) {
    expect(() => read(nothing as never)).toThrow(
      expect.objectContaining({
        code: 'WX_BAD_REQUEST',
        message: expect.stringMatching(message) as string,
      }),
    )
  }
})

describe('verifySignature', () => {
  test('accepts and refuses what a plain comparison does', () => {
    const seen = { true: 0, false: 0 }
    const rawData = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
    const spell = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => text.replace(/[a-f]/, (digit) => digit.toUpperCase()),
    )
    fc.assert(
      fc.property(rawData, keys, spell, changes, (text, sessionKey, spell, made) => {
        const signature = apply(spell(sign(text, sessionKey)), made)
        const d = { rawData: text, signature, sessionKey }
        const expected = plainVerify(d)
        expect(verifySignature(d)).toBe(expected)
        seen[`${expected}`] += 1
      }),
      { numRuns: 4000 },
    )
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(100)
  })

  test('takes no other character for the digit that its last byte is', () => {
    const sessionKey = bytesFor('key')
    const signature = sign('{}', sessionKey)
    for (let at = 0; at < 40; at++) {
      for (const more of [0x100, 0xff00]) {
        const other = String.fromCharCode(more + signature.charCodeAt(at))
        const changed = signature.slice(0, at) + other + signature.slice(at + 1)
        expect(verifySignature({ rawData: '{}', sessionKey, signature: changed })).toBe(false)
      }
    }
  })

  test('remembers nothing of the call before', () => {
    const sessionKey = bytesFor('key')
    const good = { rawData: '{}', signature: sign('{}', sessionKey), sessionKey }
    for (const signature of ['0'.repeat(40), 'é'.repeat(40), good.signature.slice(1), '']) {
      expect(verifySignature(good)).toBe(true)
      expect(verifySignature({ ...good, signature })).toBe(false)
    }
  })
})
