import { createDecipheriv, createHash } from 'node:crypto'

/** What becomes of data: itself, or why not. */
export type Verdict = { data: unknown } | { code: string; reason: string }

const bad = (reason: string): Verdict => ({ code: 'WX_BAD_REQUEST', reason })
const stale = (step: string): Verdict => ({
  code: 'WX_STALE_KEY',
  reason: `encryptedData: ${step}`,
})

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 read digit by digit, as its definition says; null where it is none. */
export function plainBase64(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null
  const mended = value.replace(/[ -]/g, '+').replace(/_/g, '/')
  const text = mended.replace(/={1,2}$/, '')
  const padding = mended.length - text.length
  if (text === '' || [...text].some((digit) => !digits.includes(digit))) return null
  if (text.length % 4 === 1 || (padding > 0 && (text.length + padding) % 4 !== 0)) return null
  const bits = [...text].map((digit) => digits.indexOf(digit).toString(2).padStart(6, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
}

const withoutProto = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutProto)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== '__proto__')
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutProto(inner)]))
}

/** {@link decryptData} step by step, with nothing in mind but to be right. */
export function plainDecrypt(d: {
  encryptedData?: unknown
  iv?: unknown
  sessionKey?: unknown
  appid?: string
}): Verdict {
  const [bytes, iv, key] = [d.encryptedData, d.iv, d.sessionKey].map(plainBase64)
  const faults: string[] = []
  if (!bytes || bytes.length === 0 || bytes.length % 16 !== 0) {
    faults.push('encryptedData: must be base64 of whole 16-byte blocks')
  }
  if (iv?.length !== 16) faults.push('iv: must be base64 of 16 bytes')
  if (faults.length > 0) return bad(faults.join('; '))
  if (key?.length !== 16) return bad('sessionKey: must be base64 of 16 bytes.')

  const decipher = createDecipheriv('aes-128-cbc', key, iv!).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes!), decipher.final()])
  const padding = padded.at(-1)!
  if (padding < 1 || padding > 16) return stale('padding')
  if (padded.subarray(-padding).some((byte) => byte !== padding)) return stale('padding')
  const plain = padded.subarray(0, -padding)
  const text = plain.toString('utf8')
  if (!Buffer.from(text).equals(plain)) return stale('encoding')
  let data: unknown
  try {
    data = withoutProto(JSON.parse(text.replace(/^\ufeff/, '')))
  } catch {
    return stale('JSON')
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return stale('no object')
  if (d.appid !== undefined) {
    const mark = (data as { watermark?: { appid?: unknown; timestamp?: unknown } | null }).watermark
    if (typeof mark?.appid !== 'string' || !Number.isSafeInteger(mark.timestamp)) {
      return stale('watermark missing or malformed')
    }
    if (mark.appid !== d.appid) return stale('watermark of another app')
  }
  return { data }
}

/** {@link verifySignature} in the same manner. */
export function plainVerify(d: {
  rawData: string
  signature: string
  sessionKey: string
}): boolean {
  const signed = createHash('sha1')
    .update(Buffer.from(d.rawData + d.sessionKey))
    .digest('hex')
  return d.signature.replace(/[A-F]/g, (c) => c.toLowerCase()) === signed
}
