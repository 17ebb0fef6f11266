import type { RedisLink } from '../../src/redis/link.js'

/** A link that stays with one client, whatever happens: for tests of what lies on top of links. */
export function linkTo(client: unknown): RedisLink {
  return {
    kind: 'client',
    client,
    wanted: true,
    ready: () => true,
    trouble: () => undefined,
    listener: () => null,
    close: () => undefined,
  }
}
