import { createClient, type RedisClientOptions } from 'redis'
import { withDeadline } from '../../src/deadline.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'

export type Client = ReturnType<typeof createClient>

/** Of the test that runs: a client of the app behind a proxy, and the link made of it. */
export interface LinkSetup {
  server: RedisServer
  proxy: FaultProxy
  client: Client
  link: RedisLink
  /** Makes both: the link gives an operation 300 ms. */
  make(options?: RedisClientOptions): void
  /** {@link make}, and connects the client. */
  start(options?: RedisClientOptions): Promise<void>
  /** Whether the link works, which it is told to find out as a failed operation would tell it. */
  works(): Promise<boolean>
}

export const answers = async (of: unknown): Promise<boolean> =>
  (await withDeadline((of as Client).ping(), 200)) === 'PONG'

/** A Redis for the tests of a file, with what each of them needs; all of it ends with them. */
export function setUpLink(): LinkSetup {
  const at = {
    make(options = {}) {
      at.client = createClient({ url: at.proxy.url, disableOfflineQueue: true, ...options })
      at.client.on('error', () => undefined)
      at.link = createRedisLink(at.client as unknown as LiveClient, 300)
    },
    async start(options) {
      at.make(options)
      await at.client.connect()
    },
    async works() {
      at.link.trouble()
      return at.link.ready() && answers(at.link.client)
    },
  } as LinkSetup
  beforeAll(async () => {
    at.server = await startRedisServer()
  })
  afterAll(() => at.server.stop())
  beforeEach(async () => {
    at.proxy = await startFaultProxy(at.server.port)
  })
  afterEach(async () => {
    at.server.thaw()
    at.link.close()
    at.client.destroy()
    await at.proxy.close()
  })
  return at
}
