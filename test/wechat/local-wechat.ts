import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An http server on this machine that a test lets play WeChat. */
export interface LocalWeChat {
  readonly baseUrl: string
  /** Method and URL of every request so far, exactly as they came over the wire. */
  readonly requests: string[]
  /** Forgets the requests and answers from now on like this. */
  answer(handle: (req: IncomingMessage, res: ServerResponse) => void): void
  /** Forgets the requests and answers the first with the first of these, and so on; the last one again and again. */
  say(...bodies: (string | object)[]): void
  close(): Promise<void>
}

export async function startLocalWeChat(): Promise<LocalWeChat> {
  let handle: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => res.end()
  const requests: string[] = []
  const server = createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`)
    handle(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const answer: LocalWeChat['answer'] = (next) => {
    requests.length = 0
    handle = next
  }
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    say(...bodies) {
      answer((_req, res) => {
        const body = bodies[Math.min(requests.length, bodies.length) - 1]!
        // As WeChat labels it.
        res.setHeader('content-type', 'text/plain')
        res.end(typeof body === 'string' ? body : JSON.stringify(body))
      })
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
