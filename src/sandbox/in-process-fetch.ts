import type { Dispatch } from './dispatch.js'
import type { TextStream } from './reply.js'
import { limitOf } from './server.js'

/** What undici's fetch rejects with where there is no answer. */
const failed = (code: string): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })

/** One call: fires where the caller or the sandbox ends it, and is let go of when it is answered. */
interface Call {
  readonly signal: AbortSignal
  release(): void
}

function streamOf(text: TextStream, call: Call): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let stop: () => void
  return new ReadableStream({
    start(controller) {
      stop = text((chunk) => {
        controller.enqueue(encoder.encode(chunk))
        return true
      })
      call.signal.addEventListener('abort', () => {
        stop()
        controller.error(call.signal.reason)
      })
    },
    cancel() {
      stop()
      call.release()
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
  const running = new Set<AbortController>()
  let closed = false

  function begin(signal: AbortSignal | null | undefined): Call {
    const controller = new AbortController()
    const abort = (): void => {
      controller.abort(signal?.reason)
    }
    running.add(controller)
    signal?.addEventListener('abort', abort)
    return {
      signal: controller.signal,
      release() {
        running.delete(controller)
        signal?.removeEventListener('abort', abort)
      },
    }
  }

  async function exchange(request: Request, call: Call): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const body = Buffer.from(await request.arrayBuffer())
    const path = pathname + search
    const reply = await dispatch(
      {
        method: request.method,
        url: path,
        rawHeaders: [...request.headers].flat(),
        body: body.length <= limitOf(path) ? body : undefined,
        caller: undefined,
      },
      call.signal,
    )
    if (reply === null) throw failed('UND_ERR_SOCKET')
    const { status, headers, body: answer } = reply
    if (typeof answer === 'function') {
      return new Response(streamOf(answer, call), { status, headers })
    }
    call.release()
    const empty = status === 204 || status === 205 || status === 304
    return new Response(empty ? null : (answer as ConstructorParameters<typeof Response>[0]), {
      status,
      headers,
    })
  }

  return {
    async fetch(url, init = {}) {
      // Not for Request to follow: it would hold on to a signal that many calls share.
      const { signal, ...rest } = init
      const request = new Request(url, rest)
      signal?.throwIfAborted()
      if (closed) throw failed('ECONNREFUSED')
      const call = begin(signal)
      return new Promise((resolve, reject) => {
        const fail = (reason: Error): void => {
          call.release()
          reject(reason)
        }
        call.signal.addEventListener('abort', () => {
          fail(call.signal.reason)
        })
        exchange(request, call).then(resolve, fail)
      })
    },
    close() {
      closed = true
      for (const controller of running) controller.abort(failed('UND_ERR_SOCKET'))
    },
    open() {
      closed = false
    },
  }
}
