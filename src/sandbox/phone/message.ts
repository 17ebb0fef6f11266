import { Failure } from './failure.js'
import type { SandboxWxRequestOptions } from './wx-types.js'

const encode = encodeURIComponent

/** `key=value&…`, as WeChat writes an object into a URL or a form. */
function toQuery(data: object): string {
  return Object.entries(data)
    .map(([name, value]) => {
      const text =
        typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
      return `${encode(name)}=${encode(text)}`
    })
    .join('&')
}

/** The headers to send. Those that a mini program cannot set are left out. */
export function toHeaders(header: object | undefined, without: readonly string[]): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(header ?? {}) as [string, unknown][]) {
    if (!without.includes(name.toLowerCase())) headers.set(name, String(value))
  }
  return headers
}

/** @throws {@link Failure} where it is none */
export function checkUrl(url: unknown): string {
  if (typeof url !== 'string' || !/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new Failure(`invalid url "${String(url)}"`, 600009)
  }
  return url
}

/** What `fetch` is to be called with for the options of `wx.request`. */
export function toFetch(options: SandboxWxRequestOptions): { url: string; init: RequestInit } {
  const { data, header, redirect = 'follow' } = options
  const url = checkUrl(options.url)
  const method = (options.method ?? 'GET').toUpperCase()
  const headers = toHeaders(header, ['referer'])
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  const init: RequestInit = { method, headers, redirect }
  if (data === undefined || data === null) return { url, init }
  const isText = typeof data === 'string'
  if (method === 'GET' || method === 'HEAD') {
    const query = isText ? data : toQuery(data)
    const [before, ...hash] = url.split('#')
    const mark = before!.includes('?') ? '&' : '?'
    return {
      url: query === '' ? url : [`${before!}${mark}${query}`, ...hash].join('#'),
      init,
    }
  }
  if (isText || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    return { url, init: { ...init, body: data as string | ArrayBuffer } }
  }
  const isForm = headers.get('content-type')!.startsWith('application/x-www-form-urlencoded')
  return { url, init: { ...init, body: isForm ? toQuery(data) : JSON.stringify(data) } }
}

/** `data` of a reply, as `dataType` and `responseType` want it. */
export function toData(body: ArrayBuffer, options: SandboxWxRequestOptions): unknown {
  if (options.responseType === 'arraybuffer') return body
  const text = new TextDecoder().decode(body)
  if ((options.dataType ?? 'json') !== 'json') return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

const styles: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll(/[a-z]{2}/g, ([a, b]) => `${a!}${b!.toUpperCase()}`),
]

/**
 * Reads the headers of replies, each name in other letters than the last: phones differ in them, and code that counts
 * on some letters should fail here. `Set-Cookie` comes joined by commas once, and as a list the next time.
 */
export function createHeaderReader(): (headers: Headers) => {
  header: Record<string, unknown>
  cookies: string[]
} {
  let count = 0
  const spell = (name: string): string => {
    count += 1
    return styles[count % styles.length]!(name)
  }
  return (headers) => {
    const header: Record<string, unknown> = {}
    for (const [name, value] of headers) {
      if (name !== 'set-cookie') header[spell(name)] = value
    }
    const cookies = headers.getSetCookie()
    if (cookies.length > 0) {
      header[spell('set-cookie')] = count % 2 === 0 ? cookies : cookies.join(',')
    }
    return { header, cookies }
  }
}
