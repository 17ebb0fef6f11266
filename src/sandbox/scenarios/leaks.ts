import { SANDBOX_SECRET } from '../apps.js'
import { fingerprint } from './sha256.js'

const secretField = /"(?:session_?key|app_?secret)"\s*:/i
const keyLike = /[A-Za-z0-9+/]{22}==/g
const urlKeyLike = /(?<![\w-])[\w-]{22}(?![\w-])/g
const tokenPart = /[\w-]{16,}/g

/** What a part of a token says where it is base64url, as in a JWT: signed is not encrypted. */
function decoded(part: string): string {
  try {
    return atob(part.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return ''
  }
}

/** The 16-byte values in a text, in base64 as WeChat writes keys. */
function candidates(text: string): string[] {
  const urlStyle = (text.match(urlKeyLike) ?? []).map(
    (found) => `${found.replaceAll('-', '+').replaceAll('_', '/')}==`,
  )
  return [...(text.match(keyLike) ?? []), ...urlStyle]
}

/** What must not leave a login backend, of a reply. */
export type Leak = 'session_key' | 'AppSecret'

/**
 * Looks for a session key or the sandbox' AppSecret in all that a reply says, also inside a JWT.
 *
 * @param text - header values and body
 * @param keyIds - fingerprints of the session keys there were
 */
export function leaksIn(text: string, keyIds: ReadonlySet<string>): Leak[] {
  const unescaped = text.replaceAll('\\/', '/')
  const inside = (unescaped.match(tokenPart) ?? []).map(decoded)
  const all = [unescaped, ...inside].join('\n')
  const hasKey =
    secretField.test(all) || candidates(all).some((found) => keyIds.has(fingerprint(found)))
  return [
    ...(hasKey ? (['session_key'] as const) : []),
    ...(all.includes(SANDBOX_SECRET) ? (['AppSecret'] as const) : []),
  ]
}
