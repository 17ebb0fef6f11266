import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A Redis that is far away: whatever it answers arrives `ms` later. */
export interface FarRedis {
  url: string
  close(): Promise<void>
}

/**
 * Counting packets, socket writes or commands would not count round trips: commands sent together share one, and one
 * command can be many packets. Here the wait itself is counted. A reply is never early, so who needs the answer
 * of one command to ask the next waits `ms` each time, and who does not waits once, however the bytes are cut.
 */
export async function farRedis(port: number, ms: number): Promise<FarRedis> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const redis = connect(port, '127.0.0.1')
    for (const socket of [client, redis]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        redis.destroy()
      })
    }
    client.pipe(redis)
    // Timers of one length end in the order in which they began.
    redis.on('data', (chunk) => setTimeout(() => client.destroyed || client.write(chunk), ms))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
