import * as v from 'valibot'
import type { EndChannel, SessionsEnd } from '../state-types.js'
import type { LiveClient } from './client-kind.js'
import { endCopy } from './copies.js'
import type { RedisLink } from './link.js'

interface Publisher {
  publish(channel: string, message: string): Promise<unknown>
}
interface Subscriber extends LiveClient {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

const news = v.object({
  ids: v.array(v.string()),
  reason: v.picklist(['logout', 'login', 'revoke', 'limit', 'gone']),
})

const retryAfter = 1000

/**
 * {@link EndChannel} over Redis' publish and subscribe, on a connection of its own that exists while somebody
 * listens. Whether it still hears is shown by messages to itself.
 */
export function createRedisEndChannel(link: RedisLink, prefix: string): EndChannel {
  const channel = `${prefix}ended`
  const echo = `${channel}:echo`
  let listener: ((end: SessionsEnd) => void) | undefined
  let subscriber: Subscriber | undefined
  let heard = true

  const publish = (to: string, message: string): void => {
    ;(async () => (link.client as Publisher).publish(to, message))().catch(() => undefined)
  }

  function read(message: string): void {
    try {
      const end = v.safeParse(news, JSON.parse(message))
      if (end.success) listener?.(end.output)
    } catch {
      // Somebody else's message.
    }
  }

  function drop(): void {
    const before = subscriber
    subscriber = undefined
    if (before) endCopy(before)
  }

  async function open(): Promise<void> {
    drop()
    const own = link.listener() as Subscriber | null
    if (!own) return
    subscriber = own
    heard = true
    try {
      await own.connect()
      // Given up meanwhile; a cluster goes on connecting then.
      if (subscriber !== own) {
        endCopy(own)
        return
      }
      await own.subscribe(channel, read)
      await own.subscribe(echo, () => (heard = true))
    } catch (error) {
      if (subscriber === own) heard = false
      throw error
    }
  }

  return {
    publish(end) {
      publish(channel, JSON.stringify(end))
    },
    async subscribe(own) {
      listener = own
      const opened = open()
      // A Redis that is away is no reason to keep anybody waiting: check() tries again.
      const patience = new Promise<void>((resolve) => setTimeout(resolve, retryAfter).unref())
      await Promise.race([opened.catch(() => undefined), patience])
    },
    unsubscribe() {
      listener = undefined
      drop()
    },
    check() {
      if (!link.wanted) {
        drop()
        return
      }
      if (!heard || !subscriber) {
        // It hears only once it has subscribed: what it said to itself now would be lost.
        open().catch(() => undefined)
        return
      }
      heard = false
      publish(echo, '')
    },
  }
}
