import { type SentinelSetup, startSentinel } from '../support/topologies.js'
import { sentinelClients, type TopologyClient } from './topology-clients.js'
import { failOver } from './topology-failover.js'

// Redis behind Sentinel: while there is no master nobody is served, and nobody may lose anything by it.

let sentinel: SentinelSetup
beforeAll(async () => {
  sentinel = await startSentinel()
})
afterAll(() => sentinel?.stop())
// The old master is back as a replica by now, and may be the next to take over.
beforeEach(() => sentinel.settled())

const ways = [
  { fault: 'F14', how: 'kill', what: 'Sentinel, master killed (SIGKILL)' },
  { fault: 'F15', how: 'freeze', what: 'Sentinel, master stopped (SIGSTOP)' },
] as const
const clients: { client: TopologyClient; recovery: number }[] = [
  { client: 'createRedis', recovery: 1000 },
  { client: 'defaults', recovery: 1000 },
  // It cannot be duplicated, so it is left to find the new master itself.
  { client: 'redis 5', recovery: 3000 },
]

describe.each(ways)('$fault: $what', (way) => {
  it.each(clients)(
    `${way.fault}: all are served again after the failover, and nobody has lost a session ($client)`,
    async ({ client, recovery }) => {
      const redis = sentinelClients[client](sentinel)
      const victim = await sentinel.master()
      await failOver({ ...way, client, redis, recovery, group: sentinel, victim })
    },
  )
})
