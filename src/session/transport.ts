import type { IncomingMessage } from 'node:http'
import type { Settings } from '../settings.js'
import type { TokenCodec } from './token.js'

/** What a request carries: no token, one (good or not), or several that differ. */
export type Presented =
  | { kind: 'none' | 'conflict' }
  | {
      kind: 'token'
      token: string
      /** Null where it is forged, malformed, or of a secret that is gone. */
      sid: string | null
    }

function cookieValues(header: string, name: string): string[] {
  return header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) return []
    const raw = pair.slice(equals + 1).trim()
    if (raw === '') return []
    try {
      return [decodeURIComponent(raw.replace(/^"(.*)"$/, '$1'))]
    } catch {
      return [raw]
    }
  })
}

/** Whether there is a character at that place, and neither a space nor one that a trim might take for one. */
function isPlainAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code > 32 && code < 127
}

/** What follows the scheme in a header value; null where it is of another scheme. */
function afterScheme(value: string, scheme: string): string | null {
  const from = scheme.length + 1
  // As every client of ours sends it: `Bearer <token>` to the letter.
  if (
    from > 1 &&
    value.startsWith(scheme) &&
    value.charCodeAt(from - 1) === 32 &&
    isPlainAt(value, from) &&
    isPlainAt(value, value.length - 1)
  ) {
    return value.slice(from)
  }
  const words = value.trim()
  if (scheme === '') return words === '' ? null : words
  if (words.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) return null
  const rest = words.slice(scheme.length)
  return /^\s+\S/.test(rest) ? rest.trim() : null
}

/**
 * The tokens of one header value. A proxy may have joined several headers with commas, also of other schemes;
 * anything else after a comma makes the whole one token that nobody signed.
 */
function headerTokens(value: string, scheme: string): string[] {
  if (!value.includes(',')) {
    const token = afterScheme(value, scheme)
    return token === null ? [] : [token]
  }
  const parts = value.split(',')
  if (parts.every((part) => part.trim() === '')) return []
  const tokens = parts.map((part) => afterScheme(part, scheme))
  const whole = parts.every((part, i) => tokens[i] !== null || /^\s*[\w-]+\s+\S/.test(part))
  return (whole ? tokens : [afterScheme(value, scheme)]).filter((token) => token !== null)
}

/** Whether a header has this name; most are told by their length. */
const isNamed = (name: string, wanted: string): boolean =>
  name.length === wanted.length && name.toLowerCase() === wanted

/**
 * Finds the token of a request: in the header (RFC 6750 2.1), and in the cookie where cookies are on;
 * never in the URL or the body. Reads `rawHeaders`, because Node keeps only the first of two
 * Authorization headers and the second may be somebody else's.
 */
export function readToken(
  req: IncomingMessage,
  transport: Settings['transport'],
  cookieName: string,
  codec: TokenCodec,
): Presented {
  const { header, scheme, cookie } = transport
  const { rawHeaders } = req
  let token: string | undefined
  let conflict = false
  const take = (found: string): void => {
    conflict ||= token !== undefined && token !== found
    token = found
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    if (isNamed(name, header)) {
      for (const found of headerTokens(value, scheme)) take(found)
    } else if (cookie && isNamed(name, 'cookie')) {
      for (const found of cookieValues(value, cookieName)) take(codec.fromCookie(found) ?? found)
    }
  }
  if (conflict) return { kind: 'conflict' }
  return token === undefined ? { kind: 'none' } : { kind: 'token', token, sid: codec.verify(token) }
}
