import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/**
 * A TCP proxy in front of one server, with faults that a test switches. One fault at a time: each
 * ends the one before, except that {@link reset} leaves it as it is.
 */
export interface FaultProxy {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Connections that neither side has ended; half-open ones count until their client gives them up. */
  connections(): number
  /** All connections there ever were. */
  accepted(): number
  /** Heals: new connections work, what was held back is delivered. Half-open connections stay dead. */
  pass(): void
  /** Every connection of this moment is silent for ever, without FIN or RST; new ones work. */
  halfOpen(): void
  /** Like a hung server: takes connections and bytes, answers nothing. The bytes arrive after {@link pass}. */
  freeze(): void
  /** {@link halfOpen} for the connections of this moment, {@link freeze} for new ones. */
  blackhole(): void
  /** Answers come `ms` later, in order. */
  delay(ms: number): void
  /** RST to every connection of this moment but the half-open ones, whose peer is gone. */
  reset(): void
  /** {@link reset} now and every `ms`. */
  resetEvery(ms: number): void
  /** {@link reset}, and nobody listens on the port any more. */
  refuse(): void
  /** Instead of answers come bytes that are no RESP. */
  garbage(): void
  /** On every connection, new ones too, the next answer is cut in the middle and followed by a FIN. */
  truncate(): void
  /** Connections of any kind are destroyed, and nothing keeps the process alive. */
  close(): Promise<void>
}

interface Fault {
  frozen?: true
  delay?: number
  answers?: 'garbage' | 'truncated'
  resetEvery?: number
  refuse?: true
}

/** Bytes, or the end of them, on their way through the proxy. */
interface Piece {
  due: boolean
  deliver: () => void
}

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  readonly requests: Piece[]
  readonly answers: Piece[]
  /** What comes on it is read, so that writes succeed, and dropped. */
  dead: boolean
}

export async function startFaultProxy(upstreamPort: number): Promise<FaultProxy> {
  const links = new Set<Link>()
  let accepted = 0
  let fault: Fault = {}
  let resets: NodeJS.Timeout | undefined

  // Half open: the end of one direction has its place in the queue, behind the bytes before it.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted += 1
    const upstream = createConnection({
      ...{ host: '127.0.0.1', port: upstreamPort },
      ...{ allowHalfOpen: true, noDelay: true },
    })
    const link: Link = { client, upstream, requests: [], answers: [], dead: false }
    links.add(link)
    const request = (deliver: () => void): void => carry(link, link.requests, deliver)
    client.on('data', (bytes) => request(() => upstream.write(bytes)))
    client.on('end', () => request(() => upstream.end()))
    client.on('error', () => request(() => upstream.destroy()))
    const answer = (deliver: () => void): void => carry(link, link.answers, deliver, fault.delay)
    upstream.on('data', (bytes) => answer(() => deliverAnswer(link, bytes)))
    upstream.on('end', () => answer(() => client.end()))
    upstream.on('error', () => answer(() => client.resetAndDestroy()))
    const forget = (): void => {
      if (client.closed && upstream.closed) links.delete(link)
    }
    client.on('close', forget)
    upstream.on('close', forget)
  })

  function carry(link: Link, queue: Piece[], deliver: () => void, delay = 0): void {
    if (link.dead) return
    const piece: Piece = { due: delay === 0, deliver }
    queue.push(piece)
    if (delay > 0) {
      setTimeout(() => {
        piece.due = true
        release(link)
      }, delay).unref()
    }
    release(link)
  }

  function release(link: Link): void {
    for (const queue of [link.requests, link.answers]) {
      while (!fault.frozen && queue[0]?.due) queue.shift()?.deliver()
    }
  }

  function deliverAnswer(link: Link, bytes: Buffer): void {
    if (fault.answers === 'garbage') link.client.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    else if (fault.answers === 'truncated') {
      let half = bytes.length >> 1
      // Between two answers would be no cut.
      if (bytes[half - 1] === 0x0a) half -= 1
      link.client.end(bytes.subarray(0, half))
      link.upstream.destroy()
      abandon(link)
    } else link.client.write(bytes)
  }

  function abandon(link: Link): void {
    link.dead = true
    link.requests.length = 0
    link.answers.length = 0
  }

  function reset(): void {
    for (const link of links) {
      if (link.dead) continue
      abandon(link)
      link.client.resetAndDestroy()
      link.upstream.resetAndDestroy()
    }
  }

  function change(next: Fault): void {
    fault = next
    clearInterval(resets)
    if (next.resetEvery !== undefined) resets = setInterval(reset, next.resetEvery).unref()
    if (next.refuse || next.resetEvery !== undefined) reset()
    if (next.refuse) server.close()
    listenAgain()
    for (const link of links) {
      if (next.delay === undefined) for (const piece of link.answers) piece.due = true
      release(link)
    }
  }

  function listenAgain(): void {
    if (!fault.refuse && !server.listening) server.listen(port, '127.0.0.1')
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  // Somebody else has the port for a moment.
  server.on('error', () => setTimeout(listenAgain, 20).unref())

  return {
    port,
    url: `redis://127.0.0.1:${String(port)}`,
    connections: () =>
      [...links].filter(
        ({ client }) => !client.destroyed && !client.readableEnded && !client.writableEnded,
      ).length,
    accepted: () => accepted,
    pass: () => change({}),
    halfOpen() {
      for (const link of links) abandon(link)
      change({})
    },
    freeze: () => change({ frozen: true }),
    blackhole() {
      for (const link of links) abandon(link)
      change({ frozen: true })
    },
    delay: (ms) => change({ delay: ms }),
    reset,
    resetEvery: (ms) => change({ resetEvery: ms }),
    refuse: () => change({ refuse: true }),
    garbage: () => change({ answers: 'garbage' }),
    truncate: () => change({ answers: 'truncated' }),
    async close() {
      change({ refuse: true })
      const sockets = [...links]
        .flatMap(({ client, upstream }) => [client, upstream])
        .filter((socket) => !socket.closed)
      const closed = sockets.map(
        (socket) => new Promise((resolve) => socket.once('close', resolve)),
      )
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
