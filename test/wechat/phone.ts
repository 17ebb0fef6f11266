import { createCipheriv, createHash } from 'node:crypto'
import type { WxEncryptedData } from '../../src/types.js'

/** 16 bytes that are the same in every run and different for every seed, as base64: a session key, or an iv. */
export function bytesFor(seed: string | number): string {
  return createHash('md5').update(String(seed)).digest('base64')
}

/** Encrypts as WeChat's phone app does. */
export function encrypt(plain: string | Buffer, sessionKey: string, iv: string): WxEncryptedData {
  const cipher = createCipheriv(
    'aes-128-cbc',
    Buffer.from(sessionKey, 'base64'),
    Buffer.from(iv, 'base64'),
  )
  const bytes = Buffer.concat([cipher.update(plain as string, 'utf8'), cipher.final()])
  return { encryptedData: bytes.toString('base64'), iv }
}

/** Signs as WeChat's phone app does. */
export function sign(rawData: string, sessionKey: string): string {
  return createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex')
}
