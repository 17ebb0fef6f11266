import { setTimeout as delay } from 'node:timers/promises'
import { freePort, startRedis } from '../lib/redis-server.js'

const slots = 16_384
const patience = 15_000

/**
 * A Redis Cluster of masters with an equal share of the slots each, on this machine.
 *
 * @param {number} size
 */
export async function startCluster(size = 3) {
  /** @type {(import('../lib/redis-server.js').RedisServer & { bus: number })[]} */
  const nodes = []
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    for (let i = 0; i < size; i += 1) {
      // Out of the box it is 10000 higher than the port, where there may be none, or somebody else.
      const bus = await freePort()
      const more = ['--cluster-enabled', 'yes', '--cluster-port', String(bus)]
      nodes.push({ ...(await startRedis({ more })), bus })
    }
    for (const [i, { client }] of nodes.entries()) {
      const [first, next] = [i, i + 1].map((share) => Math.floor((share * slots) / size))
      // Masters that are all of one epoch would first have to settle who comes before whom.
      await client.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1)])
      await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', String(first), String(next - 1)])
    }
    const [{ client: meeting }, ...others] = nodes
    for (const { port, bus } of others) {
      await meeting.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus)])
    }
    await Promise.all(nodes.map(({ client }) => untilWhole(client, size)))
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    return { url: `redis+cluster://${addresses.join()}`, nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param {import('../lib/redis-server.js').RedisServer['client']} client @param {number} size */
async function untilWhole(client, size) {
  const until = performance.now() + patience
  for (;;) {
    const said = String(await client.sendCommand(['CLUSTER', 'INFO']))
    const members = Number(/cluster_size:(\d+)/.exec(said)?.[1])
    if (said.includes('cluster_state:ok') && members === size) return
    if (performance.now() > until) throw new Error(`no cluster came of it:\n${said}`)
    await delay(20)
  }
}
