import { withDeadline } from '../deadline.js'

interface Cluster {
  masters: { address: string }[]
  sendCommand: (key: string, isReadonly: boolean, args: string[]) => Promise<unknown>
}

const namesOf = ({ masters }: Cluster): string =>
  masters
    .map(({ address }) => address)
    .toSorted()
    .join()

/** How many keys are asked for each master, so that hardly any master is not asked at all. */
const keysEach = 4

/**
 * Whether a client of a cluster knows the masters that another one knows. One that does not is made to find out,
 * within `ms` milliseconds: node-redis looks again only where it is told that it has asked the wrong server, and
 * ends the connection to that one then, with all the commands on it.
 */
export async function knowsMasters(client: object, other: object, ms: number): Promise<boolean> {
  const cluster = client as Cluster
  const known = namesOf(other as Cluster)
  if (namesOf(cluster) === known) return true
  const keys = Array.from(
    { length: keysEach * cluster.masters.length },
    (_, i) => `wx ${String(i)}`,
  )
  const ask = (key: string): Promise<unknown> => cluster.sendCommand(key, false, ['EXISTS', key])
  await withDeadline(Promise.allSettled(keys.map(ask)), ms).catch(() => undefined)
  return namesOf(cluster) === known
}
