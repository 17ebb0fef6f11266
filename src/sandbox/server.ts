import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { plainAddress } from './control/guard.js'
import type { Dispatch } from './dispatch.js'
import type { Reply } from './reply.js'
import { SandboxError } from './sandbox-error.js'

/** The largest body the sandbox reads, in bytes. */
export const maxBody = 64 * 1024
// What a reader of events may be behind before it is cut off.
const maxUnread = 1024 * 1024

async function readBody(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    // Read on without keeping it: an answer before the end of the request can get lost on the way.
    if (length <= maxBody) chunks.push(chunk)
  }
  return length <= maxBody ? Buffer.concat(chunks).toString('utf8') : undefined
}

function send(res: ServerResponse, reply: Reply): void {
  const { status, headers, body } = reply
  if (typeof body === 'string') {
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body)
    return
  }
  res.writeHead(status, headers)
  const stop = body((text) => {
    res.write(text)
    if (res.writableLength > maxUnread) res.destroy()
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
      gone.abort()
    })
    const { host, origin } = req.headers
    const reply = await dispatch(
      {
        method: req.method!,
        url: req.url!,
        body: await readBody(req),
        caller: {
          host,
          origin,
          localAddress: req.socket.localAddress,
          remoteAddress: plainAddress(req.socket.remoteAddress),
        },
        lastEventId: req.headers['last-event-id'] as string | undefined,
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
