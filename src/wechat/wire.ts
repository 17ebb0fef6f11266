import { promisify } from 'node:util'
import { brotliDecompress, unzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { nextTurn } from '../turn.js'
import { type Connections, connectionsTo, type Sent } from './connections.js'

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

const decoders: ReadonlyMap<string, typeof unzip> = new Map([
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

/** What becomes of a request. */
interface Receiver {
  /** It is about to be sent. */
  begin(controller: Dispatcher.DispatchController): void
  done(answer: WireAnswer): void
  /** @param answered - whether the server had begun to answer */
  fail(error: unknown, answered: boolean): void
}

/** Reads an answer. Tells once what became of it. */
function receive(maxBytes: number, { begin, done, fail }: Receiver): Dispatcher.DispatchHandler {
  let status: number | undefined
  let coding: unknown
  let dropped = false
  const chunks: Buffer[] = []
  let length = 0

  const drop = (controller: Dispatcher.DispatchController, text: string | undefined): void => {
    dropped = true
    done({ status: status!, text })
    controller.abort(new Error('the answer is not wanted'))
  }
  return {
    onRequestStart: begin,
    // Once more for each answer of 1xx, which another follows.
    onResponseStart(controller, statusCode, headers) {
      status = statusCode
      coding = headers['content-encoding']
      if (status > 299) drop(controller, '')
    },
    onResponseData(controller, chunk) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBytes) drop(controller, undefined)
    },
    onResponseEnd() {
      const answer = { status: status! }
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const decoder = typeof coding === 'string' ? decoders.get(coding.toLowerCase()) : undefined
      if (!decoder) done({ ...answer, text: utf8(bytes) })
      else
        inflate(bytes, decoder, maxBytes).then(
          (text) => {
            done({ ...answer, text })
          },
          (error: unknown) => {
            fail(error, true)
          },
        )
    },
    onResponseError(_controller, error) {
      if (!dropped) fail(error, status !== undefined)
    },
  }
}

/** What says that the server has closed the connection. */
const hungUp: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** The last that was asked: that of the logins, nearly always. */
let last: { address: string; origin: string; pathname: string } | undefined

/** Takes an address without its query apart. @throws where WeChat cannot be asked there */
function parsed(address: string): { origin: string; pathname: string } {
  if (last?.address === address) return last
  const { protocol, origin, pathname, username, password } = new URL(address)
  const http = protocol === 'https:' || protocol === 'http:'
  // As fetch: whoever has put a password into the address would find it in logs.
  if (!http || username !== '' || password !== '') throw new Error('not an address of WeChat')
  last = { address, origin, pathname }
  return last
}

/** Where a URL leads. @throws where WeChat cannot be asked there */
function addressed(url: string): { connections: Connections; path: string } {
  const query = url.indexOf('?')
  const end = query < 0 ? url.length : query
  const { origin, pathname } = parsed(url.slice(0, end))
  // A query of this package's own is encoded already.
  return { connections: connectionsTo(origin), path: pathname + url.slice(end) }
}

/**
 * One exchange over a connection that is kept for the next. Follows no redirects. A GET that the server has not begun
 * to answer when it closes a kept connection is sent once more, on a new one: it was most likely closing it already.
 *
 * @throws the reason of the signal; or what Node or undici says, which may hold the address: not for a log
 */
export function askOverWire(
  url: string,
  { method, headers, body }: WireRequest,
  { maxBytes, signal }: WireLimits,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const { connections, path } = addressed(url)
    let sending: Dispatcher.DispatchController | undefined

    const stop = (): void => {
      reject(signal.reason)
      sending?.abort(signal.reason)
    }
    const done = (answer: WireAnswer): void => {
      signal.removeEventListener('abort', stop)
      // Answers arrive one by one; see nextTurn.
      void nextTurn().then(() => resolve(answer))
    }
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', stop)
      reject(error)
    }

    const request: Sent = {
      path,
      method,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'node', ...headers },
      ...(body !== undefined && { body }),
    }
    const begin = (controller: Dispatcher.DispatchController): void => {
      sending = controller
      // Not sent where nobody waits any more: it would spend the code.
      if (signal.aborted) controller.abort(signal.reason)
    }
    const first = receive(maxBytes, {
      begin,
      done,
      fail(error, answered) {
        const { code } = error as NodeJS.ErrnoException
        const closed = request.kept && !answered && hungUp.has(code)
        if (closed && method === 'GET' && !signal.aborted) {
          connections.sendOverNew(request, receive(maxBytes, { begin, done, fail }))
        } else fail(error)
      },
    })
    signal.addEventListener('abort', stop, { once: true })
    connections.pool.dispatch(request, first)
  })
}
