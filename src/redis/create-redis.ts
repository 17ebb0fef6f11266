import { createClient, createCluster, createSentinel } from 'redis'
import { withDeadline } from '../deadline.js'
import { rememberSentinels } from './copies.js'
import { parseRedisUrl } from './redis-url.js'

/** A node-redis client as {@link createRedis} makes it; not connected yet. */
export type WxRedis = ReturnType<typeof createClient>
/** What {@link createRedis} makes for a cluster. */
export type WxRedisCluster = ReturnType<typeof createCluster>
/** What {@link createRedis} makes for a Redis behind Sentinel. */
export type WxRedisSentinel = ReturnType<typeof createSentinel>

// redis 5.0 has no names for these three.
/** What {@link createRedis} takes beside the URL: the options of node-redis' `createClient`. */
export type WxRedisOptions = NonNullable<Parameters<typeof createClient>[0]>
type ClusterOptions = Parameters<typeof createCluster>[0]
type SentinelOptions = Parameters<typeof createSentinel>[0]

const reconnectPause = 500
const connectTimeout = 3000

/** How much is kept of what was read, and for how long (ms) where Redis does not say that it changed. */
const cacheLimits = { ttl: 10_000, maxEntries: 10_000, evictPolicy: 'LRU' }

/** Options of a client as a whole, where others are of each of its connections. */
function clientOptions({ commandOptions, clientSideCache }: WxRedisOptions): object {
  return {
    // A timer for each command is dear, and ends only those that wait to be sent: none does that for long here, and
    // the plugin's have a deadline of their own.
    commandOptions: { timeout: undefined, ...commandOptions },
    ...(clientSideCache && {
      RESP: 3,
      clientSideCache:
        'handleCache' in clientSideCache ? clientSideCache : { ...cacheLimits, ...clientSideCache },
    }),
  }
}

/** Options under which nothing waits for long, and no connection is given up for good. */
function connectionOptions({
  socket,
  clientSideCache: _cache,
  commandOptions: _commands,
  ...rest
}: WxRedisOptions): WxRedisOptions {
  return {
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: 500,
    ...rest,
    socket: {
      connectTimeout: 1000,
      socketTimeout: 2000,
      // The first at once, for a connection that just broke.
      reconnectStrategy: (retries: number) => Math.min(10 + 50 * retries, reconnectPause),
      ...socket,
    } as NonNullable<WxRedisOptions['socket']>,
  }
}

interface Ends {
  readonly isOpen: boolean
  connect: () => Promise<unknown>
  close: () => Promise<unknown>
  destroy: () => unknown
}

/** Clusters and sentinels give up where no node answers at first; a server may be started before its Redis. */
function connectForEver<C extends Ends>(client: C): C {
  const [connect, close, destroy] = [client.connect, client.close, client.destroy].map((method) =>
    (method as () => Promise<unknown>).bind(client),
  ) as [Ends['connect'], Ends['close'], Ends['destroy']]
  let wanted = false
  let connecting: Promise<unknown> | undefined

  const end = (): void => {
    ;(async () => destroy())().catch(() => undefined)
  }

  async function keepTrying(): Promise<unknown> {
    for (;;) {
      try {
        // A cluster waits for every master it knows of, also for one whose place is about to be taken.
        const connected = await withDeadline(connect(), connectTimeout)
        if (wanted) return connected
      } catch {
        end()
        if (wanted) await new Promise((resolve) => setTimeout(resolve, reconnectPause))
      }
      if (!wanted) {
        // It was connected all the same where it was closed in the middle of that.
        end()
        throw new Error('The client was closed before Redis was reached')
      }
    }
  }

  return Object.assign(client, {
    connect(): Promise<unknown> {
      wanted = true
      // node-redis says itself that what is open cannot be connected again; trying anew would end it.
      if (!connecting && client.isOpen) return connect()
      connecting ??= keepTrying().finally(() => (connecting = undefined))
      return connecting
    },
    close(): Promise<unknown> {
      wanted = false
      return close()
    },
    destroy(): unknown {
      wanted = false
      return destroy()
    },
  })
}

type Scheme<What extends string> = `redis${'' | 's'}${What}://${string}`

/**
 * A node-redis client set up for sessions on the request path: commands fail at once while Redis is away
 * instead of waiting in a queue, dead connections are noticed within two seconds, and it reconnects for ever,
 * also where Redis was not there at first. Errors of the connection do not end the process (the plugin answers
 * 503 meanwhile).
 *
 * The `redis` package's own defaults wait: with them a request hangs for as long as Redis is away, one
 * socket timeout ends the client for good, and a cluster is looked at anew only five seconds after a node
 * was lost.
 *
 * | URL | client |
 * |---|---|
 * | `redis://[user:password@]host:port[/db]` | one server |
 * | `redis+sentinel://[user:password@]host:port,host:port/name[/db]` | the master `name` that these sentinels watch |
 * | `redis+cluster://[user:password@]host:port,host:port` | a cluster, some of whose nodes these are |
 *
 * With `clientSideCache: {}` (Redis 6 or newer) sessions that were read are kept in the process until Redis tells
 * that they changed, at most ten thousand of them for at most ten seconds each: a request then costs no command, and
 * a session that ends anywhere ends here with the next message from Redis.
 *
 * With `rediss` instead of `redis`: TLS. User and password are those of the Redis servers. A URL that is only
 * known at run time gives a client of the plain type: commands with a key are the same on all three.
 *
 * @param options - merged over the defaults of each connection; `socket` merged field by field
 * @throws TypeError for a URL of another form
 * @example
 * ```ts
 * import { createRedis } from 'express-wx-login/redis'
 * const redis = createRedis('redis://127.0.0.1:6379')
 * void redis.connect()                 // the app may start before Redis does
 * app.use(wxLogin({ appid, secret, session: { secret: sessionSecret }, redis }))
 * ```
 */
export function createRedis(url: Scheme<'+cluster'>, options?: WxRedisOptions): WxRedisCluster
export function createRedis(url: Scheme<'+sentinel'>, options?: WxRedisOptions): WxRedisSentinel
export function createRedis(url: string, options?: WxRedisOptions): WxRedis
export function createRedis(url: string, options: WxRedisOptions = {}): unknown {
  const target = parseRedisUrl(url)
  if (target.kind === 'client') {
    const client = createClient({ url, ...connectionOptions(options), ...clientOptions(options) })
    client.on('error', () => undefined)
    return client
  }

  const { username, password, tls, nodes } = target
  const connection = connectionOptions({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(target.database !== undefined && { database: target.database }),
    ...options,
    socket: { ...(tls && { tls }), ...options.socket } as NonNullable<WxRedisOptions['socket']>,
  })
  const client =
    target.kind === 'cluster'
      ? createCluster({
          ...clientOptions(options),
          rootNodes: nodes.map((socket) => ({ socket })),
          defaults: connection,
          topologyRefreshOnReconnectionAttemptStrategy: 100,
        } as ClusterOptions)
      : createSentinel({
          ...clientOptions(options),
          name: target.name,
          sentinelRootNodes: nodes,
          nodeClientOptions: connection,
          sentinelClientOptions: { socket: { connectTimeout: 1000, ...(tls && { tls }) } },
          scanInterval: 1000,
        } as SentinelOptions)
  if (target.kind === 'sentinel') rememberSentinels(client, nodes)
  client.on('error', () => undefined)
  return connectForEver(client as Ends)
}
