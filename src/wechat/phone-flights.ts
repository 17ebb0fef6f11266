import type { WxPhone, WxUser } from '../types.js'
import { createLastMinute, createOnlyOnce } from './last-minute.js'

/** What all posts of one phone code by one user share. */
export interface PhoneFlight {
  /** The one paid call for this code. */
  readonly phone: Promise<WxPhone>
  /** The user with this number: `save` runs once however many posts share it, and again only after it failed. */
  user(save: () => Promise<WxUser | undefined>): Promise<WxUser | undefined>
  /** Sessions that have this user: what they were given later is not to be put back by a post that comes again. */
  readonly told: Set<string>
}

interface Entry {
  readonly call: Promise<WxPhone>
  readonly flight: PhoneFlight
}

/** The phone codes of the last minute. */
export interface PhoneFlights {
  /** Joins the call for this code of this user, or makes it. */
  join(
    code: { appid: string; openid: string; code: string },
    ask: () => Promise<WxPhone>,
  ): PhoneFlight
}

/**
 * Sees to it that a phone number is paid for once: posts of one code by one user at the same time share one call, and
 * so does a post within a minute, whose reply was lost or whose hook or save failed. Another user's post of the same
 * code shares nothing. In process memory, bounded, under a hash of user and code.
 */
export function createPhoneFlights(now?: () => number): PhoneFlights {
  const flights = createLastMinute<Entry>(now)
  return {
    join: ({ appid, openid, code }, ask) =>
      flights.join([appid, openid, code], () => {
        const call = ask()
        return { call, flight: { phone: call, user: createOnlyOnce(), told: new Set() } }
      }).flight,
  }
}
