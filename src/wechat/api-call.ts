import { traceWeChat } from '../diagnostics-channels.js'
import type { WxFetch } from '../option-types.js'
import type { WxApp } from '../types.js'
import type { AccessTokens } from './access-token.js'
import type { Breaker } from './breaker.js'
import { errcodeOf } from './errcodes.js'
import { addressOf, askWeChat } from './http.js'
import { unlessBusy } from './unless-busy.js'

/** What WeChat says of an access token that is wrong, replaced or expired: nothing was done. */
const tokenRefused: ReadonlySet<number> = new Set([40001, 40014, 42001])

/** A request to the server API. */
export interface ApiRequest {
  method: 'GET' | 'POST'
  /** On WeChat's server, without a query. */
  path: string
  query?: Readonly<Record<string, string>> | undefined
  /** JSON. */
  body?: string | undefined
  /** Deadline of the whole call in ms, in place of the usual one. */
  timeout?: number | undefined
}

/** Asks the server API, and answers what it said, whatever its errcode. */
export type CallApi = (app: WxApp, request: ApiRequest) => Promise<Record<string, unknown>>

/** What {@link createCallApi} needs. */
export interface CallApiOptions {
  baseUrl: string
  fetch: WxFetch
  /** Deadline of one call in ms: token, retries and body included. */
  timeout: number
  tokens: AccessTokens
  breaker: Breaker
}

/**
 * Calls of the server API with an access token. One that WeChat does not accept is replaced once; a call that WeChat
 * was too busy for is made once more. Nothing else is tried again: a code may be spent.
 */
export function createCallApi({ fetch, tokens, breaker, ...options }: CallApiOptions): CallApi {
  return async (app, { method, path, query, body, timeout = options.timeout }) => {
    const signal = AbortSignal.timeout(timeout)
    const headers = { 'content-type': 'application/json' }
    const init = body === undefined ? { method } : { method, headers, body }
    const ask = (token: string): Promise<Record<string, unknown>> => {
      const search = new URLSearchParams({ ...query, access_token: token })
      const url = addressOf(options.baseUrl, `${path}?${search.toString()}`)
      const asked = { endpoint: path, appid: app.appid }
      const send = (): Promise<Record<string, unknown>> => askWeChat(fetch, url, init, signal)
      return unlessBusy(() => breaker(() => traceWeChat(asked, send, errcodeOf)), signal)
    }
    const token = await tokens.get(app, signal)
    const reply = await ask(token)
    if (!tokenRefused.has(errcodeOf(reply))) return reply
    return ask(await tokens.get(app, signal, token))
  }
}
