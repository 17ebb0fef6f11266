/** Where the relay is. */
export const relayPath = '/__sandbox/relay/'

/**
 * Where the relay stands for a server; the path of a request is put behind it. Needs no Node.
 *
 * @param target - URL of the server, with the path it is mounted under where it has one
 */
export function relayOf(target: string): string {
  const { origin, pathname } = new URL(target)
  return relayPath + encodeURIComponent(origin) + pathname.replace(/\/$/, '')
}
