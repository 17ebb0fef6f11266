import { type ClusterSetup, startCluster } from '../support/topologies.js'
import { clusterClients, type TopologyClient } from './topology-clients.js'
import { failOver } from './topology-failover.js'

// A cluster of three masters, one of which goes: a third of the users wait for its replica, the others must not.

let cluster: ClusterSetup
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster?.stop())
// The old master is back as a replica by now, and may be the next to take over.
beforeEach(() => cluster.settled())

const ways = [
  { fault: 'F16', how: 'kill', what: 'Cluster, master killed (SIGKILL)' },
  { fault: 'F17', how: 'freeze', what: 'Cluster, master stopped (SIGSTOP)' },
] as const
const clients: TopologyClient[] = ['createRedis', 'defaults', 'redis 5']

describe.each(ways)('$fault: $what', (way) => {
  it.each(clients)(
    `${way.fault}: a third waits for the failover, the others hardly notice; nobody has lost a session (%s)`,
    async (client) => {
      const redis = clusterClients[client](cluster)
      const victim = await cluster.masterOf('always the same third')
      await failOver({
        ...{ ...way, client, redis, recovery: 1000, refusedElsewhere: 5 },
        ...{ group: cluster, victim },
      })
    },
  )
})
