/** Origin and path of a server, without a slash at the end; null for what is no such address. */
export function readAddress(text: string): string | null {
  const given = text.trim()
  // Who types a host and a port means HTTP.
  const full = /^[a-z]+:\/\//i.test(given) ? given : `http://${given}`
  // Chromium takes a space in a host for %20.
  if (given === '' || /\s/.test(given) || !URL.canParse(full)) return null
  const { protocol, origin, pathname, search, hash, username } = new URL(full)
  const plain = search === '' && hash === '' && username === ''
  return /^https?:$/.test(protocol) && plain ? origin + pathname.replace(/\/+$/, '') : null
}
