import { createHash } from 'node:crypto'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { WxLoginError } from '../errors.js'
import type { WxCodeSession, WxUser } from '../types.js'

// Posts of one code that were sent at the same time arrive one after the other: a code is used when none has come
// for this long. WeChat itself takes longer, so that only a fake one is ever waited for.
const quietFor = 3
const maxWaits = 20
const keepFor = 60_000
const maxFlights = 10_000
const maxRefusals = 20

/** What all posts of one code share. */
export interface Flight {
  /** The one exchange of this code. */
  readonly session: Promise<WxCodeSession>
  /** The user of this code: `save` runs once however many posts share it, and again only after it failed. */
  user(save: () => Promise<WxUser>): Promise<WxUser>
  /**
   * Tries data on the session key of this code.
   *
   * @throws what `work` throws; `WX_RATE_LIMITED` after twenty refusals
   */
  attempt<T>(work: () => Promise<T>): Promise<T>
  /** A session was made: later posts of this code are refused. Posts of the same moment still get in. */
  used(): Promise<void>
}

interface Entry {
  session: Promise<WxCodeSession>
  user: Promise<WxUser> | undefined
  usedAt: number | undefined
  /** Open data that was not accepted with this code. */
  refused: number
  /** When the last post of the code came. */
  joinedAt: number
  since: number
}

/** The codes of the last minute. */
export interface CodeFlights {
  /**
   * Joins the exchange of this code, or starts it.
   *
   * @param arrivedAt - when the request came in: one that came before the code had made a session
   *   counts as simultaneous and gets its own session
   * @throws {@link WxLoginError} `WX_CODE_USED`
   */
  join(
    app: { appid: string; code: string },
    arrivedAt: number,
    exchange: () => Promise<WxCodeSession>,
  ): Flight
}

/**
 * Sees to it that a single-use code is exchanged once: posts at the same time share one exchange, and a
 * code whose exchange succeeded but whose login did not can be posted again within a minute.
 * In process memory, bounded, under a hash of the code.
 */
export function createCodeFlights(now: () => number = () => performance.now()): CodeFlights {
  const entries = new Map<string, Entry>()

  function forgetOld(): void {
    for (const [key, entry] of entries) {
      if (entry.since + keepFor > now() && entries.size <= maxFlights) return
      entries.delete(key)
    }
  }

  return {
    join({ appid, code }, arrivedAt, exchange) {
      forgetOld()
      const key = createHash('sha256').update(`${appid}\n${code}`).digest('base64')
      let entry = entries.get(key)
      if (entry?.usedAt !== undefined && arrivedAt > entry.usedAt) {
        throw new WxLoginError('WX_CODE_USED', { reason: 'this code has made a session here' })
      }
      if (!entry) {
        const started = exchange()
        const fresh: Entry = {
          session: started,
          user: undefined,
          usedAt: undefined,
          refused: 0,
          since: now(),
          joinedAt: 0,
        }
        entry = fresh
        entries.set(key, fresh)
        // A failed exchange is WeChat's answer to this post only; the next one asks WeChat.
        started.catch(() => {
          if (entries.get(key) === fresh) entries.delete(key)
        })
      }
      const own = entry
      own.joinedAt = now()
      return {
        session: own.session,
        user(save) {
          own.user ??= save().catch((error: unknown) => {
            own.user = undefined
            throw error
          })
          return own.user
        },
        async attempt(work) {
          if (own.refused >= maxRefusals) {
            throw new WxLoginError('WX_RATE_LIMITED', {
              reason: 'too much data refused on one code',
            })
          }
          try {
            return await work()
          } catch (error) {
            if (WxLoginError.is(error) && error.code === 'WX_STALE_KEY') own.refused += 1
            throw error
          }
        },
        async used() {
          for (let waits = 0; waits < maxWaits; waits++) {
            // A busy process may not have looked at its sockets for longer than that.
            await turn()
            await turn()
            const left = own.joinedAt + quietFor - now()
            if (left <= 0) break
            await delay(left)
          }
          own.usedAt ??= now()
        },
      }
    },
  }
}
