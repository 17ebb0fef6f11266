import * as http from 'node:http'
import * as https from 'node:https'

/** The largest body that is passed on, either way, in bytes. */
export const maxRelayed = 1024 * 1024

/** A request to the server under test. */
export interface Ask {
  readonly url: URL
  readonly method: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly timeout: number
  /** Fires when the caller hangs up. */
  readonly signal: AbortSignal
}

/** What came back, or why nothing did. */
export type Answer =
  | { kind: 'answer'; status: number; statusText: string; headers: string[]; body: Buffer }
  | { kind: 'failed'; code: string }
  | { kind: 'timeout' }
  | { kind: 'gone' }
  | { kind: 'too-large' }

const noBody = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Asks the server itself, without a word that is not in `headers` but `Host` and the length. */
export function ask({ url, method, headers, body, timeout, signal }: Ask): Promise<Answer> {
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? https.request : http.request
    const length =
      body.length > 0 || !noBody.has(method) ? ['Content-Length', String(body.length)] : []
    const request = send(url, {
      method,
      // Of its own: what one test left half open is not the next one's.
      agent: false,
      headers: ['Host', url.host, ...headers, ...length, 'Connection', 'close'] as never,
    })
    const settle = (answer: Answer): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', gone)
      resolve(answer)
      if (answer.kind !== 'answer') request.destroy()
    }
    const gone = (): void => {
      settle({ kind: 'gone' })
    }
    const timer = setTimeout(() => {
      settle({ kind: 'timeout' })
    }, timeout)
    if (signal.aborted) gone()
    signal.addEventListener('abort', gone)

    const failed = (error: NodeJS.ErrnoException): void => {
      settle({ kind: 'failed', code: error.code ?? 'UNKNOWN' })
    }
    request.on('error', failed)
    // A protocol that is not HTTP is no answer to wait for.
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      settle({ kind: 'failed', code: 'UPGRADE' })
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxRelayed) settle({ kind: 'too-large' })
        else chunks.push(chunk)
      })
      response.on('error', failed)
      response.on('end', () => {
        settle({
          kind: 'answer',
          status: response.statusCode!,
          statusText: response.statusMessage!,
          headers: response.rawHeaders,
          body: Buffer.concat(chunks),
        })
      })
    })
    request.end(body)
  })
}
