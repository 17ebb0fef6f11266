import type { Dispatch } from './dispatch.js'
import type { TextStream } from './reply.js'
import { maxBody } from './server.js'

/** What undici's fetch rejects with where there is no answer. */
const failed = (code: string): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })

function streamOf(text: TextStream, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let stop = (): void => undefined
  return new ReadableStream({
    start(controller) {
      stop = text((chunk) => {
        controller.enqueue(encoder.encode(chunk))
      })
      signal.addEventListener('abort', () => {
        stop()
        controller.error(signal.reason)
      })
    },
    cancel() {
      stop()
    },
  })
}

/** A sandbox without a port. */
export interface InProcessFetch {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Fails what is under way and everything after, until it opens again. */
  close(): void
  open(): void
}

export function createInProcessFetch(dispatch: Dispatch): InProcessFetch {
  let dead: AbortController | undefined = new AbortController()

  async function exchange(request: Request, signal: AbortSignal): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const text = await request.text()
    const reply = await dispatch(
      {
        method: request.method,
        url: pathname + search,
        body: Buffer.byteLength(text) <= maxBody ? text : undefined,
        caller: undefined,
        lastEventId: request.headers.get('last-event-id') ?? undefined,
      },
      signal,
    )
    if (reply === null) throw failed('UND_ERR_SOCKET')
    const { status, headers, body } = reply
    const empty = status === 204 || status === 205 || status === 304
    const content = typeof body === 'string' ? body : streamOf(body, signal)
    return new Response(empty ? null : content, { status, headers })
  }

  return {
    fetch: async (url, init = {}) => {
      const { signal, ...rest } = init
      const request = new Request(url, rest)
      signal?.throwIfAborted()
      if (!dead) throw failed('ECONNREFUSED')
      const ends = AbortSignal.any(signal ? [dead.signal, signal] : [dead.signal])
      return new Promise((resolve, reject) => {
        ends.addEventListener('abort', () => {
          reject(ends.reason as Error)
        })
        exchange(request, ends).then(resolve, reject)
      })
    },
    close() {
      dead?.abort(failed('UND_ERR_SOCKET'))
      dead = undefined
    },
    open() {
      dead ??= new AbortController()
    },
  }
}
