import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../deadline.js'
import type { WxFetch } from '../option-types.js'
import type { StoredToken, TokenStore } from '../state-types.js'
import type { WxApp } from '../types.js'
import type { Breaker } from './breaker.js'
import { errcodeOf, errorOfReply, tokenErrcodes } from './errcodes.js'
import { untilAborted, upstreamError } from './http.js'
import { askStableToken } from './stable-token.js'
import { unlessBusy } from './unless-busy.js'

/** WeChat gives a new token from five minutes before the end on; half a minute later clocks agree on that. */
const refreshBefore = 270_000
/** A token that could not be refreshed, or was not worth it, is left alone for so long. */
const refreshPause = 10_000
/** WeChat gave a token again that it had just not accepted: asked again at once, it would give the same. */
const confirmedFor = 5000
/** Between two looks for the token that another process fetches. */
const pollPause = 50
const maxApps = 10_000
/** In seconds; the other times here are in ms. */
const longestLife = 24 * 3600

/** Gives access tokens. */
export interface AccessTokens {
  /**
   * A valid access token of this app.
   *
   * @param signal - how long the caller waits
   * @param invalid - a token that WeChat has just not accepted: another one is wanted
   */
  get(app: WxApp, signal: AbortSignal, invalid?: string): Promise<string>
}

/** What {@link createAccessTokens} needs. */
export interface AccessTokenOptions {
  baseUrl: string
  fetch: WxFetch
  /** Deadline of one refresh in ms, all of it included. */
  timeout: number
  /** Shared by all processes; without it this one looks after itself. */
  store?: TokenStore | undefined
  breaker: Breaker
  now?: () => number
}

/** What came of asking the other processes; see {@link createAccessTokens}. */
interface Claim {
  /** The token they have. */
  found?: StoredToken | undefined
  /** Gives back the place of the one that fetches; only with a place. */
  unlock?: () => Promise<void>
  /** This process has to fetch one itself, where the token is not fresh. */
  alone: boolean
}

/** What is known of an app's token in this process. */
interface Entry {
  token?: StoredToken | undefined
  /** The token that WeChat accepted last no more. */
  refused?: string | undefined
  confirmedUntil: number
  /** No refresh ahead of time before this. */
  pauseUntil: number
  refresh?: Promise<StoredToken> | undefined
}

/** Whether this can be an access token: WeChat asks to keep room for 512 characters, and promises no more of it. */
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,2048}$/.test(value)

const isLife = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= longestLife

