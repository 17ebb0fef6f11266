/** A secret as it could stand in an URL, in JSON, in a log, in a dump of bytes. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).replaceAll('/', '\\/').slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
  ]
}

/** A session key as WeChat writes it, and its bytes in all forms. */
export function formsOfKey(base64: string): string[] {
  const bytes = Buffer.from(base64, 'base64')
  const hex = bytes.toString('hex')
  return [
    ...formsOf(base64),
    base64.replace(/=+$/, ''),
    hex,
    hex.toUpperCase(),
    bytes.toString('base64url'),
    // util.inspect of a Buffer.
    [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  ]
}
