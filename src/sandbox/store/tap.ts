import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { SandboxTapRedisOptions } from '../types.js'
import type { WireRecorder } from '../wire/recorder.js'
import { isLoopbackHost } from '../control/guard.js'
import { SandboxError } from '../sandbox-error.js'
import { watchConversation } from './conversation.js'
import { createRecentKeys } from './recent-keys.js'
import { dial, readEntries } from './redis-reader.js'
import { readRedisUrl, redisUrlAt } from './redis-url.js'
import type { StoreState, WatchedStore } from './types.js'

/** Stands between a server and its Redis. */
export interface RedisTap extends WatchedStore {
  readonly kind: 'redis'
  /** The URL to give to the server. */
  readonly url: string
  close(): Promise<void>
}

interface Line {
  readonly client: Socket
  readonly upstream: Socket
  /** Something that was sent never arrived: what comes after it would answer the wrong question. */
  broken: boolean
}

/**
 * Listens on this machine and hands every byte on, both ways, unchanged; what it understands of them goes onto the wire.
 *
 * @throws {@link SandboxError} where the URL is none of one Redis server
 */
export async function openTap(
  url: string,
  wire: WireRecorder,
  { port = 0, ignore = () => false }: SandboxTapRedisOptions,
): Promise<RedisTap> {
  const address = readRedisUrl(url)
  const keys = createRecentKeys()
  const lines = new Set<Line>()
  let state: StoreState = 'up'

  function cut(which: (line: Line) => boolean): void {
    for (const line of lines) {
      if (!which(line)) continue
      line.client.destroy()
      line.upstream.destroy()
    }
  }

  function serve(client: Socket): void {
    if (state === 'down') {
      client.destroy()
      return
    }
    const upstream = dial(address)
    const line: Line = { client, upstream, broken: false }
    lines.add(line)
    const conversation = watchConversation(wire, keys, ignore)
    // Both sides answer short messages one after the other: waiting to fill packets would cost 40 ms each.
    client.setNoDelay(true)
    upstream.setNoDelay(true)

    function handOn(from: Socket, to: Socket, look: (chunk: Buffer) => void): void {
      from.on('data', (chunk: Buffer) => {
        if (from === client) look(chunk)
        if (state === 'silent') {
          line.broken = true
          return
        }
        if (from === upstream) look(chunk)
        if (!to.write(chunk)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      })
      from.on('error', () => to.destroy())
      from.on('end', () => {
        if (state !== 'silent') to.end()
      })
      from.on('close', () => {
        if (from === client) lines.delete(line)
        // In silence nobody hears that the other side has gone.
        if (from === upstream && state === 'silent') line.broken = true
        else to.destroy()
        conversation.close()
      })
    }
    handOn(client, upstream, conversation.asked)
    handOn(upstream, client, conversation.answered)
  }

  const server: Server = createServer(serve)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const listening = (server.address() as AddressInfo).port
  if (listening === address.port && isLoopbackHost(address.host)) {
    server.close()
    throw new SandboxError(
      'SANDBOX_BAD_REQUEST',
      'redis: this is where the sandbox itself listens: name the Redis behind it',
    )
  }

  return {
    kind: 'redis',
    url: redisUrlAt(listening, url),
    get state() {
      return state
    },
    set state(next) {
      state = next
      if (next === 'down') cut(() => true)
      if (next === 'up') cut(({ broken }) => broken)
    },
    entries: () => readEntries(address, keys.list()),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut(() => true)
      await closed
    },
  }
}
