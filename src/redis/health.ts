import { withDeadline } from '../deadline.js'
import { isReady, type LiveClient, redisKind } from './client-kind.js'
import { isConnectionError } from './reply-error.js'

/** `partly`: some of the connections answer. */
export type Health = 'well' | 'partly' | 'away'

interface Cluster {
  masters: unknown[]
  nodeClient: (node: unknown) => Promise<LiveClient> | LiveClient
}

interface Sentinel {
  sendCommand: (isReadonly: boolean, args: string[]) => Promise<unknown>
}

/** One question for every connection behind a client. */
function questions(client: LiveClient): (() => Promise<unknown>)[] {
  switch (redisKind(client)) {
    case 'cluster': {
      const { masters, nodeClient } = client as unknown as Cluster
      return masters.map((node) => async () => {
        const master = await nodeClient.call(client, node)
        // A queue would keep the question until the node is back.
        if (!isReady(master)) throw new Error('not connected')
        return master.ping()
      })
    }
    case 'sentinel':
      return [
        async () => {
          const role = await (client as unknown as Sentinel).sendCommand(false, ['ROLE'])
          if ((role as unknown[])[0] !== 'master') throw new Error('no master any more')
        },
      ]
    case 'pool':
      // Asked at once, each goes to another connection.
      return Array.from(
        { length: Math.max(1, (client as unknown as { totalClients: number }).totalClients) },
        () => () => client.ping(),
      )
    case 'client':
      return [() => client.ping()]
  }
}

/** Asks every connection of a client for a sign of life, and waits for at most `ms` milliseconds. */
export async function healthOf(client: LiveClient, ms: number): Promise<Health> {
  if (!isReady(client)) return 'away'
  const signs = await Promise.all(
    questions(client).map((ask) =>
      withDeadline(ask(), ms).then(
        () => true,
        // Redis that says no (it is loading, or busy) is there; another connection would hear the same.
        (error: unknown) => !isConnectionError(error),
      ),
    ),
  )
  if (!signs.includes(true)) return 'away'
  return signs.includes(false) ? 'partly' : 'well'
}
