import { Agent, type OutgoingHttpHeaders, request } from 'node:http'

export interface Reply {
  status: number
  /** Of a JSON answer; empty where there was no body. */
  body: Record<string, unknown>
  /** The first cookie it set, as the next request has to send it. */
  cookie: string | undefined
}

/** HTTP over connections that stay: tens of thousands of requests would run out of ports otherwise. */
export interface Client {
  send(
    method: 'GET' | 'POST',
    path: string,
    options?: { headers?: OutgoingHttpHeaders; body?: object },
  ): Promise<Reply>
  close(): void
}

export function createClient(url: string): Client {
  // Without a limit: requests that wait at a gate must not keep those out that will open it.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1000 })
  return {
    send(method, path, { headers = {}, body } = {}) {
      const text = body === undefined ? '' : JSON.stringify(body)
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const length = Buffer.byteLength(text)
      return new Promise((resolve, reject) => {
        const sent = request(`${url}${path}`, {
          method,
          agent,
          headers: { ...headers, ...type, 'content-length': length },
        })
        sent.on('error', reject)
        sent.on('response', (res) => {
          let received = ''
          res.setEncoding('utf8')
          res.on('data', (chunk: string) => (received += chunk))
          res.on('error', reject)
          res.on('end', () => {
            const json = res.headers['content-type']?.startsWith('application/json') === true
            resolve({
              status: res.statusCode!,
              body: json ? (JSON.parse(received) as Record<string, unknown>) : {},
              cookie: res.headers['set-cookie']?.[0]?.split(';')[0],
            })
          })
        })
        sent.end(text)
      })
    },
    close: () => agent.destroy(),
  }
}
