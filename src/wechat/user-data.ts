import { events } from '../diagnostics-channels.js'
import type { WxLoginError } from '../errors.js'
import type { UserKey } from '../state-types.js'
import type {
  WxEncryptedData,
  WxIdentity,
  WxPhone,
  WxProfile,
  WxSignedData,
  WxWatermark,
} from '../types.js'
import { isJsonObject } from './json.js'
import { decryptData, isStaleKey, staleKey, verifySignature } from './open-data.js'
import { toPhone } from './phone-number.js'

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

/** Tells who listens that a key was good which is not the newest. */
function noteUsed(appid: string, { replacedAt }: UserKey): void {
  if (replacedAt === undefined) return
  events.keyEarlier.tell(() => ({ appid, replacedMs: Date.now() - replacedAt }))
}

/** Tries the keys from the newest on. @throws what `work` said of the newest, where it takes none of them */
function tryKeys<T>({ appid, keys }: Expected, work: (key: UserKey) => T): T {
  let refusal: WxLoginError | undefined
  for (const key of keys) {
    try {
      const result = work(key)
      noteUsed(appid, key)
      return result
    } catch (error) {
      if (!isStaleKey(error)) throw error
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

/**
 * Decrypts what the phone number button gave. It does not say whose number it is, and nothing signs it.
 *
 * @throws `WX_STALE_KEY`
 */
export function phoneOf(expected: Expected, data: WxEncryptedData): WxPhone {
  const phone = toPhone(decryptFor(expected, data))
  if (!phone) throw staleKey('encryptedData: no phone number')
  return phone
}

/** Whether the signature fits one of the keys. */
export function isSigned(expected: Expected, { rawData, signature }: WxSignedData): boolean {
  const found = expected.keys.find(({ sessionKey }) =>
    verifySignature({ rawData, signature, sessionKey }),
  )
  if (found) noteUsed(expected.appid, found)
  return found !== undefined
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

// The names of the pictures, which WeChat serves from several hosts and in several sizes: what wx.getUserProfile
// gives, what its announcement shows and its example for chooseAvatar starts with, and an older one.
// https://developers.weixin.qq.com/community/develop/doc/00022c683e8a80b29bed2142b56c01
const greyAvatars = [
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg',
  'icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg',
  'Q3auHgzwzM4k8DCHAHmnibXqT0oRWiauf1ByuicWFvEdMq2P5W6d2Fsww',
]

const isDefaultName = (nickName: string): boolean => nickName.trim() === '微信用户'
const isGrey = (avatarUrl: string): boolean => greyAvatars.some((grey) => avatarUrl.includes(grey))

/**
 * Marks WeChat's stand-in for a user who shared nothing: 微信用户 with the grey avatar. WeChat gives both or none; in
 * a form each is on its own, and a stand-in beside something of the user's own is left out.
 */
export function toProfile(found: ProfileFields, source: WxProfile['source']): WxProfile {
  const { nickName, avatarUrl, ...rest } = found
  const name = nickName !== undefined && isDefaultName(nickName)
  const avatar = avatarUrl !== undefined && isGrey(avatarUrl)
  if (source === 'form' && name && avatarUrl !== undefined && !avatar) {
    return { source, isDefault: false, avatarUrl, ...rest }
  }
  if (source === 'form' && avatar && nickName !== undefined && !name) {
    return { source, isDefault: false, nickName, ...rest }
  }
  return { source, isDefault: name || avatar, ...found }
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
