import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A key that both ends have: TLS without certificates. */
const shared = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  psk: Buffer.alloc(32, 7),
} as const

/** Lets requests over https trust the local WeChat; answers what takes it back. */
export function trustLocalWeChat(): () => void {
  const { request } = https
  const { psk, ...options } = shared
  const trust = {
    ...options,
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  }
  const trusting = jest
    .spyOn(https, 'request')
    .mockImplementation(((asked: RequestOptions) =>
      request(Object.assign(asked, trust))) as typeof request)
  return () => {
    trusting.mockRestore()
  }
}

/** An http server on this machine that a test lets play WeChat. */
export interface LocalWeChat {
  readonly baseUrl: string
  /** Method and URL of every request so far, exactly as they came over the wire. */
  readonly requests: string[]
  /** How many connections were made to it since it was told what to answer. */
  readonly connections: number
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
    ? https.createServer({ ...options, pskCallback: () => psk }, listen)
    : createServer(listen)
  server.on('connection', () => (connections += 1))
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
