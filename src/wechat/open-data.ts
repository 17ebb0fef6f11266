import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto'
import { WxLoginError } from '../errors.js'
import type { WxEncryptedData, WxSignedData, WxWatermark } from '../types.js'
import { isJsonObject } from './json.js'

const badRequest = (message: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message })

/** Right shape, not accepted. The reason is for the operator: outside, every such case is the same. */
export const staleKey = (reason: string): WxLoginError =>
  new WxLoginError('WX_STALE_KEY', { reason })

export const isStaleKey = (error: unknown): error is WxLoginError =>
  WxLoginError.is(error) && error.code === 'WX_STALE_KEY'

/** Bytes of a base64 text; mends what a form or query decoder does to `+`, accepts the URL-safe alphabet. */
export function base64(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null
  const standard = value.replace(/[ -]/g, '+').replaceAll('_', '/')
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/]+)(={0,2})$/.exec(standard) ?? []
  // Node's own decoder drops whatever it cannot use; here that is not base64. Padding may be left out.
  const rest = digits.length % 4
  const wellFormed = rest !== 1 && (padding === '' || rest + padding.length === 4)
  return digits !== '' && wellFormed ? Buffer.from(standard, 'base64') : null
}

function sessionKeyBytes(sessionKey: unknown): Buffer {
  const key = base64(sessionKey)
  if (key?.length !== 16) throw badRequest('sessionKey: must be base64 of 16 bytes.')
  return key
}

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
    const length = base64(d.encryptedData)?.length ?? 0
    if (length === 0 || length % 16 !== 0) {
      faults.push('encryptedData: must be base64 of whole 16-byte blocks')
    }
    if (base64(d.iv)?.length !== 16) faults.push('iv: must be base64 of 16 bytes')
  }
  return faults
}

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
  for (const name of ['rawData', 'signature', 'sessionKey'] as const) {
    if (typeof (d as Partial<typeof d> | undefined)?.[name] !== 'string')
      throw badRequest(`${name}: must be a string.`)
  }
  if (!/^[0-9a-f]{40}$/i.test(d.signature)) return false
  const expected = createHash('sha1').update(d.rawData).update(d.sessionKey).digest()
  return timingSafeEqual(expected, Buffer.from(d.signature, 'hex'))
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** JSON without `__proto__` keys, which would change the prototype of an object it is merged into. */
function parseJson(text: string): unknown {
  return /__proto__|\\u/.test(text)
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
  const faults = openDataFaults({ encryptedData, iv })
  if (faults.length > 0) throw badRequest(faults.join('; '))
  const key = sessionKeyBytes(d.sessionKey)
  const decipher = createDecipheriv('aes-128-cbc', key, base64(d.iv))
  let data: unknown
  let step = 'padding'
  try {
    const bytes = Buffer.concat([decipher.update(base64(d.encryptedData)!), decipher.final()])
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
