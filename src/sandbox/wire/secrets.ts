import { fingerprint, keyOrToken } from '../mask.js'

/** Values that only sound secret by their names. */
const harmless = new Set(
  (
    'errcode errorcode statuscode countrycode areacode langcode zipcode citycode tokentype expiresin ' +
    'tokenexpiresin codeexpiresin passwordless timestamp'
  ).split(' '),
)

/** Values that look random and are no secret: ids, and what the user shows everybody. */
const shownWhole = new Set('appid openid unionid encryptedmsghash rawdata avatarurl'.split(' '))

const secretPart =
  /sessionkey|skey|secret|token|authorization|cookie|passw|pwd|encrypteddata|signature|credential|ticket|apikey|privatekey|idcard|phone|mobile|telephone|(?:^|x)iv$|code$/
const secretWhole = new Set('sign key iv sid auth tel jwt session sessionid'.split(' '))
/** Never even a fingerprint: few enough to be tried one by one. */
const guessable = /secret|passw|pwd|phone|mobile|telephone|^tel$|idcard/

// A number of a mobile phone in China, or any with its country before it.
const phoneNumber =
  /(?<![\d+])(?:(?<![A-Za-z])(?:\+|00)\d{1,3}[- ]?\d{4,14}|(?:86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2})(?!\d)/g
const jwt = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** A random id and its signature: each by itself may happen to look like a word. */
const signed = /[\w-]{16,}\.[\w-]{20,}/g
const urls = /(https?:\/\/[^\s"'<>\\]+)/
const longRun = /[A-Za-z0-9+/_-]{20,}={0,2}/g
const named =
  /(["']?\b(?:session_?key|js_?code|code|secret|(?:access_?|refresh_?)?token|password|phone_?number|signature|encrypted_?data)\b["']?\s*[=:>]\s*(?:<!\[CDATA\[)?["']?)([^"'\s<>&,;\]}]{4,})/gi
/** `WX_STALE_KEY`: what a program calls an error. */
const constant = /^[A-Z][A-Z\d]*(?:_[A-Z\d]+)+$|^E[A-Z]{3,20}$/

/** Values that are looked for wherever else they stand: each costs time for each text. */
const maxKnown = 50

const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  const plain = plainName(name)
  if (harmless.has(plain) || shownWhole.has(plain)) return false
  return secretWhole.has(plain) || secretPart.test(plain)
}

/** Whether a run of characters is one that nobody would write by hand. */
function looksRandom(run: string): boolean {
  if (!/\d/.test(run) || !/[A-Za-z]/.test(run)) return /^[A-Za-z0-9+/]{22}==$/.test(run)
  return (/[a-z]/.test(run) && /[A-Z]/.test(run)) || run.length >= 32
}

/** Hides the values of one message. */
export interface Veil {
  /** A value by its name. The same where nothing had to be hidden. */
  value(name: string, value: unknown, inSecret?: boolean): unknown
  /** Free text: what looks like a secret in it. */
  text(text: string): string
  /** A path, segment by segment. */
  path(path: string): string
}

/**
 * @param secrets - of the apps: hidden wherever they stand, without a fingerprint, as a person may have chosen them
 * @param known - values found secret in this message; what is found is added
 */
export function createVeil(secrets: readonly string[], known: Map<string, string>): Veil {
  const strict = new RegExp(keyOrToken, 'g')

  function hide(name: string, secret: string): string {
    const plain = plainName(name)
    const tellsNothing = secret.length < 16 || /^[\d +-]*$/.test(secret)
    const shown =
      tellsNothing || guessable.test(plain) || secrets.includes(secret)
        ? '***'
        : fingerprint(secret)
    if (secret.length >= 6 && known.size < maxKnown) known.set(secret, shown)
    return shown
  }

  function withoutKnown(text: string): string {
    let result = text
    for (const secret of secrets) result = result.replaceAll(secret, '***')
    for (const [secret, shown] of known) result = result.replaceAll(secret, shown)
    return result
  }

  const plainText = (given: string): string =>
    withoutKnown(given)
      .replace(jwt, fingerprint)
      // Before the shorter ones that may be a part of it.
      .replace(signed, (run) => (run.split('.').some(looksRandom) ? fingerprint(run) : run))
      .replace(longRun, (run) => (looksRandom(run) ? fingerprint(run) : run))
      .replace(strict, fingerprint)
      .replace(named, (whole, before: string, secret: string) =>
        secret.startsWith('***') || constant.test(secret) || /^\d{1,6}$/.test(secret)
          ? whole
          : before + hide('', secret),
      )
      .replace(phoneNumber, '***')

  const path = (given: string): string => given.split('/').map(plainText).join('/')

  // The parts of an address are words of their own: together they would look random.
  const text = (given: string): string =>
    given
      .split(urls)
      .map((part, i) => (i % 2 === 1 ? path(part) : plainText(part)))
      .join('')

  function secretText(name: string, given: string): string {
    if (plainName(name).endsWith('code') && constant.test(given)) return given
    const [, scheme, rest] = /^(Bearer|Basic|Digest|Token) (.+)$/is.exec(given) ?? []
    // The token alone, so that it has the fingerprint it has elsewhere.
    if (scheme !== undefined && rest !== undefined) return `${scheme} ${hide(name, rest)}`
    return hide(name, given)
  }

  return {
    value(name, value, inSecret = false) {
      const plain = plainName(name)
      const harmlessName = harmless.has(plain) || shownWhole.has(plain)
      const secret = isSecretName(name) || (inSecret && !harmlessName)
      if (typeof value === 'number') {
        const digits = String(Math.abs(value))
        if (secret && digits.length > 6) return '***'
        return /^1[3-9]\d{9}$/.test(digits) ? '***' : value
      }
      if (typeof value !== 'string' || value === '') return value
      if (secret) return secretText(name, value)
      return shownWhole.has(plain) ? withoutKnown(value).replace(strict, fingerprint) : text(value)
    },
    text,
    path,
  }
}
