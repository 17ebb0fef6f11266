import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { plainAddress } from './control/guard.js'
import type { Dispatch } from './dispatch.js'
import { maxRelayed } from './relay/ask.js'
import { relayPath } from './relay/path.js'
import type { Reply } from './reply.js'
import { SandboxError } from './sandbox-error.js'

/** The largest body the sandbox itself reads, in bytes; the relay passes larger ones on. */
export const maxBody = 64 * 1024

/** The largest body of a request with this path and query. */
export const limitOf = (url: string): number => (url.startsWith(relayPath) ? maxRelayed : maxBody)
// What a reader of events may be behind before it is waited for, and before it is cut off.
const manyUnread = 128 * 1024
const maxUnread = 1024 * 1024

const noBody = Buffer.alloc(0)

async function readBody(req: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const { 'content-length': length = '0', 'transfer-encoding': pieces } = req.headers
  if (length === '0' && pieces === undefined) return noBody
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    // Read on without keeping it: an answer before the end of the request can get lost on the way.
    if (size <= limit) chunks.push(chunk)
  }
  return size <= limit ? Buffer.concat(chunks) : undefined
}

function send(res: ServerResponse, reply: Reply): void {
  const { status, headers, body } = reply
  if (typeof body !== 'function') {
    const bare = status === 204 || status === 304
    const length = bare ? {} : { 'Content-Length': Buffer.byteLength(body) }
    res.writeHead(status, { ...length, ...headers }).end(body)
    return
  }
  res.writeHead(status, headers)
  const stop = body((text) => {
    res.write(text)
    if (res.writableLength > maxUnread) res.destroy()
    return res.writableLength < manyUnread
  })
  res.on('close', stop)
}

/** Answers node's requests. */
export function createHandler(
  dispatch: Dispatch,
): (req: IncomingMessage, res: ServerResponse) => void {
  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const gone = new AbortController()
    res.on('close', () => {
      // Of a caller who got the answer nobody has to be told, and telling costs more than the answer.
      if (!res.writableFinished) gone.abort()
    })
    const { host, origin } = req.headers
    const reply = await dispatch(
      {
        method: req.method!,
        url: req.url!,
        rawHeaders: req.rawHeaders,
        body: await readBody(req, limitOf(req.url!)),
        caller: {
          host,
          origin,
          localAddress: req.socket.localAddress,
          remoteAddress: plainAddress(req.socket.remoteAddress),
        },
      },
      gone.signal,
    )
    if (gone.signal.aborted || reply === null) res.destroy()
    else send(res, reply)
  }

  return (req, res) => {
    // Only a caller that hung up in the middle of its body comes here.
    serve(req, res).catch(() => res.destroy())
  }
}

/** Where the sandbox listens, if it does. */
export interface Listener {
  readonly host: string | undefined
  readonly baseUrl: string
  listen(port: number, host: string): Promise<string>
  close(): Promise<void>
}

/** Under what URL a server that listens there is reached. */
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${String(port)}`
}

export function createListener(
  handler: (req: IncomingMessage, res: ServerResponse) => void,
): Listener {
  let current: { server: Server; host: string; url: Promise<string>; baseUrl: string } | undefined

  return {
    get host() {
      return current?.host
    },
    get baseUrl() {
      if (current && current.baseUrl !== '') return current.baseUrl
      throw new SandboxError(
        'SANDBOX_NOT_LISTENING',
        'The sandbox does not listen: `await sandbox.listen()` first, or use sandbox.fetch, which needs no port.',
      )
    },
    async listen(port, host) {
      if (current) throw new Error('The sandbox listens already: close() it first.')
      const server = createServer(handler)
      const url = new Promise<string>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          resolve(urlOf(host, (server.address() as AddressInfo).port))
        })
      })
      const mine = { server, host, url, baseUrl: '' }
      current = mine
      try {
        mine.baseUrl = await url
        return mine.baseUrl
      } catch (error) {
        current = undefined
        throw error
      }
    },
    async close() {
      if (!current) return
      const { server, url } = current
      const listening = await url.then(
        () => true,
        () => false,
      )
      current = undefined
      if (!listening) return
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}
