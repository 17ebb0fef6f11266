import { WxLoginError } from '../errors.js'
import type {
  UserKey,
  WxEncryptedData,
  WxIdentity,
  WxProfile,
  WxSignedData,
  WxWatermark,
} from '../types.js'
import { isJsonObject } from './json.js'
import { decryptData, staleKey, verifySignature } from './open-data.js'

/** How long WeChat's codes live, in ms: so much later than a newer one an earlier key can still be exchanged. */
const codeLifetime = 300_000

/** Whose data it must be, and how old it may be. */
export interface Expected extends WxIdentity {
  /** The keys it may be made with, newest first. */
  keys: readonly UserKey[]
  /** Oldest (and, for clocks that differ, newest) watermark accepted, in seconds. */
  watermarkMaxAge: number
}

/** Signed data, encrypted data, or both, of the right shape. */
export type OpenData = Partial<WxSignedData & WxEncryptedData>

/** Tries the keys from the newest on. @throws what `work` said of the newest, where it takes none of them */
function tryKeys<T>({ keys }: Expected, work: (key: UserKey) => T): T {
  let refusal: WxLoginError | undefined
  for (const key of keys) {
    try {
      return work(key)
    } catch (error) {
      if (!(WxLoginError.is(error) && error.code === 'WX_STALE_KEY')) throw error
      refusal ??= error
    }
  }
  throw refusal ?? staleKey('no session key of this user can be opened')
}

function decryptWith<T>(
  { sessionKey, replacedAt = Infinity }: UserKey,
  expected: Expected,
  { encryptedData, iv }: WxEncryptedData,
): T & { watermark: WxWatermark } {
  const data = decryptData<{ openId?: unknown; watermark: WxWatermark }>({
    encryptedData,
    iv,
    sessionKey,
    appid: expected.appid,
  })
  const { timestamp } = data.watermark
  const age = Date.now() / 1000 - timestamp
  if (Math.abs(age) > expected.watermarkMaxAge) throw staleKey('encryptedData: watermark too old')
  if (timestamp * 1000 > replacedAt + codeLifetime) {
    throw staleKey('encryptedData: made after its key was replaced')
  }
  if (data.openId !== undefined && data.openId !== expected.openid) {
    throw staleKey('encryptedData: openId of another user')
  }
  return data as unknown as T & { watermark: WxWatermark }
}

/**
 * Decrypts data and checks that it is of this app, this user (where it says whose it is; newer data does
 * not) and this hour.
 *
 * @throws `WX_STALE_KEY`
 */
export function decryptFor<T>(
  expected: Expected,
  data: WxEncryptedData,
): T & { watermark: WxWatermark } {
  return tryKeys(expected, (key) => decryptWith(key, expected, data))
}

/** Whether the signature fits one of the keys. */
export function isSigned(expected: Expected, { rawData, signature }: WxSignedData): boolean {
  return expected.keys.some(({ sessionKey }) => verifySignature({ rawData, signature, sessionKey }))
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
  return tryKeys(expected, (key) => profileWith(key, expected, d))
}

function profileWith(key: UserKey, expected: Expected, d: OpenData): WxProfile {
  const { rawData, signature, encryptedData, iv } = d
  let signed: ProfileFields | undefined
  if (rawData !== undefined && signature !== undefined) {
    if (!verifySignature({ rawData, signature, sessionKey: key.sessionKey })) {
      throw staleKey('rawData: signature')
    }
    signed = documented(parseRawData(rawData), 'rawData')
  }
  if (encryptedData === undefined || iv === undefined) return toProfile(signed ?? {}, 'signed')
  const decrypted = documented(decryptWith(key, expected, { encryptedData, iv }), 'encryptedData')
  for (const [name, value] of Object.entries(signed ?? {})) {
    if (decrypted[name as keyof ProfileFields] !== value) {
      throw staleKey(`rawData and encryptedData: ${name} differs`)
    }
  }
  return toProfile(decrypted, 'encrypted')
}
