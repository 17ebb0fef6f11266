import { mayReach } from '../control/guard.js'
import { headerOf } from '../raw-headers.js'
import { jsonReply, type Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import { statusLine } from '../status-line.js'
import { checkName } from '../users.js'
import type { WireExchange, WireRecorder } from '../wire/recorder.js'
import { ask, maxRelayed, type Answer } from './ask.js'
import { toPageHeaders, toPhoneHeaders } from './headers.js'
import { relayOf, relayPath } from './path.js'

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']
const maxCopies = 20
/** How long `wx.request` waits, in ms. */
const patience = 60_000

/** A request that a phone in the page makes. */
export interface RelayRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly url: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** Undefined where it was too large. */
  readonly body: Uint8Array | undefined
  readonly local: boolean
}

/** Passes a request on; null where the caller has hung up. */
export type Relay = (request: RelayRequest, signal: AbortSignal) => Promise<Reply | null>

/** Of a request that only asks whether the server is there: it is nothing that a phone does. */
const unseen: WireRecorder = { begin: () => ({ end: () => undefined }) }

/** What the relay has to know. */
export interface RelayParts {
  readonly wire: WireRecorder
  /** The server under test. */
  readonly target: () => string | null
  readonly pushTargets: readonly string[]
  /** What `wx.request` sends as Referer for this app; undefined for the first one. */
  readonly referer: (appid: string | undefined) => string
  readonly timeout?: number
}

/** What is wrong with a connection, in words. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  ECONNRESET: 'it cut the connection',
  UPGRADE: 'it wants another protocol than HTTP',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
}

/** A refusal of the relay itself: the header tells a phone that it is none of the server's answers. */
function refuse({ code, status, message }: SandboxError): Reply {
  return jsonReply(status, { error: { code, message } }, { 'X-Sandbox-Error': code })
}

function readUrl(url: string): URL {
  const rest = url.slice(relayPath.length)
  const slash = /[/?]|$/.exec(rest)!.index
  let origin = ''
  try {
    origin = decodeURIComponent(rest.slice(0, slash))
  } catch {
    // No URL either way.
  }
  const base = URL.canParse(origin) ? new URL(origin) : undefined
  if (!base || !/^https?:$/.test(base.protocol) || base.origin !== origin.replace(/\/$/, '')) {
    throw new SandboxError(
      'SANDBOX_BAD_REQUEST',
      `target: must be an origin in URL encoding, as ${relayOf('http://127.0.0.1:3000')}/wx/login`,
    )
  }
  // Put together, not resolved: a path of "//host" is a path.
  return new URL(
    base.origin + (slash < rest.length && rest[slash] === '/' ? '' : '/') + rest.slice(slash),
  )
}

function readUser(rawHeaders: readonly string[]): string | null {
  const given = headerOf(rawHeaders, 'x-sandbox-user')
  if (given === undefined || given === '') return null
  let name = given
  try {
    name = decodeURIComponent(given)
  } catch {
    // A name that only looks encoded.
  }
  checkName(name)
  return name
}

/** How often the request goes to the server, at once; undefined for a plain one. A browser opens no ten connections. */
function readCopies(rawHeaders: readonly string[]): number | undefined {
  const given = headerOf(rawHeaders, 'x-sandbox-copies')
  if (given === undefined) return undefined
  if (/^\d{1,2}$/.test(given) && Number(given) >= 1 && Number(given) <= maxCopies) {
    return Number(given)
  }
  throw new SandboxError(
    'SANDBOX_BAD_REQUEST',
    `X-Sandbox-Copies: must be a number from 1 to ${String(maxCopies)}`,
  )
}

/** Answers that came at once, as one. */
const together = (replies: readonly Reply[]): Reply =>
  jsonReply(
    200,
    replies.map(({ status, headers, body }) => ({
      status,
      headers,
      body: Buffer.from(body as string | Uint8Array).toString('utf8'),
    })),
  )

/** The page of another site can make a browser come here with a link or a picture, and without an Origin. */
function checkSite(rawHeaders: readonly string[]): void {
  const site = headerOf(rawHeaders, 'sec-fetch-site') ?? 'same-origin'
  if (site === 'same-origin' || site === 'none') return
  throw new SandboxError(
    'SANDBOX_FORBIDDEN',
    'The relay cannot be used by web pages of another origin',
  )
}

