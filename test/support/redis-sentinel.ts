import type { RedisServer } from './redis.ts'
import {
  addresses,
  answers,
  ask,
  byPort,
  isLinked,
  isMaster,
  type Node,
  PATIENCE,
  REPLICATION,
  type ServerGroup,
  startAll,
  stopAll,
  timeOf,
} from './server-groups.ts'

export interface SentinelSetup extends ServerGroup {
  /** `redis+sentinel://127.0.0.1:p1,127.0.0.1:p2,127.0.0.1:p3/mymaster` */
  readonly url: string
  readonly name: string
  readonly sentinels: readonly Node[]
  readonly sentinelPorts: readonly number[]
  /** The master as most of the sentinels that answer name it. */
  master(): Promise<Node>
}

export interface SentinelOptions {
  /** How long a master is silent before it is given up; 500 if not said. */
  downAfterMs?: number
  /** After a failed failover the next comes after twice this time; 2000 if not said. */
  failoverTimeoutMs?: number
}

/**
 * How often a sentinel looks, asks and tells, in ms: seconds out of the box. A replica it has not looked at for
 * five pings is none to promote, and while the master is away it looks once a second.
 */
const SENTINEL_PERIODS = [
  ...['ping-period', '400', 'info-period', '500', 'ask-period', '100'],
  ...['publish-period', '200', 'tilt-period', '1000'],
]

type SentinelEntry = Record<'flags' | 'master-link-status' | 'master-port', string>

/** One master, two replicas and three sentinels, which all know each other. */
export async function startSentinel(options: SentinelOptions = {}): Promise<SentinelSetup> {
  const { downAfterMs = 500, failoverTimeoutMs = 2000 } = options
  const name = 'mymaster'
  const servers: RedisServer[] = []
  const stop = (): Promise<void> => stopAll(servers)

  const follow = async (port: number, master: number): Promise<void> => {
    await ask(port, 'REPLICAOF', '127.0.0.1', String(master))
    await timeOf(`${String(port)} is linked`, PATIENCE, () => isLinked(port))
  }
  const tune = (port: number): Promise<unknown> =>
    ask(port, 'SENTINEL', 'DEBUG', ...SENTINEL_PERIODS)
  const masterPort = async (sentinel: Node): Promise<number> => {
    const address = await ask(sentinel.port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)
    return Number((address as string[])[1])
  }
  const knowsAll = async (sentinel: Node): Promise<boolean> => {
    const list = async (what: string): Promise<SentinelEntry[]> =>
      (await ask(sentinel.port, 'SENTINEL', what, name)) as SentinelEntry[]
    const others = (await list('SENTINELS')).filter(({ flags }) => flags === 'sentinel')
    const master = String(await masterPort(sentinel))
    const linked = (it: SentinelEntry): boolean =>
      it.flags === 'slave' && it['master-link-status'] === 'ok' && it['master-port'] === master
    return others.length === 2 && (await list('REPLICAS')).filter(linked).length === 2
  }

  try {
    const data = { args: REPLICATION }
    const nodes = await startAll(servers, [data, data, data])
    const first = nodes[0]!.port
    // Before there are sentinels: they learn of replicas from the master, but ask it rarely.
    await Promise.all(nodes.slice(1).map(({ port }) => follow(port, first)))
    const sentinels = await startAll(
      servers,
      // Three that stand for election at one moment get a vote each, and nobody wins for seconds. The
      // third is later than the others, and decides between them.
      [downAfterMs, downAfterMs, 2 * downAfterMs].map((ms) => ({
        args: ['--sentinel'],
        config: `
          sentinel monitor ${name} 127.0.0.1 ${String(first)} 2
          sentinel down-after-milliseconds ${name} ${String(ms)}
          sentinel failover-timeout ${name} ${String(failoverTimeoutMs)}
          sentinel parallel-syncs ${name} 2`,
      })),
    )
    const sentinelPorts = sentinels.map(({ port }) => port)
    await Promise.all(sentinelPorts.map(tune))

    const setup: SentinelSetup = {
      url: `redis+sentinel://${addresses(sentinelPorts)}/${name}`,
      ...{ name, nodes, sentinels, sentinelPorts, stop },
      async master() {
        const ports = await answers(sentinels, masterPort)
        const votes = (port: number): number => ports.filter((it) => it === port).length
        return byPort(nodes, ports.sort((a, b) => votes(b) - votes(a))[0])
      },
      promoted: (oldPort, timeoutMs) =>
        timeOf(`a master in place of ${String(oldPort)}`, timeoutMs, async () => {
          const [port, ...others] = new Set(await answers(sentinels, masterPort))
          return port !== undefined && port !== oldPort && !others[0] && isMaster(port)
        }),
      settled: (timeoutMs = PATIENCE) =>
        timeOf('the sentinels know all servers', timeoutMs, async () => {
          const ports = await Promise.all(sentinels.map(masterPort))
          if (new Set(ports).size > 1 || !(await isMaster(ports[0]!))) return false
          return (await Promise.all(sentinels.map(knowsAll))).every(Boolean)
        }),
      async restart(port) {
        await byPort(servers, port).restart()
        if (sentinelPorts.includes(port)) return void (await tune(port))
        const master = await setup.master()
        if (master.port !== port) await follow(port, master.port)
      },
    }
    await setup.settled()
    return setup
  } catch (error) {
    await stop()
    throw error
  }
}
