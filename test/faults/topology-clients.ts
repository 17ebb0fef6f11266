import { createCluster, createSentinel } from 'redis'
import { createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-5'
import { createRedis } from '../../src/redis/index.js'
import type { ClusterSetup, Node, SentinelSetup } from '../support/topologies.js'
import type { GivenClient } from './fault-clients.js'

/** What apps come with: our client, and those of node-redis 6 and 5 as in its README, with no option but the hosts. */
export type TopologyClient = 'createRedis' | 'defaults' | 'redis 5'

const host = '127.0.0.1'
const rootNodes = ({ ports }: ClusterSetup): { socket: { host: string; port: number } }[] =>
  ports.slice(0, 3).map((port) => ({ socket: { host, port } }))
const sentinels = ({ sentinelPorts: ports }: SentinelSetup): { host: string; port: number }[] =>
  ports.map((port) => ({ host, port }))

export const sentinelClients: Record<TopologyClient, (setup: SentinelSetup) => GivenClient> = {
  createRedis: ({ url }) => createRedis(url),
  defaults: (s) => createSentinel({ name: s.name, sentinelRootNodes: sentinels(s) }),
  'redis 5': (s) => createSentinel5({ name: s.name, sentinelRootNodes: sentinels(s) }),
}

export const clusterClients: Record<TopologyClient, (setup: ClusterSetup) => GivenClient> = {
  createRedis: ({ url }) => createRedis(url),
  defaults: (setup) => createCluster({ rootNodes: rootNodes(setup) }),
  'redis 5': (setup) => createCluster5({ rootNodes: rootNodes(setup) }),
}

/** The ways in which a master goes, by the fault's number: connections break at once, or stand and are silent. */
export type Break = keyof Pick<Node, 'kill' | 'freeze'>
