import { redisKind } from './client-kind.js'

/** The parts of the clients that tell them apart. */
interface Suspect {
  defineCommand?: unknown
  sendCommand?: unknown
  /** Of a pool. */
  execute?: unknown
  close?: unknown
  connect?: unknown
  on?: unknown
  then?: unknown
}

/**
 * What makes this object useless as `redis`, with the fix; empty where it is a node-redis 5 or 6 client,
 * pool, cluster or sentinel.
 */
export function redisFaults(client: unknown): string[] {
  if (typeof client !== 'object' || client === null) return []
  const { defineCommand, sendCommand, execute, close, connect, on, then } = client as Suspect
  if (typeof then === 'function') return ['redis: this is the promise of a client; await it']
  if (typeof defineCommand === 'function') {
    return [
      'redis: this is an ioredis client, whose commands connect-redis 9 and 10 do not speak; give a client of the package `redis` (npm i redis), or a store of your own as session.store',
    ]
  }
  if (typeof sendCommand !== 'function' && typeof execute !== 'function') {
    return [
      'redis: must be a client of the package `redis` (createClient, createClientPool, createCluster, createSentinel)',
    ]
  }
  // redis 4 has quit() and disconnect() only; with it connect-redis stores sessions without an expiry.
  if (typeof close !== 'function' || typeof connect !== 'function' || typeof on !== 'function') {
    return [
      'redis: this client is of redis 4 or older; update with `npm i redis@latest` (5 or newer)',
    ]
  }
  return []
}

interface Options {
  disableOfflineQueue?: boolean
  pingInterval?: number
  socket?: { socketTimeout?: number; reconnectStrategy?: unknown }
  clientSideCache?: { ttl?: number }
  /** Of a cluster. */
  defaults?: Options
}

/** The options of the connections behind a client; undefined where it does not tell (pools, sentinels). */
function optionsOf(client: object): Options | undefined {
  const { options, _options } = client as { options?: Options; _options?: Options }
  const own = options ?? _options
  return redisKind(client) === 'cluster' ? { ...own?.defaults, ...own } : own
}

/**
 * What in the options of a client will make its own commands hang, or end it for good, each with its fix. The
 * plugin's commands have a deadline and a client to fall back on; the app's own have neither.
 */
export function redisWarnings(client: unknown): string[] {
  if (typeof client !== 'object' || client === null) return []
  const options = optionsOf(client)
  if (!options) return []
  const { socket } = options
  const found: string[] = []
  if (options.disableOfflineQueue !== true) {
    found.push(
      'disableOfflineQueue is not set: commands wait in memory while Redis is away, and run long after they were given up; set it to true',
    )
  }
  if (socket?.reconnectStrategy === false) {
    found.push(
      'socket.reconnectStrategy is false: the client ends with its first broken connection; give a function that returns ms',
    )
  } else if (socket?.socketTimeout !== undefined && socket.reconnectStrategy === undefined) {
    found.push(
      'socket.socketTimeout without socket.reconnectStrategy: the first timeout ends the client for good; give a function that returns ms',
    )
  }
  if (
    socket?.socketTimeout !== undefined &&
    (options.pingInterval ?? Infinity) >= socket.socketTimeout
  ) {
    found.push(
      'socket.socketTimeout without a shorter pingInterval: quiet connections are broken off; set pingInterval to a quarter of it',
    )
  }
  if (options.clientSideCache && !((options.clientSideCache.ttl ?? 0) > 0)) {
    found.push(
      'clientSideCache without ttl: a session that ended goes on here for as long as the news of it is lost; set ttl to 10000',
    )
  }
  return found
}
