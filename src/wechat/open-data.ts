import {
  createDecipheriv,
  createSecretKey,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { WxLoginError } from '../errors.js'
import type { WxEncryptedData, WxSignedData, WxWatermark } from '../types.js'
import { isJsonObject } from './json.js'

const badRequest = (message: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message })

/** Right shape, not accepted. The reason is for the operator: outside, every such case is the same. */
export const staleKey = (reason: string): WxLoginError =>
  new WxLoginError('WX_STALE_KEY', { reason })

/** Whether data was refused as {@link staleKey} says it: another key may still fit. */
export const isStaleKey = (error: unknown): error is WxLoginError =>
  WxLoginError.is(error) && error.code === 'WX_STALE_KEY'

const sixteenBytes = /^[A-Za-z0-9+/]{22}==$/

/** Bytes of a base64 text; mends what a form or query decoder does to `+`, accepts the URL-safe alphabet. */
export function base64(value: unknown): Buffer | null {
  if (typeof value !== 'string' || value === '') return null
  const bytes = Buffer.from(value, 'base64')
  // What comes as WeChat made it needs no mending: a key or an iv is told by its form, the rest by coming out as it
  // went in, which is four times as fast as to look at each character.
  if (value.length === 24 ? sixteenBytes.test(value) : bytes.toString('base64') === value) {
    return bytes
  }
  const standard = value.replace(/[ -]/g, '+').replaceAll('_', '/')
  // Node's own decoder drops whatever it cannot use; here that is not base64. Padding may be left out.
  const match = /^([A-Za-z0-9+/]+)(={0,2})$/.exec(standard)
  if (match === null) return null
  const [, digits, padding] = match as unknown as [string, string, string]
  const rest = digits.length % 4
  const wellFormed = rest !== 1 && (padding === '' || rest + padding.length === 4)
  return wellFormed ? Buffer.from(standard, 'base64') : null
}

/**
 * Whether this Node decrypts faster with a KeyObject. Node 24.18 to 24.21 and 26.1 to 26.8 throw and catch two errors of
 * their own for every key that is bytes, which costs three times as much as all the rest of a decryption. In all others
 * making a KeyObject costs a third more than bytes.
 */
export function prefersKeyObject(node: string): boolean {
  const [major, minor] = node.split('.').map(Number) as [number, number]
  return (major === 24 && minor >= 18 && minor <= 21) || (major === 26 && minor >= 1 && minor <= 8)
}

const asKeyObject = prefersKeyObject(process.versions.node)

function sessionKeyOf(sessionKey: unknown): Buffer | KeyObject {
  const key = base64(sessionKey)
  if (key?.length !== 16) throw badRequest('sessionKey: must be base64 of 16 bytes.')
  return asKeyObject ? createSecretKey(key) : key
}

const isBlocks = (bytes: Buffer | null): bytes is Buffer =>
  bytes !== null && bytes.length % 16 === 0
const isIv = (bytes: Buffer | null): bytes is Buffer => bytes?.length === 16

/** The fields of open data that are not of the right shape, each with what it must be. */
export function openDataFaults(
  d: Partial<Record<keyof (WxSignedData & WxEncryptedData), unknown>>,
): string[] {
  const faults: string[] = []
  const signed = d.rawData !== undefined || d.signature !== undefined
  if (signed && (typeof d.rawData !== 'string' || d.rawData === '')) {
    faults.push('rawData: must be the text as wx gave it, not an object')
  }
  if (signed && (typeof d.signature !== 'string' || !/^[0-9a-f]{40}$/i.test(d.signature))) {
    faults.push('signature: must be 40 hex digits')
  }
  if (d.encryptedData !== undefined || d.iv !== undefined) {
    if (!isBlocks(base64(d.encryptedData))) {
      faults.push('encryptedData: must be base64 of whole 16-byte blocks')
    }
    if (!isIv(base64(d.iv))) faults.push('iv: must be base64 of 16 bytes')
  }
  return faults
}

