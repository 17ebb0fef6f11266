import { performance } from 'node:perf_hooks'
import type { FaultLog } from './faults.js'
import { type HeapPoint, heapSlope, megabytes } from './figures.js'
import type { SoakServer } from './servers.js'

// Code is compiled and caches fill for minutes; a leak goes on afterwards.
const warmUp = 300_000
const every = 10_000

/** What became of one process. */
export interface Watched {
  readonly name: string
  /** MB per 10 min; undefined where there were too few heaps to tell. */
  slope: number | undefined
  /** The first and the last heap that count, in bytes. */
  first: number
  last: number
  /** Highest memory of the whole process, in bytes. */
  rss: number
  /** Most requests taken more than 2 s ago and not answered. */
  stale: number
  /** Most requests taken and not answered. */
  open: number
  /** Longest time its event loop was held up, in ms. */
  stall: number
  /** Connections to Redis it ever opened. */
  connections: number
}

/**
 * Samples every server every ten seconds. A heap counts after the warm-up, and where nothing is broken: the
 * requests a fault holds up take memory, and no leak is what goes away with them.
 */
export function startWatch(
  servers: readonly SoakServer[],
  faults: FaultLog,
  began: number,
): { heaps(): string; stop(): Promise<Watched[]> } {
  const points: HeapPoint[][] = servers.map(() => [])
  const heaps: number[] = servers.map(() => 0)
  const most = servers.map(({ name }) => ({ name, rss: 0, stale: 0, open: 0, stall: 0 }))

  async function look(server: SoakServer, i: number): Promise<void> {
    if (server.exit()) return
    const { heap, ...sample } = await server.sample()
    const now = performance.now()
    heaps[i] = heap
    const seen = most[i]!
    for (const field of ['rss', 'stale', 'open', 'stall'] as const)
      seen[field] = Math.max(seen[field], sample[field])
    const { store, wechat } = faults.broken(i, now, now)
    if (now - began > warmUp && !store && !wechat) points[i]!.push({ at: now, heap })
  }

  // One that ended meanwhile is found out at the end.
  const lookAtAll = (): Promise<unknown> =>
    Promise.allSettled(servers.map((server, i) => look(server, i)))

  let looking = Promise.resolve<unknown>(undefined)
  const timer = setInterval(() => {
    looking = looking.then(lookAtAll)
  }, every)
  return {
    heaps: () => `${heaps.map(megabytes).join(' ')} MB`,
    async stop() {
      clearInterval(timer)
      await looking
      await lookAtAll()
      return most.map((seen, i) => {
        const own = points[i]!
        const [first, last] = [own[0]?.heap ?? 0, own.at(-1)?.heap ?? 0]
        const connections = servers[i]!.proxy.accepted()
        return Object.assign(seen, { slope: heapSlope(own), first, last, connections })
      })
    },
  }
}
