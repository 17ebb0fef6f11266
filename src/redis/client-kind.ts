/** The four shapes of a node-redis client. */
export type RedisKind = 'client' | 'pool' | 'cluster' | 'sentinel'

/** Which of the four a client is, told by what only that one has. */
export function redisKind(client: object): RedisKind {
  if ('nodeClient' in client) return 'cluster'
  if ('getSentinelNode' in client) return 'sentinel'
  return 'totalClients' in client ? 'pool' : 'client'
}

/** The part of node-redis' clients that decides whether one can be used, and makes another like it. */
export interface LiveClient {
  readonly isOpen: boolean
  /** Absent on pools, and on clusters before redis 6. */
  readonly isReady?: boolean
  connect: () => Promise<unknown>
  destroy: () => unknown
  ping: (message?: string) => Promise<unknown>
  on: (event: string, listener: (...args: never[]) => void) => unknown
  once: (event: string, listener: (...args: never[]) => void) => unknown
  off: (event: string, listener: (...args: never[]) => void) => unknown
  /** Absent on pools. */
  duplicate?: (overrides?: object) => LiveClient
}

/** The client of one node of a cluster. */
export interface NodeClient extends LiveClient {
  readonly options?: { socket?: { host: string; port: number } }
}

/** What a client of a cluster has beside. */
export interface ClusterClient {
  readonly masters: { readonly address: string; client?: NodeClient | undefined }[]
  /** The connected client of one of the masters. Belongs to the cluster: call it on that. */
  nodeClient: (node: unknown) => Promise<NodeClient> | NodeClient
}

/** False while a client is known to be away. Pools only know whether they were ever connected. */
export const isReady = ({ isReady: ready, isOpen }: LiveClient): boolean => ready ?? isOpen
