import { setTimeout as delay } from 'node:timers/promises'
import { WxLoginError } from '../errors.js'
import { nextTurn } from '../turn.js'
import type { WxCodeSession, WxUser } from '../types.js'
import { createLastMinute, createOnlyOnce } from './last-minute.js'
import { isStaleKey } from './open-data.js'

// Posts of one code that were sent at the same time arrive one after the other: a code is used when none has come
// for this long. WeChat itself takes longer, so that only a fake one is ever waited for.
const quietFor = 3
const maxWaits = 20
const maxRefusals = 20

/** What all posts of one code share. */
export interface Flight {
  /** The one exchange of this code. */
  readonly session: Promise<WxCodeSession>
  /** The user of this code: `save` runs once however many posts share it, and again only after it failed. */
  user(save: () => Promise<WxUser>): Promise<WxUser>
  /** When the exchange began, Unix ms: of two keys that come back late, it tells the newer one. */
  readonly startedAt: number
  /**
   * Tries data on the session key of this code, and where that is not the one on those that `others` looks up.
   * Refused data counts once, and from when `others` begins: attempts at the same time count too.
   *
   * @throws what `others` throws; `WX_RATE_LIMITED` after twenty refusals
   */
  attempt<T>(own: () => T, others: () => Promise<T>): Promise<T>
  /** A session was made: later posts of this code are refused. Posts of the same moment still get in. */
  used(): Promise<void>
}

interface Entry {
  readonly call: Promise<WxCodeSession>
  readonly startedAt: number
  readonly user: Flight['user']
  /** Infinity until it has made a session. */
  usedAt: number
  /** Open data that was not accepted with this code. */
  refused: number
  /** When the last post of the code came. */
  joinedAt: number
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
  /** Whether this is a code that `wx.login` gave: it was exchanged here in the last minute. */
  knows(app: { appid: string; code: string }): boolean
}

/**
 * Sees to it that a single-use code is exchanged once: posts at the same time share one exchange, and a
 * code whose exchange succeeded but whose login did not can be posted again within a minute.
 * In process memory, bounded, under a hash of the code.
 */
export function createCodeFlights(now: () => number = () => performance.now()): CodeFlights {
  const flights = createLastMinute<Entry>(now)

  return {
    knows: ({ appid, code }) => flights.has([appid, code]),

    join({ appid, code }, arrivedAt, exchange) {
      const own = flights.join([appid, code], () => ({
        startedAt: Date.now(),
        call: exchange(),
        user: createOnlyOnce(),
        usedAt: Infinity,
        refused: 0,
        joinedAt: 0,
      }))
      if (arrivedAt > own.usedAt) {
        throw new WxLoginError('WX_CODE_USED', { reason: 'this code has made a session here' })
      }
      own.joinedAt = now()
      return {
        session: own.call,
        startedAt: own.startedAt,
        user: own.user,
        async attempt(withOwn, others) {
          if (own.refused >= maxRefusals) {
            throw new WxLoginError('WX_RATE_LIMITED', {
              reason: 'too much data refused on one code',
            })
          }
          try {
            return withOwn()
          } catch (error) {
            if (!isStaleKey(error)) throw error
          }
          own.refused += 1
          try {
            const result = await others()
            own.refused -= 1
            return result
          } catch (error) {
            if (!isStaleKey(error)) own.refused -= 1
            throw error
          }
        },
        async used() {
          for (let waits = 0; waits < maxWaits; waits++) {
            // A busy process may not have looked at its sockets for longer than that.
            await nextTurn()
            await nextTurn()
            const left = own.joinedAt + quietFor - now()
            if (left <= 0) break
            await delay(left)
          }
          own.usedAt = Math.min(own.usedAt, now())
        },
      }
    },
  }
}
