import type { WxEncryptedData, WxIdentity, WxProfile, WxSignedData, WxWatermark } from '../types.js'
import { isJsonObject } from './json.js'
import { decryptData, staleKey, verifySignature } from './open-data.js'

/** Whose data it must be, and how old it may be. */
export interface Expected extends WxIdentity {
  sessionKey: string
  /** Oldest (and, for clocks that differ, newest) watermark accepted, in seconds. */
  watermarkMaxAge: number
}

/** Signed data, encrypted data, or both, of the right shape. */
export type OpenData = Partial<WxSignedData & WxEncryptedData>

/**
 * Decrypts data and checks that it is of this app, this user (where it says whose it is; newer data does
 * not) and this hour.
 *
 * @throws `WX_STALE_KEY`
 */
export function decryptFor<T>(
  expected: Expected,
  { encryptedData, iv }: WxEncryptedData,
): T & { watermark: WxWatermark } {
  const data = decryptData<{ openId?: unknown; watermark: WxWatermark }>({
    encryptedData,
    iv,
    sessionKey: expected.sessionKey,
    appid: expected.appid,
  })
  const age = Date.now() / 1000 - data.watermark.timestamp
  if (Math.abs(age) > expected.watermarkMaxAge) throw staleKey('encryptedData: watermark too old')
  if (data.openId !== undefined && data.openId !== expected.openid) {
    throw staleKey('encryptedData: openId of another user')
  }
  return data as unknown as T & { watermark: WxWatermark }
}

const fields = {
  nickName: 'string',
  avatarUrl: 'string',
  gender: 'number',
  city: 'string',
  province: 'string',
  country: 'string',
  language: 'string',
} as const

type ProfileFields = Omit<WxProfile, 'source' | 'isDefault'>

/** WeChat's documented fields, each of its documented type; anything else is dropped. */
function documented(data: Record<string, unknown>, origin: string): ProfileFields {
  const found: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(fields)) {
    const value = data[name]
    if (value === undefined || value === null) continue
    if (typeof value !== type) throw staleKey(`${origin}: ${name} is no ${type}`)
    found[name] = value
  }
  return found
}

function parseRawData(rawData: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(rawData)
    if (isJsonObject(data)) return data
  } catch {
    // Told below like any other rawData that is no JSON object.
  }
  throw staleKey('rawData: no JSON object')
}

/** The pictures WeChat hands out for users who shared none. */
const greyAvatars = [
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg',
  'Q3auHgzwzM4k8DCHAHmnibXqT0oRWiauf1ByuicWFvEdMq2P5W6d2Fsww',
]

/** Marks WeChat's stand-in for a user who shared nothing: 微信用户 with the grey avatar. */
export function toProfile(found: ProfileFields, source: WxProfile['source']): WxProfile {
  const { nickName, avatarUrl } = found
  const isDefault =
    nickName === '微信用户' || greyAvatars.some((grey) => avatarUrl?.includes(grey) ?? false)
  return { source, isDefault, ...found }
}

/**
 * Verifies open data of the right shape and makes a profile of it. Where `rawData` and `encryptedData`
 * both come, they must say the same.
 *
 * @throws `WX_STALE_KEY` where any of it is not accepted
 */
export function profileOf(expected: Expected, d: OpenData): WxProfile {
  const { rawData, signature, encryptedData, iv } = d
  let signed: ProfileFields | undefined
  if (rawData !== undefined && signature !== undefined) {
    if (!verifySignature({ rawData, signature, sessionKey: expected.sessionKey })) {
      throw staleKey('rawData: signature')
    }
    signed = documented(parseRawData(rawData), 'rawData')
  }
  if (encryptedData === undefined || iv === undefined) return toProfile(signed ?? {}, 'signed')
  const decrypted = documented(decryptFor(expected, { encryptedData, iv }), 'encryptedData')
  for (const [name, value] of Object.entries(signed ?? {})) {
    if (decrypted[name as keyof ProfileFields] !== value) {
      throw staleKey(`rawData and encryptedData: ${name} differs`)
    }
  }
  return toProfile(decrypted, 'encrypted')
}
