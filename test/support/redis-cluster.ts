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
import { freePort } from './services.ts'

export interface ClusterSetup extends ServerGroup {
  /** `redis+cluster://127.0.0.1:p1,127.0.0.1:p2,127.0.0.1:p3`: the masters of the start. */
  readonly url: string
  readonly ports: readonly number[]
  /** The servers that serve slots now. */
  masters(): Promise<Node[]>
  /** The server that serves the key's slot now. */
  masterOf(key: string): Promise<Node>
}

export interface ClusterOptions {
  /** How long a node is silent before it is given up; 500 if not said. */
  nodeTimeoutMs?: number
  /** Whether no slot is served while one is without a server; false if not said. */
  requireFullCoverage?: boolean
}

const SLOTS = 16_384
const THIRDS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, SLOTS - 1],
]

/** What one node of a cluster says of itself or another. */
interface Member {
  readonly id: string
  readonly port: number
  readonly self: boolean
  readonly master: boolean
  readonly healthy: boolean
  readonly epoch: number
  readonly slots: readonly (readonly [number, number])[]
}

/** Three masters with a third of the slots each, and a replica of each. */
export async function startCluster(options: ClusterOptions = {}): Promise<ClusterSetup> {
  const servers: RedisServer[] = []
  const stop = (): Promise<void> => stopAll(servers)
  try {
    const args = [
      ...[...REPLICATION, '--cluster-enabled', 'yes'],
      ...['--cluster-node-timeout', String(options.nodeTimeoutMs ?? 500)],
      ...['--cluster-require-full-coverage', options.requireFullCoverage ? 'yes' : 'no'],
      // A replica takes over however old its data is: there is no other.
      ...['--cluster-replica-validity-factor', '0'],
    ]
    // Out of the box it is 10000 higher than the port, where there may be none, or somebody else.
    const busPorts = await Promise.all(Array.from({ length: 6 }, freePort))
    const nodes = await startAll(
      servers,
      busPorts.map((bus) => ({ args: [...args, '--cluster-port', String(bus)] })),
    )
    const ports = nodes.map(({ port }) => port)
    const views = (of: readonly Node[] = nodes): Promise<Member[][]> => answers(of, clusterView)
    /** Says of itself that all is well, and is what it is going to be. */
    const inPlace = async (port: number): Promise<boolean> =>
      /cluster_state:ok/.test(String(await ask(port, 'CLUSTER', 'INFO'))) &&
      ((await isMaster(port)) || isLinked(port))

    await formCluster(ports, busPorts, () => views())

    const setup: ClusterSetup = {
      url: `redis+cluster://${addresses(ports.slice(0, 3))}`,
      ...{ nodes, ports, stop },
      async masters() {
        const members = (await views()).flat()
        const starts = members.flatMap(({ slots }) => slots.map(([first]) => first))
        const owners = starts.map((slot) => ownerOf(members, slot))
        return nodes.filter(({ port }) => owners.includes(port))
      },
      async masterOf(key) {
        const slots = await answers(nodes, ({ port }) => ask(port, 'CLUSTER', 'KEYSLOT', key))
        return byPort(nodes, ownerOf((await views()).flat(), Number(slots[0])))
      },
      promoted: (oldPort, timeoutMs) =>
        timeOf(`a master in place of ${String(oldPort)}`, timeoutMs, async () => {
          const seen = await views(nodes.filter(({ port }) => port !== oldPort))
          const masters = seen.filter((view) => view.some(({ self, master }) => self && master))
          const alive = masters.flatMap((view) => view.filter(({ self }) => self))
          const served = masters.map((view) =>
            slotsOf(view.filter(({ port }) => alive.some((it) => it.port === port))),
          )
          return served.length > 0 && served.every((slots) => slots === SLOTS)
        }),
      settled: (timeoutMs = PATIENCE) =>
        timeOf('all nodes agree on the cluster', timeoutMs, async () => {
          const seen = await views()
          const whole = (view: Member[]): boolean =>
            view.length === 6 &&
            view.every(({ healthy }) => healthy) &&
            view.filter(({ master }) => master).length === 3 &&
            slotsOf(view) === SLOTS
          if (seen.length < 6 || !seen.every(whole)) return false
          return (await Promise.all(ports.map(inPlace))).every(Boolean)
        }),
      async restart(port) {
        await byPort(servers, port).restart()
        await timeOf(`${String(port)} is in the cluster again`, PATIENCE, async () => {
          const said = (await views()).flat().filter((member) => member.port === port)
          return said.every(({ healthy }) => healthy) && inPlace(port)
        })
      },
    }
    await setup.settled()
    return setup
  } catch (error) {
    await stop()
    throw error
  }
}

/** Makes one cluster of six nodes: the first three serve slots, each of the others follows one of them. */
async function formCluster(
  ports: number[],
  busPorts: number[],
  views: () => Promise<Member[][]>,
): Promise<void> {
  const ids = (await Promise.all(ports.map((port) => ask(port, 'CLUSTER', 'MYID')))).map(String)
  for (const [i, port] of ports.entries()) {
    // Masters that are all of one epoch would first have to settle who comes before whom.
    await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    const third = THIRDS[i]?.map(String)
    if (third) await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', ...third)
  }
  for (const [i, port] of ports.entries()) {
    for (const [j, bus] of busPorts.slice(0, i).entries()) {
      await ask(port, 'CLUSTER', 'MEET', '127.0.0.1', String(ports[j]), String(bus))
    }
  }
  await timeOf('the nodes know each other', PATIENCE, async () => {
    const known = (view: Member[]): boolean => ids.every((id) => view.some((it) => it.id === id))
    const seen = await views()
    return seen.length === ports.length && seen.every(known)
  })
  for (const [i, port] of ports.slice(3).entries()) {
    await ask(port, 'CLUSTER', 'REPLICATE', ids[i]!)
  }
}

async function clusterView({ port }: Node): Promise<Member[]> {
  const text = String(await ask(port, 'CLUSTER', 'NODES'))
  return text.trimEnd().split('\n').map(parseMember)
}

/** `<id> <ip:port@bus> <flags> <master> <ping> <pong> <epoch> <link> <slots>...` */
function parseMember(line: string): Member {
  const [id = '', address = '', flags = '', , , , epoch, link, ...slots] = line.split(' ')
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    self: flags.includes('myself'),
    master: flags.includes('master'),
    healthy: link === 'connected' && !/fail|handshake|noaddr/.test(flags),
    epoch: Number(epoch),
    slots: slots
      // Slots on the move stand in brackets, and a second time without.
      .filter((range) => !range.startsWith('['))
      .map((range) => {
        const [first = NaN, last = first] = range.split('-').map(Number)
        return [first, last]
      }),
  }
}

const slotsOf = (members: Member[]): number =>
  members.flatMap(({ slots }) => slots).reduce((sum, [first, last]) => sum + last - first + 1, 0)

/** Views differ for a while after a change; the highest epoch is right. */
function ownerOf(members: Member[], slot: number): number | undefined {
  return members
    .filter(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last))
    .reduce<Member | undefined>((a, b) => (a && a.epoch >= b.epoch ? a : b), undefined)?.port
}
