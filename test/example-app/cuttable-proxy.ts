import { createServer, type Socket, connect } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A TCP proxy that a test can cut and mend: a server that is away for the app and fine for the test. */
export interface CuttableProxy {
  /** `target` with the proxy's port. */
  readonly url: string
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function startProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((inside) => {
    if (!whole) {
      inside.destroy()
      return
    }
    const outside = connect(Number(port), hostname)
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)

  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut,
    mend() {
      whole = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
