import { createHash } from 'node:crypto'

const shownFields = new Set(
  (
    'appid grant_type openid sig_method force_refresh encrypted_msg_hash errcode errmsg unionid ' +
    'expires_in vaild create_time'
  ).split(' '),
)

/** What the sandbox itself makes and nobody else should see: codes, access tokens, session keys. */
export const keyOrToken: RegExp = /0sbx[A-Za-z0-9]{28}|sandbox_[\w-]{60}|[A-Za-z0-9+/]{22}==/
const maxFields = 20
const maxLength = 200

/** Hides what the journal must not say: shows only fields known to be harmless, and those only while they look so. */
export interface Mask {
  text(value: string): string
  /** Of a query or a body. */
  fields(fields: Iterable<[string, unknown]>): Record<string, unknown>
  /** Of an answer of the sandbox itself: a phone number it made up is nobody's. */
  reply(fields: object): Record<string, unknown>
}

/**
 * Enough to see whether two values are the same, as `keyId` in a login's reply does: not enough to
 * guess a random value.
 */
export const fingerprint = (value: string): string => `***#${shortHash(value)}`

/** The fingerprint itself: first 8 hex of sha256, as `keyId` of a login. */
export const shortHash = (value: string | Uint8Array): string =>
  createHash('sha256').update(value).digest('hex').slice(0, 8)

export function createMask(secrets: readonly string[]): Mask {
  const telling = (value: string): boolean =>
    keyOrToken.test(value) || secrets.some((secret) => value.includes(secret))

  const text = (value: string): string => (telling(value) ? '***' : value.slice(0, maxLength))

  function field(name: string, value: unknown): unknown {
    if (!shownFields.has(name)) {
      if (typeof value !== 'string') return '***'
      if (value === '') return ''
      // An app's secret may be a person's own and short: not even a hash of it.
      return /secret/i.test(name) || secrets.includes(value) ? '***' : fingerprint(value)
    }
    if (typeof value === 'string') {
      const isHash = /^[0-9a-f]{64}$/.test(value)
      return isHash && name !== 'encrypted_msg_hash' ? fingerprint(value) : text(value)
    }
    return typeof value === 'object' && value !== null ? '***' : value
  }

  const fields: Mask['fields'] = (given) =>
    Object.fromEntries(
      [...given].slice(0, maxFields).map(([name, value]) => [text(name), field(name, value)]),
    )

  return {
    text,
    fields,
    reply: (given) => ({
      ...fields(Object.entries(given)),
      ...('phone_info' in given && { phone_info: given.phone_info }),
    }),
  }
}