/**
 * Access tokens from WeChat's `stable_token`, never with `force_refresh`. WeChat answers every process with the same
 * token, so that a second refresh harms nothing: the store saves calls, and where it is away the work goes on.
 *
 * A token is refreshed shortly before its end, beside the calls, which have the old one as long as it is good. One
 * refresh runs at a time, in this process and, while the store is there, in all.
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { timeout, store, breaker, now = () => Date.now() } = options
  const entries = new Map<string, Entry>()

  function entryOf(appid: string): Entry {
    const entry = entries.get(appid) ?? { confirmedUntil: 0, pauseUntil: 0 }
    // The app asked for longest ago goes.
    entries.delete(appid)
    entries.set(appid, entry)
    if (entries.size > maxApps) entries.delete(entries.keys().next().value!)
    return entry
  }

  const isGood = (token: StoredToken | undefined): token is StoredToken =>
    token !== undefined && now() < token.expiresAt
  const isFresh = (token: StoredToken): boolean => token.expiresAt - now() > refreshBefore

  /** A share of the time there is: a store that is away must leave enough of it to ask WeChat. */
  const stored = <T>(work: Promise<T>): Promise<T> => withDeadline(work, timeout / 4)

  /** The token in the store, where it is good and not the one that WeChat refused. */
  async function readStore(own: Entry, appid: string): Promise<StoredToken | undefined> {
    const found = (await stored(store!.read(appid))) ?? undefined
    if (found === undefined || found.token !== own.refused) return isGood(found) ? found : undefined
    await stored(store!.drop(appid, found.token))
    return undefined
  }

  async function lock({ lock }: TokenStore, appid: string): Promise<Claim['unlock'] | null> {
    const asked = lock(appid, 2 * timeout)
    try {
      return await stored(asked)
    } catch (error) {
      asked.then((late) => late?.()).catch(() => undefined)
      throw error
    }
  }

  /**
   * Looks for the token that another process has fetched, and takes the place of the one that fetches. Without a place
   * another process has it, or (`alone`) nothing is to be expected of the others: the store is away, or the one that
   * has the place takes too long.
   */
  async function claim(own: Entry, appid: string): Promise<Claim> {
    const claimed: Claim = { alone: true }
    if (!store) return claimed
    const until = performance.now() + timeout / 2
    try {
      for (;;) {
        claimed.found = await readStore(own, appid)
        if (claimed.found && isFresh(claimed.found)) return { ...claimed, alone: false }
        const unlock = await lock(store, appid)
        if (unlock) {
          claimed.unlock = unlock
          // Between the two another process may have been done with it.
          claimed.found = await readStore(own, appid)
          return claimed
        }
        if (claimed.found || isGood(own.token)) return { ...claimed, alone: false }
        if (performance.now() > until) return claimed
        await delay(pollPause)
      }
    } catch {
      return claimed
    }
  }

  async function fetchToken(own: Entry, app: WxApp, signal: AbortSignal): Promise<StoredToken> {
    const { refused } = own
    const askedAt = now()
    const reply = await unlessBusy(
      () => breaker(() => askStableToken(options, app, signal)),
      signal,
    )
    if (errcodeOf(reply) !== 0) throw errorOfReply(reply, tokenErrcodes)
    const { access_token: token, expires_in: life } = reply
    if (!isToken(token) || !isLife(life)) {
      throw upstreamError('the answer of stable_token has no usable access_token')
    }
    if (token === refused && token === own.refused) {
      own.refused = undefined
      own.confirmedUntil = now() + confirmedFor
    }
    return { token, expiresAt: askedAt + life * 1000 }
  }

  async function refresh(own: Entry, app: WxApp): Promise<StoredToken> {
    const { appid } = app
    const signal = AbortSignal.timeout(timeout)
    const { found, unlock, alone } = await claim(own, appid)
    const known = found ?? (isGood(own.token) ? own.token : undefined)
    try {
      if (known && (isFresh(known) || !alone)) return known
      const token = await fetchToken(own, app, signal)
      if (store) await stored(store.write(appid, token)).catch(() => undefined)
      return token
    } catch (error) {
      if (!isGood(known)) throw error
      return known
    } finally {
      unlock?.().catch(() => undefined)
    }
  }

  /** The one refresh of this app that runs in this process. */
  function refreshOnce(own: Entry, app: WxApp): Promise<StoredToken> {
    own.refresh ??= refresh(own, app)
      .then((token) => {
        if (token.token !== own.refused) own.token = token
        return token
      })
      .finally(() => {
        own.refresh = undefined
        own.pauseUntil = now() + refreshPause
      })
    return own.refresh
  }

  return {
    async get(app, signal, invalid) {
      const own = entryOf(app.appid)
      const confirmed = own.token?.token === invalid && now() < own.confirmedUntil
      if (invalid !== undefined && !confirmed) {
        own.refused = invalid
        if (own.token?.token === invalid) own.token = undefined
      }
      const { token } = own
      if (isGood(token)) {
        if (!isFresh(token) && now() >= own.pauseUntil) refreshOnce(own, app).catch(() => undefined)
        return token.token
      }
      const found = await untilAborted(refreshOnce(own, app), signal)
      if (found.token !== own.refused) return found.token
      // It was on its way when WeChat refused it.
      return (await untilAborted(refreshOnce(own, app), signal)).token
    },
  }
}
