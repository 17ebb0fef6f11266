import { WxLoginError } from '../errors.js'
import type { WxFetch } from '../types.js'
import { isJsonObject } from './json.js'

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

/** Rejects when the signal fires, also where the work itself does not listen to it. */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  why: () => WxLoginError = () => outageError('WeChat did not answer in time', 504),
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

async function readBounded(response: Response): Promise<string> {
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
      throw upstreamError('WeChat answered more than 64 kB')
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** WeChat labels its JSON text/plain and has been seen to put raw control characters into it. */
function parseReply(text: string): Record<string, unknown> {
  for (const candidate of [text, text.replace(/[\u0000-\u001f]/g, ' ')]) {
    try {
      const reply: unknown = JSON.parse(candidate)
      if (isJsonObject(reply)) return reply
      break
    } catch {
      continue
    }
  }
  throw upstreamError('WeChat answered something that is no JSON object')
}

/** The name of a network failure, as far as it is a bare code: messages of fetch quote the URL. */
export function failureName(error: unknown): string {
  const code = (error as { cause?: { code?: unknown } } | null | undefined)?.cause?.code
  return typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? code : 'network error'
}

/**
 * One request to WeChat: no redirects, at most 64 kB of answer, JSON whatever its content type says.
 *
 * @param signal - the deadline of the whole exchange, body included
 * @throws {@link WxLoginError} `WX_UPSTREAM`, 504 past the deadline, 502 otherwise
 */
export async function askWeChat(
  send: WxFetch,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const exchange = async (): Promise<string> => {
    const response = await send(url, { ...init, redirect: 'manual', signal })
    if (!response.ok) {
      response.body?.cancel().catch(() => undefined)
      const reason = `WeChat answered HTTP ${String(response.status)}`
      throw response.status >= 500 ? outageError(reason) : upstreamError(reason)
    }
    return readBounded(response)
  }
  try {
    return parseReply(await untilAborted(exchange(), signal))
  } catch (error) {
    if (WxLoginError.is(error)) throw error
    throw outageError(`WeChat could not be reached: ${failureName(error)}`)
  }
}
