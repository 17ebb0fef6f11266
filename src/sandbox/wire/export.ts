import type { WireDetail, WireMessage, WireParty } from './types.js'

/** Parts of the HTTP archive format, version 1.2: http://www.softwareishard.com/blog/har-12-spec/ */
export interface HarEntry {
  startedDateTime: string
  /** ms */
  time: number
  request: {
    method: string
    url: string
    httpVersion: string
    cookies: []
    headers: HarPair[]
    queryString: HarPair[]
    headersSize: number
    bodySize: number
    postData?: { mimeType: string; text: string }
  }
  response: {
    status: number
    statusText: string
    httpVersion: string
    cookies: []
    headers: HarPair[]
    content: { size: number; mimeType: string; text: string }
    redirectURL: string
    headersSize: number
    bodySize: number
  }
  cache: object
  timings: { send: number; wait: number; receive: number }
  comment: string
}

/** A header or a parameter. */
export interface HarPair {
  name: string
  value: string
}

/** A HAR file. */
export interface Har {
  log: {
    version: '1.2'
    creator: { name: string; version: string }
    pages: []
    entries: HarEntry[]
  }
}

/** Bytes of a text in UTF-8. */
const sizeOf = (text: string): number => new TextEncoder().encode(text).length

interface HttpText {
  readonly line: string
  readonly headers: HarPair[]
  readonly body: string
}

/** Takes apart what `raw` of a message holds. */
function readHttp(text: string): HttpText {
  const end = text.indexOf('\n\n')
  const [line, ...lines] = (end === -1 ? text : text.slice(0, end)).split('\n') as [
    string,
    ...string[],
  ]
  const headers = lines.map((one) => {
    const colon = one.indexOf(': ')
    return { name: one.slice(0, colon), value: one.slice(colon + 2) }
  })
  return { line, headers, body: end === -1 ? '' : text.slice(end + 2) }
}

const valueOf = ({ headers }: HttpText, name: string): string =>
  headers.find((one) => one.name.toLowerCase() === name)?.value ?? ''

function readQuery(url: string): HarPair[] {
  const mark = url.indexOf('?')
  if (mark === -1) return []
  return [...new URLSearchParams(url.slice(mark + 1))].map(([name, value]) => ({ name, value }))
}

function toEntry({ time, ms, url, raw, ...message }: WireDetail & { url: string }): HarEntry {
  const request = readHttp(raw.request)
  const [method, , httpVersion] = request.line.split(' ') as [string, string, string]
  const response = raw.response === null ? undefined : readHttp(raw.response)
  const [version = '', , ...words] = response?.line.split(' ') ?? []
  const type = response ? valueOf(response, 'content-type') : ''
  const answer = response?.body ?? ''
  return {
    startedDateTime: new Date(time).toISOString(),
    time: ms ?? 0,
    request: {
      method,
      url,
      httpVersion,
      cookies: [],
      headers: request.headers,
      queryString: readQuery(url),
      headersSize: -1,
      bodySize: sizeOf(request.body),
      ...(request.body !== '' && {
        postData: { mimeType: valueOf(request, 'content-type'), text: request.body },
      }),
    },
    response: {
      // 0 is what browsers write where there is no answer.
      status: message.status ?? 0,
      statusText: words.join(' '),
      httpVersion: version,
      cookies: [],
      headers: response?.headers ?? [],
      content: { size: sizeOf(answer), mimeType: type === '' ? 'x-unknown' : type, text: answer },
      redirectURL: response ? valueOf(response, 'location') : '',
      headersSize: -1,
      bodySize: response ? sizeOf(answer) : -1,
    },
    cache: {},
    timings: { send: 0, wait: ms ?? 0, receive: 0 },
    comment: `${message.from} → ${message.to}: ${message.outcome}`,
  }
}

/**
 * The HTTP exchanges among these messages as a HAR file, secrets masked: opens in Chrome's network panel. Calls of a
 * phone to WeChat and commands to a store are not HTTP and left out.
 */
