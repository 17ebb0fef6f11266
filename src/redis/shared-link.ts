import type { LiveClient } from './client-kind.js'
import { createRedisLink, type RedisLink } from './link.js'

const links = new WeakMap<object, { link: RedisLink; users: number }>()

/**
 * The link of a client, one for all who use the client: it is listened to, asked and replaced once. Closed for each
 * user by itself, and in truth with the last.
 */
export function shareRedisLink(given: LiveClient, timeout: number): RedisLink {
  const shared = links.get(given) ?? { link: createRedisLink(given, timeout), users: 0 }
  links.set(given, shared)
  shared.users++
  let open = true
  return Object.create(shared.link, {
    listener: { value: () => (open ? shared.link.listener() : null) },
    close: {
      value() {
        if (!open) return
        open = false
        shared.users--
        if (shared.users > 0) return
        links.delete(given)
        shared.link.close()
      },
    },
  }) as RedisLink
}
