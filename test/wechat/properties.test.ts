import { createCipheriv, createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { decryptData, verifySignature, WxLoginError } from '../../src/index.js'
import { errorCodes } from '../../src/errors.js'
import { apiErrcodes, errcodeOf, errorOfReply, tokenErrcodes } from '../../src/wechat/errcodes.js'
import { decryptPush, encryptPush } from '../../src/wechat/message-push.js'

const runs = { numRuns: 1000 }
const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b))
const appid = 'wx1234567890abcdef'

/** As WeChat encrypts, without a word of this package's own code. */
function encrypt(value: object, key: Buffer, iv: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv)
  return Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()])
}

const flipped = (of: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(of)
  copy[Math.floor(bit / 8) % of.length]! ^= 1 << (bit % 8)
  return copy
}

describe('encryptedData', () => {
  const values = fc.dictionary(fc.string(), fc.jsonValue())

  it('never opens to what was encrypted once a bit of it was changed, and all refusals are alike', () => {
    const refusals = new Set<string>()
    fc.assert(
      fc.property(values, bytes, bytes, fc.nat(), (value, key, iv, bit) => {
        const data = { ...value, watermark: { appid, timestamp: 1_700_000_000 } }
        const sealed = encrypt(data, key, iv)
        try {
          const opened = decryptData({
            encryptedData: flipped(sealed, bit).toString('base64'),
            iv: iv.toString('base64'),
            sessionKey: key.toString('base64'),
            appid,
          })
          // Sixteen garbled bytes may still be JSON, and are not the same.
          expect(opened).not.toEqual(JSON.parse(JSON.stringify(data)))
        } catch (error) {
          if (!WxLoginError.is(error)) throw error
          refusals.add(JSON.stringify([error.code, error.status, error.message]))
        }
      }),
      runs,
    )
    expect([...refusals]).toHaveLength(1)
  })

  it('of another key is not opened', () => {
    fc.assert(
      fc.property(values, bytes, bytes, bytes, (value, key, other, iv) => {
        fc.pre(!key.equals(other))
        const data = { ...value, watermark: { appid, timestamp: 1_700_000_000 } }
        expect(() =>
          decryptData({
            encryptedData: encrypt(data, key, iv).toString('base64'),
            iv: iv.toString('base64'),
            sessionKey: other.toString('base64'),
            appid,
          }),
        ).toThrow(WxLoginError)
      }),
      runs,
    )
  })
})

describe('a signature', () => {
  const sign = (rawData: string, key: string): string =>
    createHash('sha1')
      .update(rawData + key)
      .digest('hex')

  it('with any other character in any place is refused', () => {
    const character = fc.constantFrom(...'0123456789abcdefgABCDEF =')
    fc.assert(
      fc.property(fc.string(), bytes, fc.nat(39), character, (rawData, key, at, other) => {
        const sessionKey = key.toString('base64')
        const right = sign(rawData, sessionKey)
        const signature = right.slice(0, at) + other + right.slice(at + 1)
        expect(verifySignature({ rawData, signature: right, sessionKey })).toBe(true)
        // Hex digits in capitals are the same digits.
        expect(outcomeOf(rawData, signature, sessionKey)).toBe(signature.toLowerCase() === right)
      }),
      runs,
    )
  })

  it('of other rawData, or of another key, is refused', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), bytes, bytes, (raw, more, a, b) => {
        fc.pre(!a.equals(b))
        const [key, other] = [a.toString('base64'), b.toString('base64')]
        const signature = sign(raw, key)
        expect(outcomeOf(raw + more, signature, key)).toBe(false)
        expect(outcomeOf(raw, signature, other)).toBe(false)
      }),
      runs,
    )
  })

  /** False too where it is refused with an error: it is no signature at all. */
  function outcomeOf(rawData: string, signature: string, sessionKey: string): boolean {
    try {
      return verifySignature({ rawData, signature, sessionKey })
    } catch (error) {
      if (WxLoginError.is(error)) return false
      throw error
    }
  }
})

describe('a message push', () => {
  it('with a changed bit is not what was encrypted', () => {
    const encodingAESKey = 'a'.repeat(43)
    fc.assert(
      fc.property(fc.string(), bytes, fc.nat(), (message, random, bit) => {
        const sealed = encryptPush({ message, appid }, encodingAESKey, random)
        const changed = flipped(Buffer.from(sealed, 'base64'), bit).toString('base64')
        // The first block is random bytes that nobody reads: only a signature tells of those.
        fc.pre(Math.floor(bit / 8) % Buffer.from(sealed, 'base64').length >= 16)
        expect(decryptPush(changed, encodingAESKey)).not.toEqual({ message, appid })
      }),
      runs,
    )
  })

  it('shorter than its own head opens to nothing', () => {
    const key = Buffer.from(`${'a'.repeat(43)}=`, 'base64')
    fc.assert(
      fc.property(fc.nat(19), (length) => {
        const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
        const padding = 32 - length
        const plain = Buffer.concat([Buffer.alloc(length), Buffer.alloc(padding, padding)])
        const sealed = Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64')
        expect(decryptPush(sealed, 'a'.repeat(43))).toBeNull()
      }),
    )
  })
})

describe('what an errcode of WeChat means', () => {
  const errcode = fc.oneof(
    fc.integer(),
    fc.integer({ min: 40_000, max: 90_000 }),
    fc.constantFrom(-1, 40029, 40163, 40226, 45011, ...Object.keys(apiErrcodes).map(Number)),
  )
  const tables = fc.constantFrom(undefined, apiErrcodes, tokenErrcodes)

  it('is one of our errors, whatever the number, and quotes nothing of the errmsg', () => {
    fc.assert(
      fc.property(errcode, tables, (number, table) => {
        const errmsg = 'canary-0123456789, rid: 1234-5678'
        const error = errorOfReply({ errcode: number, errmsg }, table)
        expect(errorCodes).toContain(error.code)
        expect(error).toMatchObject({ errcode: number, rid: '1234-5678' })
        expect(error.status).toBeGreaterThanOrEqual(400)
        expect(['login', 'retry', 'none']).toContain(error.action)
        expect(error.retryAfter !== undefined).toBe(error.action === 'retry')
        expect(`${JSON.stringify(error)} ${error.message} ${error.reason!}`).not.toContain('canary')
      }),
      runs,
    )
  })

  it('is the same for a number and for its digits in a string', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), (number) => {
        expect(errcodeOf({ errcode: String(number) })).toBe(number)
      }),
      runs,
    )
  })

  it('is 0 for anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        fc.pre(typeof any !== 'number' && !(typeof any === 'string' && /^-?\d{1,6}$/.test(any)))
        expect(errcodeOf({ errcode: any })).toBe(0)
      }),
      runs,
    )
  })
})
