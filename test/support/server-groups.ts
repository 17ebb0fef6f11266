import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis.ts'
import { until } from './until.ts'

/** One server of a group, which a test may break; the group restarts and stops it. */
export type Node = Pick<RedisServer, 'url' | 'port' | 'pid' | 'kill' | 'freeze' | 'thaw'>

/** What Sentinel and cluster have in common. */
export interface ServerGroup {
  /** The data servers, whatever their roles are now. */
  readonly nodes: readonly Node[]
  /** The `performance.now()` at which another server had the place of the master on `oldPort`. */
  promoted(oldPort: number, timeoutMs: number): Promise<number>
  /** The `performance.now()` at which all servers were up, agreed on the master(s), and replicas had all data. */
  settled(timeoutMs?: number): Promise<number>
  /**
   * Starts a server again, empty, and waits until it has the role that the others have for it now. A master
   * that is back before another took over stays master: all data is gone.
   */
  restart(port: number): Promise<void>
  /** Ends all servers, frozen ones too. */
  stop(): Promise<void>
}

/** For how long a group may take to come up, in ms. */
export const PATIENCE = 15_000

/** For servers of which some are replicas of others. */
export const REPLICATION = [
  // A master otherwise waits 5 s for more replicas before it fills the first.
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
]

/** Starts servers at the same time and adds each to `servers`, also where another fails. */
export async function startAll(
  servers: RedisServer[],
  each: RedisServerOptions[],
): Promise<RedisServer[]> {
  const outcomes = await Promise.allSettled(each.map((options) => startRedisServer(options)))
  const started = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
  servers.push(...started)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return started
}

/** Ends servers of any state, frozen ones too, at once: in order they would wait for each other. */
export async function stopAll(servers: RedisServer[]): Promise<void> {
  for (const server of servers) server.kill()
  await Promise.all(servers.map((server) => server.stop()))
}

export function byPort<N extends Node>(nodes: readonly N[], port: number | undefined): N {
  const found = nodes.find((node) => node.port === port)
  if (!found) throw new Error(`No server of this group has port ${String(port)}`)
  return found
}

export function addresses(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${String(port)}`).join()
}

// createClient makes a class with all commands for each new URL: 25 ms of work, and none for a duplicate.
const template = createClient({ disableOfflineQueue: true })

/** One command on a connection of its own; rejects where the server does not answer. */
export async function ask(port: number, ...command: string[]): Promise<unknown> {
  const socket = { host: '127.0.0.1', port, connectTimeout: 2000, socketTimeout: 2000 }
  const client = template.duplicate({ socket: { ...socket, reconnectStrategy: false } })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}

/** What the servers say that answer; a few that hang are not waited for. */
export function answers<T>(
  nodes: readonly Node[],
  question: (node: Node) => Promise<T>,
): Promise<T[]> {
  const said: T[] = []
  let left = nodes.length
  return new Promise((resolve) => {
    const done = (): void => resolve([...said])
    const settle = (): void => {
      left -= 1
      if (left === 0) done()
      else if (left <= nodes.length / 2) setTimeout(done, 300).unref()
    }
    for (const node of nodes) {
      void question(node)
        .then((answer) => void said.push(answer))
        .then(settle, settle)
    }
  })
}

export async function isMaster(port: number): Promise<boolean> {
  return ((await ask(port, 'ROLE')) as unknown[])[0] === 'master'
}

/** Whether a replica has what its master has, and is told of more. */
export async function isLinked(port: number): Promise<boolean> {
  return /master_link_status:up/.test(String(await ask(port, 'INFO', 'replication')))
}

/** The `performance.now()` at which servers first say so. */
export async function timeOf(
  what: string,
  timeoutMs: number,
  condition: () => Promise<boolean>,
): Promise<number> {
  const patiently = async (): Promise<boolean> => {
    if (await condition()) return true
    // Questions without a pause keep a core busy, and servers and tests wait for it.
    await sleep(10)
    return false
  }
  await until(patiently, timeoutMs).catch((cause: unknown) => {
    throw new Error(`Not within ${String(timeoutMs)} ms: ${what}`, { cause })
  })
  return performance.now()
}
