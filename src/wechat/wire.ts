import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, unzip } from 'node:zlib'
import { type Connections, connections, noteIdleTime } from './connections.js'

/** A request to WeChat. */
export interface WireRequest {
  method: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string
}

/** WeChat's answer. */
export interface WireAnswer {
  status: number
  /** Empty where the status is not 2xx; undefined where it is longer than the limit. */
  text: string | undefined
}

/** What ends an exchange early. */
export interface WireLimits {
  /** Of the answer, in bytes: a longer one is not read to its end, and its connection is dropped. */
  maxBytes: number
  signal: AbortSignal
}

const decoders: ReadonlyMap<string | undefined, typeof unzip> = new Map([
  ['gzip', unzip],
  ['x-gzip', unzip],
  ['deflate', unzip],
  ['br', brotliDecompress],
])

/** Without the byte order mark, as `fetch` reads it. */
function utf8(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** The text of a compressed answer, which was not asked for. */
async function inflate(
  bytes: Buffer,
  decoder: typeof unzip,
  maxBytes: number,
): Promise<string | undefined> {
  try {
    return utf8((await promisify(decoder)(bytes, { maxOutputLength: maxBytes })) as Buffer)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw error
  }
}

/** Reads an answer; `done` and `fail` may be called after each other, the first counts. */
function receive(
  res: IncomingMessage,
  maxBytes: number,
  done: (answer: WireAnswer) => void,
  fail: (error: unknown) => void,
): void {
  const { statusCode: status = 0, headers } = res
  const drop = (text: string | undefined): void => {
    done({ status, text })
    res.destroy()
  }
  if (status < 200 || status > 299) {
    drop('')
    return
  }
  noteIdleTime(res.socket, headers['keep-alive'])
  const chunks: Buffer[] = []
  let length = 0
  res.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) drop(undefined)
  })
  res.on('error', fail)
  res.on('end', () => {
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    const decoder = decoders.get(headers['content-encoding']?.toLowerCase())
    if (!decoder) done({ status, text: utf8(bytes) })
    else inflate(bytes, decoder, maxBytes).then((text) => done({ status, text }), fail)
  })
}

/** What says that the server has closed the connection. */
const hungUp: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

/** The parts of a request that are in its URL. @throws where WeChat cannot be asked there */
function addressed(url: string): Connections & { host: string; port: string; path: string } {
  const { protocol, hostname, port, pathname, search, username, password } = new URL(url)
  const found = connections.get(protocol)
  // As fetch: whoever has put a password into the address would find it in logs.
  if (!found || username !== '' || password !== '') throw new Error('not an address of WeChat')
  // An IPv6 address stands in brackets only in a URL.
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return { ...found, host, port, path: pathname + search }
}

/**
 * One exchange over a connection that is kept for the next. Follows no redirects. A GET that the server has not begun
 * to answer when it closes a kept connection is sent once more, on a new one: it was most likely closing it already.
 *
 * @throws the reason of the signal; or what Node says, which may hold the address: not for a log
 */
export function askOverWire(
  url: string,
  { method, headers, body }: WireRequest,
  { maxBytes, signal }: WireLimits,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const { client, agent, ...address } = addressed(url)
    const sent = {
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'node',
      ...headers,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    }
    let req: ClientRequest

    const stop = (): void => {
      reject(signal.reason)
      req.destroy()
    }
    const done = (answer: WireAnswer): void => {
      signal.removeEventListener('abort', stop)
      // Answers arrive one by one; see nextTurn.
      setImmediate(resolve, answer)
    }
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', stop)
      reject(error)
    }

    function send(over: Agent | false): void {
      let answered = false
      const own = client.request({ ...address, method, headers: sent, agent: over })
      own.on('response', (res) => {
        answered = true
        receive(res, maxBytes, done, fail)
      })
      own.on('upgrade', (res, socket) => {
        done({ status: res.statusCode!, text: '' })
        socket.destroy()
      })
      own.on('error', (error: NodeJS.ErrnoException) => {
        const closed = own.reusedSocket && !answered && hungUp.has(error.code)
        if (closed && method === 'GET' && !signal.aborted) send(false)
        else fail(error)
      })
      own.end(body)
      req = own
    }
    send(agent)
    signal.addEventListener('abort', stop, { once: true })
  })
}
