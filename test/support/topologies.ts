export { type ClusterOptions, type ClusterSetup, startCluster } from './redis-cluster.ts'
export { type SentinelOptions, type SentinelSetup, startSentinel } from './redis-sentinel.ts'
export type { Node } from './server-groups.ts'