// Used again for each comparison: making them costs a fifth of it.
const expectedHex = Buffer.alloc(40)
const givenHex = Buffer.alloc(40)

/**
 * Whether `signature` is `sha1(rawData + session_key)` in hex, compared in constant time. `rawData` must be
 * the text the phone sent, byte for byte: parsed and serialised again it has another signature.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 *
 * @returns false also where `signature` is no 40 hex digits
 * @throws {@link WxLoginError} `WX_BAD_REQUEST` where a field is no string
 * @example
 * ```ts
 * if (!verifySignature({ rawData, signature, sessionKey })) throw new Error('not from WeChat')
 * ```
 */
export function verifySignature(d: WxSignedData & { sessionKey: string }): boolean {
  const { rawData, signature, sessionKey } = (d ?? {}) as Partial<typeof d>
  if (typeof rawData !== 'string') throw badRequest('rawData: must be a string.')
  if (typeof signature !== 'string') throw badRequest('signature: must be a string.')
  if (typeof sessionKey !== 'string') throw badRequest('sessionKey: must be a string.')
  // In UTF-8: no other character may pass for a hex digit because a byte of it does.
  if (signature.length !== 40 || givenHex.write(signature.toLowerCase(), 'utf8') !== 40)
    return false
  expectedHex.write(hash('sha1', rawData + sessionKey), 'latin1')
  return timingSafeEqual(expectedHex, givenHex)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** JSON without `__proto__` keys, which would change the prototype of an object it is merged into. */
function parseJson(text: string): unknown {
  return text.includes('__proto__') || text.includes('\\u')
    ? JSON.parse(text, function (this: unknown, key, value: unknown) {
        return key === '__proto__' ? undefined : value
      })
    : JSON.parse(text)
}

function isWatermark(value: unknown): value is WxWatermark {
  const { appid, timestamp } = (value ?? {}) as Partial<Record<keyof WxWatermark, unknown>>
  return typeof appid === 'string' && Number.isSafeInteger(timestamp)
}

/**
 * Decrypts `encryptedData` (AES-128-CBC, PKCS#7) with the session key. The bytes must be strict UTF-8 and a
 * JSON object: looser reading lets somebody without the key inject fields by flipping bits.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 *
 * @param d.appid - where given, the watermark must be there and name this app
 * @returns the data, `watermark` included; WeChat may add fields, so read only those you know
 * @throws {@link WxLoginError} `WX_STALE_KEY` for every failure of data of the right shape (wrong key, padding,
 *   encoding, JSON, watermark: not told apart); `WX_BAD_REQUEST` for a wrong shape
 * @example
 * ```ts
 * const run = decryptData<{ stepInfoList: { timestamp: number; step: number }[] }>({
 *   encryptedData, iv, sessionKey, appid,
 * })
 * ```
 */
export function decryptData<T = Record<string, unknown>>(
  d: WxEncryptedData & { sessionKey: string; appid?: string | undefined },
): T {
  const { encryptedData = '', iv = '' } = (d ?? {}) as Partial<typeof d>
  const ciphertext = base64(encryptedData)
  const start = base64(iv)
  if (!isBlocks(ciphertext) || !isIv(start)) {
    throw badRequest(openDataFaults({ encryptedData, iv }).join('; '))
  }
  const decipher = createDecipheriv('aes-128-cbc', sessionKeyOf(d.sessionKey), start)
  let data: unknown
  let step = 'padding'
  try {
    const bytes = Buffer.concat([decipher.update(ciphertext), decipher.final()])
    step = 'encoding'
    const text = utf8.decode(bytes)
    step = 'JSON'
    data = parseJson(text)
  } catch {
    throw staleKey(`encryptedData: ${step}`)
  }
  if (!isJsonObject(data)) throw staleKey('encryptedData: no object')
  if (d.appid !== undefined) {
    const { watermark } = data
    if (!isWatermark(watermark)) throw staleKey('encryptedData: watermark missing or malformed')
    if (watermark.appid !== d.appid) throw staleKey('encryptedData: watermark of another app')
  }
  return data as T
}
