import { withDeadline } from '../deadline.js'
import { type ClusterClient, type LiveClient, redisKind } from './client-kind.js'

/** What a Redis server says of itself; what it does not tell is undefined. */
export interface RedisFacts {
  version: string | undefined
  role: 'master' | 'replica' | undefined
  /** What happens when its memory is full: `noeviction`, or the name of an eviction policy. */
  maxmemoryPolicy: string | undefined
  /** How far its clock is ahead of ours, in ms. */
  clockAhead: number | undefined
}

type Send = (args: string[]) => Promise<unknown>

/** One sender for every server behind a client that sessions are written to. */
function senders(client: LiveClient): Send[] {
  const { sendCommand } = client as unknown as { sendCommand: (...args: unknown[]) => unknown }
  switch (redisKind(client)) {
    case 'cluster': {
      const { masters, nodeClient } = client as unknown as ClusterClient
      return masters.map((node) => async (args) => {
        const master = (await nodeClient.call(client, node)) as unknown as { sendCommand: Send }
        return master.sendCommand(args)
      })
    }
    case 'sentinel':
      return [async (args) => sendCommand.call(client, false, args)]
    case 'pool':
    case 'client':
      return [async (args) => sendCommand.call(client, args)]
  }
}

const roles: Readonly<Record<string, RedisFacts['role']>> = { master: 'master', slave: 'replica' }

async function factsOf(send: Send): Promise<RedisFacts> {
  // One that may not be asked (ACL, a managed service) still answers the other.
  const [info, time] = await Promise.allSettled([
    send(['INFO']).then(String),
    (async () => {
      const before = Date.now()
      const [seconds, micros] = (await send(['TIME'])) as unknown[]
      const ours = (before + Date.now()) / 2
      return Number(seconds) * 1000 + Number(micros) / 1000 - ours
    })(),
  ])
  const field = (name: string): string | undefined =>
    info.status === 'fulfilled'
      ? new RegExp(`^${name}:([\\w.-]{1,40})\\r?$`, 'm').exec(info.value)?.[1]
      : undefined
  return {
    version: field('redis_version'),
    role: roles[field('role') ?? ''],
    maxmemoryPolicy: field('maxmemory_policy'),
    clockAhead: time.status === 'fulfilled' && Number.isFinite(time.value) ? time.value : undefined,
  }
}

/**
 * Asks every server behind a connected client about itself; of a pool one connection asks.
 *
 * @param ms - how long to wait; servers that have not answered by then are left out
 */
export async function inspectRedis(client: LiveClient, ms: number): Promise<RedisFacts[]> {
  const found = await Promise.allSettled(
    senders(client).map((send) => withDeadline(factsOf(send), ms)),
  )
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}
