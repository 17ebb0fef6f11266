import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto'

/** Bytes of padding come in blocks twice as long as those of AES. */
const paddingBlock = 32
const randomLength = 16
const headLength = randomLength + 4

/**
 * WeChat's signature of its pushes: `sha1` over the texts, sorted and joined, in hex. Of a URL or a plain message the
 * texts are token, timestamp and nonce; of an encrypted message also the text of `Encrypt`.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
 */
export const signPush = (...texts: string[]): string =>
  createHash('sha1')
    .update([...texts].sort().join(''))
    .digest('hex')

/** Whether `signature` is WeChat's for these texts; compares in constant time. */
export function isPushSignature(signature: string, ...texts: string[]): boolean {
  // In capitals it would be the same signature under another name.
  if (!/^[0-9a-f]{40}$/.test(signature)) return false
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(signPush(...texts), 'hex'))
}

/** A message and the app it is for, as they stand together under the encryption. */
export interface SealedPush {
  message: string
  appid: string
}

function keyOf(encodingAESKey: string): { key: Buffer; iv: Buffer } {
  const key = Buffer.from(`${encodingAESKey}=`, 'base64')
  return { key, iv: key.subarray(0, 16) }
}

/**
 * Encrypts a message as WeChat does: AES-256-CBC over 16 random bytes, the length, the message, the appid.
 *
 * @param random - the 16 bytes that make two equal messages look different
 * @returns the text of `Encrypt`: base64
 */
export function encryptPush(
  { message, appid }: SealedPush,
  encodingAESKey: string,
  random: Buffer,
): string {
  const text = Buffer.from(message)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const plain = Buffer.concat([random, length, text, Buffer.from(appid)])
  const missing = paddingBlock - (plain.length % paddingBlock)
  const { key, iv } = keyOf(encodingAESKey)
  const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const padded = Buffer.concat([plain, Buffer.alloc(missing, missing)])
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Decrypts the text of `Encrypt`. Check the signature over it first: the encryption itself proves nothing.
 *
 * @returns null where it was not made with this key
 */
export function decryptPush(encrypted: string, encodingAESKey: string): SealedPush | null {
  const bytes = Buffer.from(encrypted, 'base64')
  if (bytes.length === 0 || bytes.length % 16 !== 0) return null
  const { key, iv } = keyOf(encodingAESKey)
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()])
  const padding = padded.at(-1)!
  if (padding < 1 || padding > paddingBlock || padding > padded.length) return null
  if (padded.subarray(-padding).some((byte) => byte !== padding)) return null
  const plain = padded.subarray(0, -padding)
  if (plain.length < headLength) return null
  const end = headLength + plain.readUInt32BE(randomLength)
  if (end > plain.length) return null
  try {
    return {
      message: utf8.decode(plain.subarray(headLength, end)),
      appid: utf8.decode(plain.subarray(end)),
    }
  } catch {
    return null
  }
}
