import { createClient, type RedisClientOptions } from 'redis'

/** A node-redis client as {@link createRedis} makes it; not connected yet. */
export type WxRedis = ReturnType<typeof createClient>

/**
 * A node-redis client set up for sessions on the request path: commands fail at once while Redis is away
 * instead of waiting in a queue, dead connections are noticed within two seconds, and it reconnects for ever.
 * Errors of the connection do not end the process (the plugin answers 503 meanwhile).
 *
 * The `redis` package's own defaults wait: with them a request hangs for as long as Redis is away, and one
 * socket timeout ends the client for good.
 *
 * @param url - `redis://[user:password@]host:port[/db]`, or `rediss://` for TLS
 * @param options - merged over the defaults; `socket` merged field by field
 * @example
 * ```ts
 * import { createRedis } from 'express-wx-login/redis'
 * const redis = createRedis('redis://127.0.0.1:6379')
 * void redis.connect()                 // the app may start before Redis does
 * app.use(wxLogin({ appid, secret, session: { secret: sessionSecret }, redis }))
 * ```
 */
export function createRedis(url: string, options: RedisClientOptions = {}): WxRedis {
  const { socket, ...rest } = options
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: 500,
    ...rest,
    socket: {
      connectTimeout: 1000,
      socketTimeout: 2000,
      reconnectStrategy: (retries: number) => Math.min(50 * (retries + 1), 500),
      ...socket,
    } as NonNullable<RedisClientOptions['socket']>,
  })
  client.on('error', () => undefined)
  return client
}
