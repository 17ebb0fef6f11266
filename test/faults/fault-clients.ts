import { createClient, createClientPool } from 'redis'
import { createRedis } from '../../src/redis/index.js'

/** The part of every node-redis client that the fault suite uses itself. */
export interface GivenClient {
  connect(): Promise<unknown>
  destroy(): unknown
}

/** The set-ups that apps come with. */
export const clients = {
  createRedis: (url: string): GivenClient => createRedis(url),
  /** As in the README of node-redis: commands wait in a queue, and nothing looks after a silent connection. */
  defaults: (url: string): GivenClient => createClient({ url }),
  /** All options of node-redis that are meant for outages, together. */
  'best options': (url: string): GivenClient =>
    createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 1000,
      pingInterval: 500,
      commandOptions: { timeout: 1000 },
      socket: {
        connectTimeout: 1000,
        socketTimeout: 1500,
        reconnectStrategy: (retries: number) => Math.min(50 * (retries + 1), 500),
      },
    }),
  /** F6: with the default reconnectStrategy the first socket timeout ends the client for good. */
  socketTimeout: (url: string): GivenClient =>
    createClient({ url, socket: { socketTimeout: 1000 } }),
  pool: (url: string): GivenClient => createClientPool({ url }, { minimum: 2, maximum: 10 }),
}

export type ClientName = keyof typeof clients
