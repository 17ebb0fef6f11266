import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A key that both ends have: TLS without certificates. */
const shared = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  psk: Buffer.alloc(32, 7),
} as const

/** What makes a TLS connection trust the local WeChat. */
export const trustOfLocalWeChat = {
  ciphers: shared.ciphers,
  maxVersion: shared.maxVersion,
  pskCallback: () => ({ psk: shared.psk, identity: 'test' }),
  checkServerIdentity: () => undefined,
}

/** An http server on this machine that a test lets play WeChat. */
export interface LocalWeChat {
  readonly baseUrl: string
  /** Method and URL of every request so far, exactly as they came over the wire. */
  readonly requests: string[]
  /** How many connections were made to it since it was told what to answer. */
  readonly connections: number
  /** How many there are now. */
  readonly open: number
  /** Forgets the requests and connections, and answers from now on like this. */
  answer(handle: (req: IncomingMessage, res: ServerResponse) => void): void
  /** Forgets the same, and answers the first with the first of these, and so on; the last one again and again. */
  say(...bodies: (string | object)[]): void
  /** Ends the connections on which nothing is asked at the moment. */
  closeIdle(): void
  close(): Promise<void>
}

export async function startLocalWeChat({ tls = false } = {}): Promise<LocalWeChat> {
  let handle: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => res.end()
  const requests: string[] = []
  let connections = 0
  const listen = (req: IncomingMessage, res: ServerResponse): void => {
    requests.push(`${req.method} ${req.url}`)
    handle(req, res)
  }
  const { psk, ...options } = shared
  const server = tls
    ? createTlsServer({ ...options, pskCallback: () => psk }, listen)
    : createServer(listen)
  let open = 0
  server.on('connection', (socket) => {
    connections += 1
    open += 1
    socket.on('close', () => (open -= 1))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const answer: LocalWeChat['answer'] = (next) => {
    requests.length = 0
    connections = 0
    handle = next
  }
  return {
    baseUrl: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections
    },
    get open() {
      return open
    },
    answer,
    say(...bodies) {
      answer((_req, res) => {
        const body = bodies[Math.min(requests.length, bodies.length) - 1]!
        // As WeChat labels it.
        res.setHeader('content-type', 'text/plain')
        res.end(typeof body === 'string' ? body : JSON.stringify(body))
      })
    },
    closeIdle() {
      server.closeIdleConnections()
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
