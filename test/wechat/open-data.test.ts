import { createDecipheriv } from 'node:crypto'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { WxLoginError } from '../../src/errors.js'
import {
  decryptData,
  openDataFaults,
  prefersKeyObject,
  verifySignature,
} from '../../src/wechat/open-data.js'
import { decryptionVector as demo, signatureVector } from '../support/vectors.js'
import { bytesFor, encrypt, sign } from './phone.js'

const demoData = { encryptedData: demo.encryptedData, iv: demo.iv }
const key = bytesFor('key')
const iv = bytesFor('iv')
const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

/** What `work` returned, or the WxLoginError it threw; any other error fails the test. */
function outcome<T>(work: () => T): { data: T } | { error: WxLoginError } {
  try {
    return { data: work() }
  } catch (error) {
    if (WxLoginError.is(error)) return { error }
    throw error
  }
}

const decryptDemo = (
  changed: Partial<Parameters<typeof decryptData>[0]>,
): ReturnType<typeof outcome> =>
  outcome(() =>
    decryptData({ ...demoData, sessionKey: demo.sessionKey, appid: demo.appid, ...changed }),
  )

const refused = (result: ReturnType<typeof outcome>): boolean =>
  'error' in result && result.error.code === 'WX_STALE_KEY'

/** Each way to change one byte of these bytes, as base64. */
function* oneByteChanged(base64: string, changes: Iterable<number>): Generator<string> {
  const bytes = bytesOf(base64)
  for (const change of changes) {
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= change
      yield bytes.toString('base64')
      bytes[i]! ^= change
    }
  }
}
const everyChange = Array.from({ length: 255 }, (_, i) => i + 1)
const everyBit = Array.from({ length: 8 }, (_, i) => 1 << i)

describe('verifySignature', () => {
  const { rawData, sessionKey, signature } = signatureVector

  test('accepts the example of WeChat’s documentation', () => {
    expect(verifySignature({ rawData, sessionKey, signature })).toBe(true)
  })

  test('accepts upper-case hex', () => {
    expect(verifySignature({ rawData, sessionKey, signature: signature.toUpperCase() })).toBe(true)
  })

  test('accepts what WeChat signs, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, seed) =>
        verifySignature({
          rawData: text,
          sessionKey: bytesFor(seed),
          signature: sign(text, bytesFor(seed)),
        }),
      ),
      { numRuns: 1000 },
    )
  })

  test('hashes the text byte for byte: the same JSON written otherwise does not fit', () => {
    const text = '{"nickName":"\\u6731 \\/ 😀","gender":1}'
    const signed = { signature: sign(text, key), sessionKey: key }
    expect(verifySignature({ ...signed, rawData: text })).toBe(true)
    for (const rawData of [
      JSON.stringify(JSON.parse(text)),
      text.replace('\\/', '/'),
      text.replace('\\u6731', '朱'),
      text.replace(':1', ': 1'),
      `${text}\n`,
      ` ${text}`,
      `\ufeff${text}`,
      '{"gender":1,"nickName":"\\u6731 \\/ 😀"}',
    ]) {
      expect([rawData, verifySignature({ ...signed, rawData })]).toEqual([rawData, false])
    }
  })

  test('tells composed from decomposed characters', () => {
    const [composed, decomposed] = ['é'.normalize('NFC'), 'é'.normalize('NFD')]
    const signed = { signature: sign(composed, key), sessionKey: key }
    expect(verifySignature({ ...signed, rawData: composed })).toBe(true)
    expect(verifySignature({ ...signed, rawData: decomposed })).toBe(false)
  })

  test('refuses every change of one character of the text, the signature or the key', () => {
    const change = (text: string, at: number): string =>
      text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1)
    const good = { rawData, sessionKey, signature }
    for (const name of ['rawData', 'sessionKey', 'signature'] as const) {
      for (let at = 0; at < good[name].length; at++) {
        expect([name, at, verifySignature({ ...good, [name]: change(good[name], at) })]).toEqual([
          name,
          at,
          false,
        ])
      }
    }
  })

  test('uses the key as its base64 text, not as its bytes', () => {
    const signature = sign(rawData, bytesOf(key).toString('latin1'))
    expect(verifySignature({ rawData, sessionKey: key, signature })).toBe(false)
  })

  test.each([
    ['empty', ''],
    ['one digit short', signature.slice(1)],
    ['one digit long', `${signature}0`],
    ['no hex', `${signature.slice(1)}g`],
    ['hex with a trailing line feed', `${signature}\n`],
    ['hex with a space in front', ` ${signature}`],
    ['base64 of the same hash', Buffer.from(signature, 'hex').toString('base64')],
    ['full-width digits', '０'.repeat(40)],
  ])('answers false, without throwing, to a signature that is %s', (_, other) => {
    expect(verifySignature({ rawData, sessionKey, signature: other })).toBe(false)
  })

  test.each(['rawData', 'signature', 'sessionKey'])('says that %s must be a string', (name) => {
    for (const value of [undefined, null, 5, ['a'], { length: 40 }, Buffer.alloc(40)]) {
      const result = outcome(() =>
        verifySignature({ rawData, sessionKey, signature, [name]: value as string }),
      )
      expect(result).toMatchObject({
        error: { code: 'WX_BAD_REQUEST', status: 400, message: `${name}: must be a string.` },
      })
    }
  })
})

