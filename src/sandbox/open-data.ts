import type { WxEncryptedData } from '../types.js'
import type { Apps } from './apps.js'
import { encrypt, flipBit, truncate } from './cipher.js'
import { SandboxError } from './sandbox-error.js'
import { createCounter, type Seeds } from './seed.js'
import type { SessionKeys } from './session-keys.js'
import type { SandboxClock } from './types.js'
import type { SandboxDataOptions } from './user-types.js'

/** Makes a phone's encrypted data. */
export interface OpenData {
  /** The key to sign and encrypt with: the phone's current one, unless the options say otherwise. */
  key(name: string, appid: string, options: SandboxDataOptions): string
  encrypt(name: string, data: object, options: SandboxDataOptions): WxEncryptedData
}

export function createOpenData(
  seeds: Seeds,
  clock: SandboxClock,
  apps: Apps,
  keys: SessionKeys,
): OpenData {
  const count = createCounter()

  function watermark(appid: string, options: SandboxDataOptions): object {
    if (options.watermark === false) return {}
    const shownAppid = options.variant === 'bad-watermark' ? 'wx00000000another' : appid
    const timestamp = Math.floor(clock.now() / 1000)
    return { watermark: { timestamp, appid: shownAppid, ...options.watermark } }
  }

  function key(name: string, appid: string, options: SandboxDataOptions): string {
    const { sessionKey, variant } = options
    if (sessionKey !== undefined && !/^[A-Za-z0-9+/]{22}==$/.test(sessionKey)) {
      throw new SandboxError('SANDBOX_BAD_REQUEST', 'sessionKey: must be base64 of 16 bytes')
    }
    if (sessionKey !== undefined) return sessionKey
    return variant === 'wrong-key'
      ? seeds.secret('wrong key', appid, name).subarray(0, 16).toString('base64')
      : keys.current(name, appid)
  }

  return {
    key,
    encrypt(name, data, options) {
      const appid = apps.pick(options.appid)
      const iv = seeds.secret('iv', appid, name, count(`${appid} ${name}`)).subarray(0, 16)
      const own = 'watermark' in data ? {} : watermark(appid, options)
      const text = JSON.stringify({ ...data, ...own })
      const encrypted = encrypt(text, key(name, appid, options), iv)
      if (options.variant === 'truncated') return truncate(encrypted)
      return options.variant === 'bit-flipped' ? flipBit(encrypted) : encrypted
    },
  }
}
