import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/** Makes the token the phone keeps, and reads it back. */
export interface TokenCodec {
  /** The token of a session id, signed with the first secret. */
  issue(sid: string): string
  /** The session id of a token that one of the secrets signed; null for everything else. */
  verify(token: string): string | null
  /** The value of express-session's cookie that means the same as this token. */
  toCookie(token: string): string
  /** The token in a value of express-session's cookie; null for a value of another shape. */
  fromCookie(value: string): string | null
}

// 24 random bytes (express-session's uid-safe) and an HMAC-SHA256, both base64url: nothing else is looked at.
const shape = /^[\w-]{32}\.[\w-]{43}$/
const cookieShape = /^s:([\w-]{32}\.[A-Za-z0-9+/]{43})$/

/** Tokens whose signature is known to be good: so many, and as many before them, in some 150 bytes each. */
const maxRecent = 50_000

const urlSafe = (s: string): string => s.replaceAll('+', '-').replaceAll('/', '_')

/** `<sid>.<signature>` without dots in the sid: only the signature, after the dot, is base64. */
function standard(token: string): string {
  const dot = token.indexOf('.')
  return token.slice(0, dot) + token.slice(dot).replaceAll('-', '+').replaceAll('_', '/')
}

/**
 * The token is express-session's own signed cookie value (that of `cookie-signature`: an HMAC-SHA256 of the id) with
 * a URL-safe signature, so that it survives headers, query builders and copy-and-paste unchanged.
 */
export function createTokenCodec(secrets: readonly string[]): TokenCodec {
  const keys = secrets.map((secret) => createSecretKey(secret, 'utf8'))
  type Key = (typeof keys)[number]
  const signatureOf = (sid: string, key: Key): string =>
    createHmac('sha256', key).update(sid).digest('base64url')
  let recent = new Set<string>()
  let older = recent

  /** A phone sends its token with every request: it is checked once. */
  function remember(token: string): void {
    if (recent.size >= maxRecent) {
      older = recent
      recent = new Set()
    }
    recent.add(token)
  }

  return {
    issue: (sid) => `${sid}.${signatureOf(sid, keys[0]!)}`,
    verify(token) {
      const sid = token.slice(0, 32)
      if (recent.has(token)) return sid
      if (older.has(token)) {
        remember(token)
        return sid
      }
      if (!shape.test(token)) return null
      // As text: the last digit of base64 has bits to spare, and a token has one spelling only.
      const given = Buffer.from(token.slice(33), 'latin1')
      for (const key of keys) {
        if (timingSafeEqual(given, Buffer.from(signatureOf(sid, key), 'latin1'))) {
          remember(token)
          return sid
        }
      }
      return null
    },
    toCookie: (token) => `s:${standard(token)}`,
    fromCookie(value) {
      const signed = cookieShape.exec(value)?.[1]
      return signed === undefined ? null : signed.slice(0, 32) + urlSafe(signed.slice(32))
    },
  }
}
