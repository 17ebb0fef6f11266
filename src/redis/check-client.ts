/** The parts of the clients that tell them apart. */
interface Suspect {
  defineCommand?: unknown
  sendCommand?: unknown
  close?: unknown
  connect?: unknown
  on?: unknown
}

/**
 * What makes this object useless as `redis`, with the fix; empty where it is a node-redis 5 or 6 client,
 * pool, cluster or sentinel.
 */
export function redisFaults(client: unknown): string[] {
  if (typeof client !== 'object' || client === null) return []
  const { defineCommand, sendCommand, close, connect, on } = client as Suspect
  if (typeof defineCommand === 'function') {
    return [
      'redis: this is an ioredis client, whose commands connect-redis 9 and 10 do not speak; give a client of the package `redis` (npm i redis), or a store of your own as session.store',
    ]
  }
  if (
    typeof sendCommand !== 'function' &&
    typeof (client as { execute?: unknown }).execute !== 'function'
  ) {
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

/**
 * False while a client is known to be away. Pools, and clusters before redis 6, only know whether they were
 * ever connected.
 */
export function isRedisReady(client: unknown): boolean {
  const { isReady, isOpen } = (client ?? {}) as { isReady?: boolean; isOpen?: boolean }
  return isReady ?? isOpen ?? true
}
