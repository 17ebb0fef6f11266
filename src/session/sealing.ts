import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import type { WxIdentity } from '../types.js'

/** Seals session keys for the store and opens them again. */
export interface Sealer {
  /** The session key as it may be stored: `v1.` and base64url of iv, ciphertext and tag. */
  seal(sessionKey: string, user: WxIdentity): string
  /** The session key, or null where it was sealed for another user or with a secret that is gone. */
  open(sealed: string, user: WxIdentity): string | null
}

const version = 'v1.'
const ivLength = 12
const tagLength = 16

/**
 * AES-256-GCM under a key derived (HKDF, RFC 5869) from each secret. The first secret seals,
 * all of them open, so that a secret can be rotated; the identity is authenticated with it,
 * so that a sealed key cannot be moved to another user's record.
 */
export function createSealer(secrets: readonly string[]): Sealer {
  // As objects: Node 24 spends more on the bytes of a key than on the sealing.
  const keys = secrets.map((secret) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'express-wx-login', 'session_key', 32))),
  )
  const aad = (user: WxIdentity): Buffer => Buffer.from(`${user.appid}|${user.openid}`)
  return {
    seal(sessionKey, user) {
      const iv = randomBytes(ivLength)
      const cipher = createCipheriv('aes-256-gcm', keys[0]!, iv).setAAD(aad(user))
      const sealed = [iv, cipher.update(sessionKey), cipher.final(), cipher.getAuthTag()]
      return version + Buffer.concat(sealed).toString('base64url')
    },
    open(sealed, user) {
      if (!sealed.startsWith(version)) return null
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url')
      if (bytes.length <= ivLength + tagLength) return null
      for (const key of keys) {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivLength))
        decipher.setAAD(aad(user)).setAuthTag(bytes.subarray(-tagLength))
        try {
          return (
            decipher.update(bytes.subarray(ivLength, -tagLength), undefined, 'utf8') +
            decipher.final('utf8')
          )
        } catch {
          // Sealed with another secret, or for another user.
        }
      }
      return null
    },
  }
}