function describe(
  answer: Exclude<Answer, { kind: 'answer' | 'gone' }>,
  url: URL,
  timeout: number,
): SandboxError {
  if (answer.kind === 'timeout') {
    return new SandboxError(
      'SANDBOX_TARGET_TIMEOUT',
      `${url.origin} did not answer in ${String(timeout / 1000)} s.`,
    )
  }
  if (answer.kind === 'too-large') {
    return new SandboxError('SANDBOX_TOO_LARGE', `The answer of ${url.origin} is larger than 1 MB.`)
  }
  const { code } = answer
  const reason = Object.hasOwn(reasons, code) ? reasons[code]! : code
  return new SandboxError(
    'SANDBOX_TARGET_DOWN',
    `${url.origin} cannot be reached: ${reason}. Does your server run, and on this port?`,
  )
}

/** The way from a phone in the page to the server under test, which sees what it sees of a real phone. */
export function createRelay(parts: RelayParts): Relay {
  const { wire, timeout = patience } = parts

  const toRelay =
    (from: URL) =>
    (location: string): string => {
      if (!URL.canParse(location, from.href)) return location
      const { protocol, origin, pathname, search, hash } = new URL(location, from.href)
      return /^https?:$/.test(protocol) ? relayOf(origin) + pathname + search + hash : location
    }

  function check(request: RelayRequest): {
    url: URL
    user: string | null
    headers: string[]
    body: Uint8Array
  } {
    checkSite(request.rawHeaders)
    const url = readUrl(request.url)
    const target = parts.target()
    const own = target === null ? [] : [new URL(target).origin]
    if (!mayReach(url.href, request.local, [...own, ...parts.pushTargets])) {
      throw new SandboxError(
        'SANDBOX_FORBIDDEN',
        'target: the relay goes to the target of the sandbox (--target), to this machine for callers on it, and to pushTargets (--push-target)',
      )
    }
    if (!methods.includes(request.method)) {
      throw new SandboxError('SANDBOX_METHOD_NOT_ALLOWED', `Use ${methods.join(', ')} here.`)
    }
    if (request.body === undefined || request.body.length > maxRelayed) {
      throw new SandboxError('SANDBOX_TOO_LARGE', 'The body is larger than 1 MB.')
    }
    const user = readUser(request.rawHeaders)
    const referer = parts.referer(headerOf(request.rawHeaders, 'x-sandbox-appid'))
    return { url, user, headers: toPhoneHeaders(request.rawHeaders, referer), body: request.body }
  }

  function finish(exchange: WireExchange, url: URL, answer: Answer): Reply | null {
    if (answer.kind === 'gone') {
      exchange.end({ outcome: 'gone' })
      return null
    }
    if (answer.kind !== 'answer') {
      const error = describe(answer, url, timeout)
      const code = 'code' in answer ? `${error.code} (${answer.code})` : error.code
      exchange.end({ outcome: 'failed', error: code })
      return refuse(error)
    }
    const { status, statusText, headers, body } = answer
    const line = statusLine(status, statusText)
    exchange.end({ outcome: 'answered', status, response: { kind: 'http', line, headers, body } })
    const shown = toPageHeaders(headers, toRelay(url))
    // The answer to HEAD has no body to count.
    const length = body.length === 0 ? headerOf(headers, 'content-length') : undefined
    return { status, headers: { ...shown, ...(length && { 'Content-Length': length }) }, body }
  }

  return async (request, signal) => {
    try {
      const { method } = request
      const { url, user, headers, body } = check(request)
      const path = url.pathname + url.search
      const probe = headerOf(request.rawHeaders, 'x-sandbox-probe') === '1'
      const copies = readCopies(request.rawHeaders)
      const passOn = async (): Promise<Reply | null> => {
        const exchange = (probe ? unseen : wire).begin({
          from: 'phone',
          to: 'server',
          title: `${method} ${url.pathname}`,
          user,
          request: {
            kind: 'http',
            line: `${method} ${path} HTTP/1.1`,
            headers: ['Host', url.host, ...headers],
            body: body.length > 0 ? body : undefined,
            origin: url.origin,
          },
        })
        return finish(exchange, url, await ask({ url, method, headers, body, timeout, signal }))
      }
      if (copies === undefined) return await passOn()
      const replies = await Promise.all(Array.from({ length: copies }, passOn))
      return replies.includes(null) ? null : together(replies as Reply[])
    } catch (error) {
      if (error instanceof SandboxError) return refuse(error)
      throw error
    }
  }
}
