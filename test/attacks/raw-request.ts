import { connect } from 'node:net'

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number
  headers: Headers
  /** Parsed where it is JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into replies of every shape
  body: any
  /** All of it, with its head. */
  text: string
}

export interface RawRequest {
  method?: string
  path?: string
  /** As they stand: in this order, with these names, some of them twice if you like. */
  headers?: readonly (readonly [name: string, value: string])[]
  /** Its length is sent along, unless `headers` say something of it. */
  body?: string | Buffer
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
  const rest = text.slice(end + 4)
  let body: unknown = rest
  try {
    body = JSON.parse(rest)
  } catch {
    // not JSON: the text itself
  }
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]), headers, body, text }
}

/** Whether an answer is complete by its own length; one without a length ends with the connection. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = text.slice(0, end)
  if (/^HTTP\/1\.1 (204|304)/.test(head)) return true
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  return length !== undefined && text.length >= end + 4 + Number(length)
}

/** A request of which a part has been sent. */
export interface HalfSent {
  /** Sends the rest, and reads the answer, or until the server closes the connection. */
  finish(rest: string | Buffer): Promise<RawAnswer>
}

/** Begins a request; {@link HalfSent.finish} ends it, when the server has done something else meanwhile. */
export function beginRaw(url: string, bytes: string | Buffer): HalfSent {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (isWhole(received.toString('latin1'))) socket.destroy()
  })
  // A server that has refused enough of a request cuts it off: what it said before is the answer.
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.write(Buffer.from(bytes as string, 'latin1'))
  return {
    async finish(rest) {
      socket.write(Buffer.from(rest as string, 'latin1'))
      await closed
      return parse(received.toString())
    },
  }
}

/** Sends bytes that no HTTP client would send, and reads the answer, or until the server closes the connection. */
export const sendRaw = (url: string, bytes: string | Buffer): Promise<RawAnswer> =>
  beginRaw(url, bytes).finish('')

/** A request whose headers no HTTP client would send so. Their values go out byte by byte (latin1). */
export function rawRequest(url: string, o: RawRequest = {}): Promise<RawAnswer> {
  const { method = 'GET', path = '/me', headers = [], body = '' } = o
  const payload = Buffer.from(body)
  const saysLength = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    ...(saysLength || payload.length === 0 ? [] : [`Content-Length: ${String(payload.length)}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return sendRaw(
    url,
    Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), payload]),
  )
}
