import { withDeadline } from '../deadline.js'
import { type ClusterClient, isReady, type LiveClient, redisKind } from './client-kind.js'
import type { Server } from './copies.js'
import { isConnectionError, isQueueFull } from './reply-error.js'

/** What the connections behind a client say. */
export interface Examination {
  /** `partly`: some of the connections answer. */
  health: 'well' | 'partly' | 'away'
  /** The client had too many commands before it to ask: its connections may be well. */
  full: boolean
  /** Where there are several servers: those that answer. */
  answering: Server[]
}

interface Question {
  ask: () => Promise<unknown>
  /** Whom it asks, where there are several servers. */
  server?: () => Server | undefined
}

interface Sentinel {
  sendCommand: (isReadonly: boolean, args: string[]) => Promise<unknown>
}

let asked = 0

/** A sign of life that is the answer to this question, and not to another. */
async function ping(client: LiveClient): Promise<void> {
  const question = `wx ${String(++asked)}`
  if (String(await client.ping(question)) !== question) throw new Error('answers are out of step')
}

/** One question for every connection behind a client. */
function questions(client: LiveClient): Question[] {
  switch (redisKind(client)) {
    case 'cluster': {
      const { masters, nodeClient } = client as unknown as ClusterClient
      return masters.map((node) => ({
        async ask() {
          const master = await nodeClient.call(client, node)
          // A queue would keep the question until the node is back.
          if (!isReady(master)) throw new Error('not connected')
          return ping(master)
        },
        // As it was reached, which is not always as the cluster names it.
        server: () => node.client?.options?.socket,
      }))
    }
    case 'sentinel':
      return [
        {
          async ask() {
            const role = await (client as unknown as Sentinel).sendCommand(false, ['ROLE'])
            if ((role as unknown[])[0] !== 'master') throw new Error('no master any more')
          },
        },
      ]
    // Of a pool one connection is asked, whichever is free: one that hangs is in use for ever and out of the way.
    case 'pool':
    case 'client':
      return [{ ask: () => ping(client) }]
  }
}

/** Asks every connection of a client for a sign of life, and waits for at most `ms` milliseconds. */
export async function examine(client: LiveClient, ms: number): Promise<Examination> {
  if (!isReady(client)) return { health: 'away', full: false, answering: [] }
  const all = questions(client)
  // In a pool that has much to do the question waits for its turn.
  const patience = redisKind(client) === 'pool' ? 2 * ms : ms
  let full = false
  const signs = await Promise.all(
    all.map(({ ask }) =>
      withDeadline(ask(), patience).then(
        () => true,
        // Redis that says no (it is loading, or busy) is there; another connection would hear the same.
        (error: unknown) => {
          full ||= isQueueFull(error)
          return !isConnectionError(error)
        },
      ),
    ),
  )
  const answering = all.filter((_, i) => signs[i]).flatMap(({ server }) => server?.() ?? [])
  if (!signs.includes(true)) return { health: 'away', full, answering }
  return { health: signs.includes(false) ? 'partly' : 'well', full, answering }
}
