import type { ClusterClient, LiveClient } from './client-kind.js'
import type { Server } from './copies.js'
import { isConnectionError, isQueueFull } from './reply-error.js'

/**
 * After bytes that are no reply node-redis goes on with the connection, one answer behind: every command gets
 * the answer of another. A connection that broke is not ready any more when it says so, and what Redis says no
 * with is in step.
 */
export const isOutOfStep = (client: LiveClient, reason: unknown): boolean =>
  client.isReady === true && isConnectionError(reason) && !isQueueFull(reason)

/** Ends the connection to one node of a cluster where it is out of step; the cluster makes another when it needs it. */
export function cutNode(cluster: LiveClient, reason: unknown, { host, port }: Server): void {
  const { masters } = cluster as unknown as ClusterClient
  for (const node of masters) {
    const { client } = node
    const socket = client?.options?.socket
    if (!client || socket?.host !== host || socket.port !== port) continue
    if (!isOutOfStep(client, reason)) continue
    node.client = undefined
    client.destroy()
  }
}