describe('decryptData', () => {
  test('decrypts the demo of WeChat’s WXBizDataCrypt', () => {
    expect(
      decryptData({ ...demoData, sessionKey: demo.sessionKey, appid: demo.appid }),
    ).toStrictEqual(demo.data)
  })

  test.each([
    ['20.20.2', 'bytes'],
    ['24.17.0', 'bytes'],
    ['24.18.0', 'a KeyObject'],
    ['24.21.0', 'a KeyObject'],
    ['24.22.1', 'bytes'],
    ['26.0.0', 'bytes'],
    ['26.1.0', 'a KeyObject'],
    ['26.8.2', 'a KeyObject'],
    ['26.9.0', 'bytes'],
  ])('on Node %s is faster with the key as %s', (node, form) => {
    expect(prefersKeyObject(node)).toBe(form === 'a KeyObject')
  })

  test('decrypts without an appid, and then asks for no watermark', () => {
    const { encryptedData } = encrypt('{"a":1}', key, iv)
    expect(decryptData({ encryptedData, iv, sessionKey: key })).toEqual({ a: 1 })
  })

  test('gives back every JSON object without its __proto__: emoji, escapes, control characters, depth', () => {
    const objects = fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
      fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
    )
    const withoutProto = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(withoutProto)
      if (typeof value !== 'object' || value === null) return value
      const kept = Object.entries(value).filter(([name]) => name !== '__proto__')
      return Object.fromEntries(kept.map(([name, inner]) => [name, withoutProto(inner)]))
    }
    fc.assert(
      fc.property(objects, fc.nat(), (object, seed) => {
        const text = JSON.stringify(object)
        const sessionKey = bytesFor(seed)
        const data = decryptData({
          ...encrypt(text, sessionKey, bytesFor(`iv ${seed}`)),
          sessionKey,
        })
        expect(JSON.stringify(data)).toBe(JSON.stringify(withoutProto(JSON.parse(text))))
      }),
      { numRuns: 400 },
    )
  })

  test('keeps fields it does not know', () => {
    const text = '{"steps":[{"timestamp":1,"step":2}],"new":{"of":"next year"}}'
    expect(decryptData({ ...encrypt(text, key, iv), sessionKey: key })).toEqual(JSON.parse(text))
  })

  describe('data that was tampered with', () => {
    // Deterministic: the key, the iv and the data are fixed, so are the outcomes.
    test('refuses every change of one byte of the demo’s ciphertext', () => {
      const accepted = [...oneByteChanged(demo.encryptedData, [...everyBit, 0x55, 0xff])].filter(
        (encryptedData) => !refused(decryptDemo({ encryptedData })),
      )
      expect(accepted).toEqual([])
    })

    test('refuses every change of one byte of the key', () => {
      const accepted = [...oneByteChanged(demo.sessionKey, everyChange)].filter(
        (sessionKey) => !refused(decryptDemo({ sessionKey })),
      )
      expect(accepted).toEqual([])
    })

    test('refuses ciphertext with blocks cut off, swapped, repeated or put in front', () => {
      const bytes = bytesOf(demo.encryptedData)
      const blocks = Array.from({ length: bytes.length / 16 }, (_, i) =>
        bytes.subarray(16 * i, 16 * i + 16),
      )
      const variants = blocks.flatMap((block, i) => [
        blocks.slice(0, i),
        blocks.slice(i + 1),
        blocks.toSpliced(i, 1),
        blocks.toSpliced(i, 0, block),
        blocks.toSpliced(i, 2, ...blocks.slice(i, i + 2).reverse()),
        [block, ...blocks],
      ])
      const accepted = variants.filter((variant) => {
        const encryptedData = Buffer.concat(variant).toString('base64')
        if (encryptedData === '' || encryptedData === demo.encryptedData) return false
        return !refused(decryptDemo({ encryptedData }))
      })
      expect(accepted).toEqual([])
    })

    // CBC without a MAC: flipping a bit of the iv flips the same bit of the first 16 bytes of the plain
    // text and nothing else. That much can be changed without the key, and no more; whose data it is
    // has to be compared with the session (decryptFor), as it cannot be told from the data alone.
    test('lets a changed iv reach the first sixteen characters and nothing after them', () => {
      const beyond = JSON.stringify(demo.data).slice(
        16,
        JSON.stringify(demo.data).indexOf('","nick'),
      )
      let accepted = 0
      for (const changed of oneByteChanged(demo.iv, everyChange)) {
        const result = decryptDemo({ iv: changed })
        if (refused(result)) continue
        accepted++
        const [[name, value], ...rest] = Object.entries((result as { data: object }).data) as [
          [string, unknown],
          ...[string, unknown][],
        ]
        expect(rest).toEqual(Object.entries(demo.data).slice(1))
        expect([name, value, String(value).endsWith(beyond)]).toEqual([name, value, true])
      }
      // The attack is real: this is not the place that stops it.
      expect(accepted).toBeGreaterThan(0)
    })

    // The block before the one that is aimed at becomes sixteen bytes that nobody chooses. Read loosely
    // they are text in one of ten attempts; strictly, sixteen random bytes are UTF-8 without quotes,
    // backslashes and control characters in 2.5 of a million. That is the bound, and it is not zero.
    test('makes injecting a field by flipping a block hopeless (strict UTF-8)', () => {
      const wanted = Buffer.from('","isVip":1,"":"')
      const profile = {
        openId: demo.data.openId,
        nickName: 'A'.repeat(64),
        watermark: { timestamp: 1477314187, appid: demo.appid },
      }
      const plain = Buffer.from(JSON.stringify(profile))
      // A block that lies, like the one before it, wholly inside the nickname.
      const target = 16 * (Math.ceil(plain.indexOf('AAAA') / 16) + 1)
      let naive = 0
      const accepted: unknown[] = []
      for (let attempt = 0; attempt < 4000; attempt++) {
        const sessionKey = bytesFor(`block ${attempt}`)
        const data = encrypt(plain, sessionKey, iv)
        const bytes = bytesOf(data.encryptedData)
        for (let i = 0; i < 16; i++) bytes[target - 16 + i]! ^= plain[target + i]! ^ wanted[i]!

        const decipher = createDecipheriv('aes-128-cbc', bytesOf(sessionKey), bytesOf(iv))
        const loose = Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8')
        try {
          if ((JSON.parse(loose) as { isVip?: unknown }).isVip === 1) naive++
        } catch {
          // This attempt would not have worked anywhere.
        }

        const forged = {
          encryptedData: bytes.toString('base64'),
          iv,
          sessionKey,
          appid: demo.appid,
        }
        const result = outcome(() => decryptData(forged))
        if (!refused(result)) accepted.push(result)
      }
      // What a reader with replacement characters would have taken: the attempts were real ones.
      expect(naive).toBeGreaterThan(200)
      expect(accepted.length).toBeLessThan(naive / 200)
    })

    test('answers every wrong key with one code, status, message and action', () => {
      const answers = new Set<string>()
      const reasons = new Set<string | undefined>()
      for (let seed = 0; seed < 4000; seed++) {
        const result = decryptDemo({ sessionKey: bytesFor(seed) })
        if (!('error' in result)) throw new Error(`the key of seed ${seed} was accepted`)
        const { code, status, message, action, reason, cause } = result.error
        expect(cause).toBeUndefined()
        answers.add([code, status, message, action].join(' | '))
        reasons.add(reason)
      }
      expect([...answers]).toEqual([
        'WX_STALE_KEY | 409 | The data does not fit the current session key. Log in again and take new data. | login',
      ])
      // Both faces of a wrong key were among them, so that the sameness above means something.
      expect(reasons).toEqual(new Set(['encryptedData: padding', 'encryptedData: encoding']))
    })

    test('puts no decrypted text and no key into the error', () => {
      for (const plain of [
        'canary',
        '{"openId":"canary"',
        '"canary"',
        '["canary"]',
        '{"canary":1}',
      ]) {
        const result = outcome(() =>
          decryptData({ ...encrypt(plain, key, iv), sessionKey: key, appid: demo.appid }),
        )
        if (!('error' in result)) throw new Error(`${plain} was accepted`)
        const shown = inspect(result.error, { depth: Infinity, showHidden: true })
        expect(shown).not.toContain('canary')
        expect(shown).not.toContain(key)
        expect(JSON.stringify(result.error)).not.toContain('canary')
      }
    })
  })

  describe('what was encrypted', () => {
    const of = (plain: string | Buffer, appid?: string): ReturnType<typeof outcome> =>
      outcome(() =>
        decryptData({
          ...encrypt(plain, key, iv),
          sessionKey: key,
          ...(appid !== undefined && { appid }),
        }),
      )

    test.each([
      ['nothing', ''],
      ['no JSON', 'hello'],
      ['half an object', '{"a":1'],
      ['null', 'null'],
      ['a number', '5'],
      ['a string', '"x"'],
      ['true', 'true'],
      ['a list', '[{"openId":"x"}]'],
      ['bytes that are no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
      ['a UTF-8 encoded surrogate', Buffer.from('7b2261223a22eda080227d', 'hex')],
      ['an overlong UTF-8 sequence', Buffer.from('7b2261223a22c0a2227d', 'hex')],
      ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
      ['brackets without end', `{"\\u0061":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ])('refuses %s like a wrong key', (_, plain) => {
      expect(of(plain)).toMatchObject({ error: { code: 'WX_STALE_KEY', status: 409 } })
    })

    test.each([
      ['missing', {}],
      ['null', { watermark: null }],
      ['a string', { watermark: demo.appid }],
      ['a list', { watermark: [demo.appid, 1] }],
      ['without appid', { watermark: { timestamp: 1 } }],
      ['without timestamp', { watermark: { appid: demo.appid } }],
      ['with a list as appid', { watermark: { appid: [demo.appid], timestamp: 1 } }],
      ['with a numeric string as timestamp', { watermark: { appid: demo.appid, timestamp: '1' } }],
      ['with a fraction as timestamp', { watermark: { appid: demo.appid, timestamp: 1.5 } }],
      ['with null as timestamp', { watermark: { appid: demo.appid, timestamp: null } }],
      [
        'with an endless timestamp',
        '{"watermark":{"appid":"wx4f4bc4dec97d474b","timestamp":1e999}}',
      ],
      ['of another app', { watermark: { appid: 'wx0000000000000000', timestamp: 1 } }],
      ['of the app in capitals', { watermark: { appid: demo.appid.toUpperCase(), timestamp: 1 } }],
      ['of the app with a space', { watermark: { appid: `${demo.appid} `, timestamp: 1 } }],
    ])('refuses a watermark that is %s', (_, data) => {
      expect(of(typeof data === 'string' ? data : JSON.stringify(data), demo.appid)).toMatchObject({
        error: { code: 'WX_STALE_KEY', status: 409 },
      })
    })

    test.each([
      '{"__proto__":{"isAdmin":true},"a":1}',
      '{"\\u005f_proto__":{"isAdmin":true},"a":1}',
      '{"__pr\\u006ft\\u006F__":{"isAdmin":true},"a":1}',
      '{"\\u005f\\u005f\\u0070\\u0072\\u006f\\u0074\\u006f\\u005f\\u005f":{"isAdmin":true},"a":1}',
      '{"__proto__":null,"__proto__":{"isAdmin":true},"a":1}',
    ])('leaves out the prototype in %s', (plain) => {
      const { data } = of(plain) as { data: object }
      expect(Object.keys(data)).toEqual(['a'])
      expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
      expect(Object.assign({}, data)).not.toHaveProperty('isAdmin')
      expect({}).not.toHaveProperty('isAdmin')
    })

    test('leaves out prototypes at every depth, in lists too', () => {
      const { data } = of(
        '{"a":{"b":[{"__proto__":{"x":1},"c":[[{"\\u005f_proto__":[1],"d":2}]]}]},"__proto__x":3}',
      ) as { data: object }
      expect(JSON.stringify(data)).toBe('{"a":{"b":[{"c":[[{"d":2}]]}]},"__proto__x":3}')
    })
  })

  describe('wrong shapes', () => {
    const good = { ...demoData, sessionKey: demo.sessionKey as string }
    const shown = (d: unknown): { code: string; message: string } => {
      const result = outcome(() => decryptData(d as typeof good))
      if (!('error' in result)) throw new Error('accepted')
      return { code: result.error.code, message: result.error.message }
    }
    const odd = [
      undefined,
      null,
      5,
      true,
      '',
      ' ',
      '====',
      [demo.iv],
      {},
      { type: 'Buffer', data: [0] },
      Buffer.alloc(16),
      'not base64!',
      `${demo.iv}\n`,
      `${demo.iv.slice(0, 12)}\u0000${demo.iv.slice(12)}`,
      `=${demo.iv}`,
      'é'.repeat(22),
    ]

    test.each([
      ['encryptedData', 'encryptedData: must be base64 of whole 16-byte blocks'],
      ['iv', 'iv: must be base64 of 16 bytes'],
      ['sessionKey', 'sessionKey: must be base64 of 16 bytes.'],
    ])('of %s are bad requests that name it', (name, message) => {
      for (const value of odd) {
        expect([value, shown({ ...good, [name]: value })]).toEqual([
          value,
          { code: 'WX_BAD_REQUEST', message },
        ])
      }
    })

    test('of both are named at once', () => {
      expect(shown({ ...good, iv: 1, encryptedData: {} }).message).toBe(
        'encryptedData: must be base64 of whole 16-byte blocks; iv: must be base64 of 16 bytes',
      )
    })

    test.each([0, 1, 12, 15, 17, 24, 32])(
      'an iv or a key of %d bytes is no iv and no key',
      (length) => {
        const other = Buffer.alloc(length, 7).toString('base64')
        expect(shown({ ...good, iv: other }).code).toBe('WX_BAD_REQUEST')
        expect(shown({ ...good, sessionKey: other }).code).toBe('WX_BAD_REQUEST')
      },
    )

    test('ciphertext that is no whole number of blocks is refused before it is decrypted', () => {
      const bytes = bytesOf(demo.encryptedData)
      for (let cut = 1; cut < 16; cut++) {
        const encryptedData = bytes.subarray(0, -cut).toString('base64')
        expect([cut, shown({ ...good, encryptedData }).code]).toEqual([cut, 'WX_BAD_REQUEST'])
      }
    })

    test('base64 of a length that no bytes have is refused', () => {
      // 64 characters are 48 bytes; Node drops the 65th, which encodes nothing.
      const encryptedData = Buffer.alloc(48, 7).toString('base64')
      expect(encryptedData).toHaveLength(64)
      for (const junk of ['A', 'A=', 'A==', '=', '==']) {
        expect([junk, shown({ ...good, encryptedData: encryptedData + junk }).code]).toEqual([
          junk,
          'WX_BAD_REQUEST',
        ])
      }
    })
  })

  describe('ways in which base64 arrives', () => {
    const plus = Array.from({ length: 1000 }, (_, seed) => bytesFor(seed))
    const pick = (pattern: RegExp): string => plus.find((text) => pattern.test(text))!
    const sessionKey = pick(/\+.*\//)
    const { encryptedData } = encrypt(JSON.stringify(demo.data), sessionKey, pick(/\/.*\+/))
    const good = { encryptedData, iv: pick(/\/.*\+/), sessionKey, appid: demo.appid }

    test.each<[string, (text: string) => string]>([
      ['with spaces where a form decoder ate the pluses', (text) => text.replaceAll('+', ' ')],
      ['in the URL-safe alphabet', (text) => text.replaceAll('+', '-').replaceAll('/', '_')],
      ['without padding', (text) => text.replace(/=+$/, '')],
      ['URL-safe and without padding', (text) => Buffer.from(text, 'base64').toString('base64url')],
    ])('accepts it %s', (_, change) => {
      expect(encryptedData).toMatch(/\+/)
      expect(encryptedData).toMatch(/\//)
      const changed = {
        ...good,
        encryptedData: change(encryptedData),
        iv: change(good.iv),
        sessionKey: change(sessionKey),
      }
      expect(changed.iv).not.toBe(good.iv)
      expect(decryptData(changed)).toStrictEqual(demo.data)
    })
  })
})

describe('openDataFaults', () => {
  const good = {
    rawData: '{}',
    signature: '0'.repeat(40),
    encryptedData: demo.encryptedData,
    iv: demo.iv,
  }

  test('finds nothing in signed data, encrypted data, both, or none', () => {
    const { rawData, signature, encryptedData } = good
    for (const data of [
      {},
      good,
      { rawData, signature },
      { encryptedData, iv: good.iv },
      { rawData: undefined, signature: undefined, encryptedData: undefined, iv: undefined },
    ]) {
      expect(openDataFaults(data)).toEqual([])
    }
  })

  test('names every field that is missing beside its partner', () => {
    expect(openDataFaults({ rawData: '{}' })).toEqual(['signature: must be 40 hex digits'])
    expect(openDataFaults({ signature: good.signature })).toEqual([
      'rawData: must be the text as wx gave it, not an object',
    ])
    expect(openDataFaults({ iv: good.iv })).toEqual([
      'encryptedData: must be base64 of whole 16-byte blocks',
    ])
    expect(openDataFaults({ encryptedData: good.encryptedData })).toEqual([
      'iv: must be base64 of 16 bytes',
    ])
  })

  test.each([
    ['shorter', 'a'.repeat(39)],
    ['longer', 'a'.repeat(41)],
    ['with something in front', `x${'a'.repeat(40)}`],
    ['with something behind', `${'a'.repeat(40)} `],
    ['a list of one', ['a'.repeat(40)]],
  ])('names a signature that is no 40 hex digits: %s', (_, signature) => {
    expect(openDataFaults({ ...good, signature })).toEqual(['signature: must be 40 hex digits'])
  })

  test('names all four at once', () => {
    for (const value of [null, 5, [], {}, '']) {
      const faults = openDataFaults({
        rawData: value,
        signature: value,
        encryptedData: value,
        iv: value,
      })
      expect(faults.map((fault) => fault.split(':')[0])).toEqual([
        'rawData',
        'signature',
        'encryptedData',
        'iv',
      ])
    }
  })

  test('takes anything without throwing', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            rawData: fc.anything(),
            signature: fc.anything(),
            encryptedData: fc.anything(),
            iv: fc.anything(),
          },
          { requiredKeys: [] },
        ),
        (data) => Array.isArray(openDataFaults(data)),
      ),
      { numRuns: 1000 },
    )
  })

  test('finds every single-bit change of good ciphertext in good shape, so that only the key decides', () => {
    for (const encryptedData of oneByteChanged(demo.encryptedData, everyBit)) {
      expect(openDataFaults({ encryptedData, iv: demo.iv })).toEqual([])
    }
  })
})
