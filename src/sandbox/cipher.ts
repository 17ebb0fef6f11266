import { createCipheriv, createHash, createHmac } from 'node:crypto'
import type { WxEncryptedData } from '../types.js'

/** AES-128-CBC with PKCS#7, key and IV in base64. */
export function encrypt(text: string, sessionKey: string, iv: Buffer): WxEncryptedData {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv)
  const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { encryptedData: bytes.toString('base64'), iv: iv.toString('base64') }
}

/** The data without its last block: right in shape, wrong in content. */
export function truncate({ encryptedData, iv }: WxEncryptedData): WxEncryptedData {
  const bytes = Buffer.from(encryptedData, 'base64')
  // One block must stay, or the shape itself is wrong.
  const length = Math.max(16, bytes.length - 16)
  return { encryptedData: bytes.subarray(0, length).toString('base64'), iv }
}

/** Flips a bit of the IV, and with it the same bit of byte 12 of the text: in user info, of the openId. */
export function flipBit({ encryptedData, iv }: WxEncryptedData): WxEncryptedData {
  const bytes = Buffer.from(iv, 'base64')
  bytes[12]! ^= 1
  return { encryptedData, iv: bytes.toString('base64') }
}

/** `sha1(rawData + session_key)` in lower-case hex. */
export const signRawData = (rawData: string, sessionKey: string): string =>
  createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex')

/** The signature of checksession: over nothing, keyed by the base64 text of the key, not by its bytes. */
export const signNothing = (sessionKey: string): string =>
  createHmac('sha256', sessionKey).update('').digest('hex')
