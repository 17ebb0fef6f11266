import { WxLoginError } from '../errors.js'
import type { WxFetch } from '../option-types.js'
import { wechatDefaults } from '../settings.js'
import { isJsonObject } from './json.js'
import { isFetchStock } from './stock-fetch.js'
import { askOverWire, type WireAnswer, type WireRequest } from './wire.js'

const maxReply = 64 * 1024

/** WeChat could not be asked, or its answer is none. The reason holds no URL: the AppSecret stands in it. */
export function upstreamError(reason: string, status?: number): WxLoginError {
  return new WxLoginError('WX_UPSTREAM', { reason, ...(status !== undefined && { status }) })
}

/** An address at WeChat, or at what stands in its place: the base URL may end with slashes. */
export const addressOf = (baseUrl: string, pathAndQuery: string): string =>
  `${baseUrl.replace(/\/+$/, '')}${pathAndQuery}`

const outages = new WeakSet<WxLoginError>()

/** WeChat is away: unreachable, silent or answering HTTP 5xx, as opposed to an answer that makes no sense. */
export function outageError(reason: string, status?: number): WxLoginError {
  const error = upstreamError(reason, status)
  outages.add(error)
  return error
}

/** Whether an error says that WeChat is away. */
export const isOutage = (error: unknown): boolean => outages.has(error as WxLoginError)

const late = (): WxLoginError => outageError('WeChat did not answer in time', 504)

/** Rejects when the signal fires, also where the work itself does not listen to it. */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  why: () => WxLoginError = late,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      reject(why())
    }
    if (signal.aborted) {
      stop()
      work.catch(() => undefined)
      return
    }
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop)
    })
  })
}

/**
 * Asks a function of the app that stands in the place of WeChat. What it fails with is not quoted: it can hold secrets.
 *
 * @param option - its name
 * @param why - the error past the deadline
 * @throws {@link WxLoginError} the function's own; `WX_UPSTREAM` for anything else
 */
export async function askOption<T>(
  option: string,
  ask: () => T | Promise<T>,
  signal: AbortSignal,
  why?: () => WxLoginError,
): Promise<T> {
  try {
    return await untilAborted((async () => ask())(), signal, why)
  } catch (error) {
    if (WxLoginError.is(error)) throw error
    throw upstreamError(`${option} failed${error instanceof Error ? `: ${error.name}` : ''}`)
  }
}

/**
 * Does work that a signal ends after `ms` milliseconds. `AbortSignal.timeout` costs ten times as much and keeps its timer
 * for as long, whatever became of the work.
 */
export async function withinTime<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new DOMException('WeChat did not answer in time', 'TimeoutError'))
  }, ms).unref()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}

async function readBounded(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.byteLength
    if (length > maxReply) {
      reader.cancel().catch(() => undefined)
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}

async function askOverFetch(
  send: WxFetch,
  url: string,
  request: WireRequest,
  signal: AbortSignal,
): Promise<WireAnswer> {
  const response = await send(url, { ...request, redirect: 'manual', signal })
  const { ok, status } = response
  if (ok) return { status, text: await readBounded(response) }
  response.body?.cancel().catch(() => undefined)
  return { status, text: '' }
}

function textOf({ status, text }: WireAnswer): string {
  if (status < 200 || status > 299) {
    const reason = `WeChat answered HTTP ${String(status)}`
    throw status >= 500 ? outageError(reason) : upstreamError(reason)
  }
  if (text === undefined) throw upstreamError('WeChat answered more than 64 kB')
  return text
}

/** WeChat labels its JSON text/plain and has been seen to put raw control characters into it. */
function parseReply(text: string): Record<string, unknown> {
  let reply: unknown
  try {
    reply = JSON.parse(text)
  } catch {
    try {
      reply = JSON.parse(text.replace(/[\u0000-\u001f]/g, ' '))
    } catch {
      // Told below like any other answer that is none.
    }
  }
  if (isJsonObject(reply)) return reply
  throw upstreamError('WeChat answered something that is no JSON object')
}

/** The name of a network failure, as far as it is a bare code: the messages quote the URL. */
export function failureName(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  const name = cause?.code ?? code
  return typeof name === 'string' && /^[A-Z_]{2,40}$/.test(name) ? name : 'network error'
}

/**
 * One request to WeChat: no redirects, at most 64 kB of answer, JSON whatever its content type says.
 *
 * @param send - with the default, and the global `fetch` as Node has it, connections of our own are used: they cost a
 *   quarter of what `fetch` does
 * @param signal - the deadline of the whole exchange, body included
 * @throws {@link WxLoginError} `WX_UPSTREAM`, 504 past the deadline, 502 otherwise
 */
export async function askWeChat(
  send: WxFetch,
  url: string,
  request: WireRequest,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  try {
    const answer =
      send === wechatDefaults.fetch && isFetchStock()
        ? await askOverWire(url, request, { maxBytes: maxReply, signal })
        : await untilAborted(askOverFetch(send, url, request, signal), signal)
    return parseReply(textOf(answer))
  } catch (error) {
    if (WxLoginError.is(error)) throw error
    if (signal.aborted && error === signal.reason) throw late()
    throw outageError(`WeChat could not be reached: ${failureName(error)}`)
  }
}
