import { observe } from '../diagnostics.js'
import { events } from '../diagnostics-channels.js'
import type { WxSessionEnd } from '../plugin-types.js'
import type { EndChannel, SessionsEnd } from '../state-types.js'
import { publicId } from './record.js'

const sweepEvery = 10_000
const sweepAtOnce = 200
/** News are sent after the end itself; who looks in between must not be faster than they are. */
const newsTime = 200

/** Tells whoever holds something open for a session that the session has ended. */
export interface SessionEnds {
  tell(end: SessionsEnd): void
  /** Calls `listener` once when the session ends; returns a function that forgets it. */
  watch(sid: string, listener: (end: WxSessionEnd) => void): () => void
  close(): void
}

/**
 * News of ended sessions come over the channel at once. News that were lost on the way, and sessions that just
 * expired, are found by asking the store every ten seconds which of the watched sessions are alive.
 */
export function createSessionEnds(
  alive: (sids: string[]) => Promise<boolean[]>,
  channel?: EndChannel,
): SessionEnds {
  type Listener = (end: WxSessionEnd) => void
  const watched = new Map<string, { sid: string; listeners: Set<Listener> }>()
  let fresh: string[] = []
  let timer: NodeJS.Timeout | undefined
  let subscribed: Promise<void> | undefined

  function end(id: string, reason: WxSessionEnd['reason']): void {
    const { listeners = [] } = watched.get(id) ?? {}
    watched.delete(id)
    for (const listener of listeners) observe('onEnd', listener, { sessionId: id, reason })
    rest()
  }

  const hear = ({ ids, reason }: SessionsEnd): void => {
    for (const id of ids) end(id, reason)
  }

  async function sweep(sids: string[]): Promise<void> {
    const gone: string[] = []
    for (let from = 0; from < sids.length; from += sweepAtOnce) {
      const some = sids.slice(from, from + sweepAtOnce)
      const lives = await alive(some)
      gone.push(...some.filter((_, i) => !lives[i]))
    }
    if (gone.length === 0) return
    if (channel) await new Promise((resolve) => setTimeout(resolve, newsTime).unref())
    for (const sid of gone) end(publicId(sid), 'gone')
  }

  function start(): void {
    timer ??= setInterval(() => {
      channel?.check()
      // While the store is away nothing is known to have ended.
      sweep([...watched.values()].map(({ sid }) => sid)).catch(() => undefined)
    }, sweepEvery).unref()
    subscribed ??= channel?.subscribe(hear) ?? Promise.resolve()
  }

  function rest(): void {
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
    if (subscribed) channel?.unsubscribe()
    subscribed = undefined
  }

  /** The session may have ended before the channel was open. */
  function lookOnce(sid: string): void {
    fresh.push(sid)
    if (fresh.length > 1) return
    const look = async (): Promise<void> => {
      await subscribed
      const sids = fresh
      fresh = []
      await sweep(sids)
    }
    look().catch(() => undefined)
  }

  return {
    tell(ended) {
      if (ended.ids.length === 0) return
      hear(ended)
      channel?.publish(ended)
      events.sessionEnded.tell(() => ({ sessionIds: ended.ids, reason: ended.reason }))
    },
    watch(sid, listener) {
      const id = publicId(sid)
      const entry = watched.get(id) ?? { sid, listeners: new Set() }
      // Its own, also where one function listens for two sockets of a session.
      const own: Listener = (end) => listener(end)
      entry.listeners.add(own)
      watched.set(id, entry)
      start()
      lookOnce(sid)
      return () => {
        entry.listeners.delete(own)
        if (entry.listeners.size === 0 && watched.get(id) === entry) watched.delete(id)
        rest()
      }
    },
    close() {
      watched.clear()
      rest()
    },
  }
}