export const toHar = (messages: readonly WireDetail[], version: string): Har => ({
  log: {
    version: '1.2',
    creator: { name: 'express-wx-login sandbox', version },
    pages: [],
    entries: messages
      .filter((message): message is WireDetail & { url: string } => message.url !== null)
      .map(toEntry),
  },
})

const names: Readonly<Record<WireParty, string>> = {
  phone: 'Phone',
  server: 'Your server',
  wechat: 'WeChat (sandbox)',
  redis: 'Redis',
}

/** Text that ends no statement of Mermaid and starts none: `#` and `;` go as their entity codes. */
const mermaidText = (text: string): string =>
  text
    .replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')
    .replace(/[#;:%<>]/g, (c) => `#${String(c.codePointAt(0))};`)
    .trim()

function outcomeOf(message: WireMessage): string {
  const { outcome, status, errcode, error, ms } = message
  const parts = [
    outcome === 'answered' ? '' : outcome,
    status === null ? '' : String(status),
    errcode === null || errcode === 0 ? '' : `errcode ${String(errcode)}`,
    error ?? '',
    ms === null ? '' : `${String(Math.round(ms))} ms`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** A call of a phone to WeChat is dashed, as on the page. */
function beginLine({ from, to, title, user }: WireMessage): string {
  const text = mermaidText(user === null ? title : `${title} (${user})`)
  return `  ${from}${from === 'phone' && to === 'wechat' ? '-->>' : '->>'}${to}: ${text}`
}

/** What was not answered ends in a cross. */
function endLines(message: WireMessage): string[] {
  const { from, to, fault, outcome } = message
  const text = mermaidText(outcomeOf(message))
  const arrow = outcome === 'answered' ? '-->>' : '--x'
  const note = `  Note over ${from},${to}: fault ordered, ${mermaidText(fault ?? '')}`
  return [...(fault === null ? [] : [note]), `  ${to}${arrow}${from}: ${text === '' ? 'ok' : text}`]
}

/** These messages as a sequence diagram of Mermaid: each where it began, and its answer where that came. */
export function toMermaid(messages: readonly WireMessage[]): string {
  const lines = ['sequenceDiagram']
  for (const [party, name] of Object.entries(names)) lines.push(`  participant ${party} as ${name}`)
  const begun = [...messages].sort((a, b) => a.id - b.id)
  // What began last has ended first where both ended between the same two beginnings.
  const ended = begun.filter(({ outcome }) => outcome !== 'open').reverse()
  const done = new Set<number>()
  const endBefore = (id: number): void => {
    for (const message of ended) {
      if (done.has(message.id) || (message.endedAfter ?? message.id) >= id) continue
      done.add(message.id)
      lines.push(...endLines(message))
    }
  }
  for (const message of begun) {
    endBefore(message.id)
    lines.push(beginLine(message))
  }
  endBefore(Infinity)
  return `${lines.join('\n')}\n`
}

/** For a shell of POSIX: nothing in it is read as anything else. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const notAsked = new Set(['host', 'content-length', 'connection', 'accept-encoding'])

/** One HTTP request as a command for curl, secrets masked; null for a message that is not HTTP. */
export function toCurl({ url, raw }: WireDetail): string | null {
  if (url === null) return null
  const request = readHttp(raw.request)
  const [method] = request.line.split(' ') as [string]
  const headers = request.headers.filter(({ name }) => !notAsked.has(name.toLowerCase()))
  const parts = [
    `curl ${quote(url)}`,
    ...(method === 'HEAD' ? ['--head'] : method === 'GET' ? [] : [`-X ${method}`]),
    ...headers.map(({ name, value }) => `-H ${quote(`${name}: ${value}`)}`),
    ...(request.body === '' ? [] : [`--data-raw ${quote(request.body)}`]),
  ]
  return parts.join(' \\\n  ')
}
