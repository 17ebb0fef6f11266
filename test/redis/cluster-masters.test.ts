import { knowsMasters } from '../../src/redis/cluster-masters.js'

/** Clients of one cluster, as far as they are looked at here: what they know, and what asking tells them. */
const cluster = (ports: number[], ask: () => Promise<unknown> = async () => 1) => ({
  masters: ports.map((port) => ({ address: `127.0.0.1:${String(port)}` })),
  sendCommand: jest.fn(ask),
})

test('a client that knows the same masters is not made to ask, whatever their order', async () => {
  const client = cluster([7002, 7000, 7001])
  await expect(knowsMasters(client, cluster([7000, 7001, 7002]), 100)).resolves.toBe(true)
  expect(client.sendCommand).not.toHaveBeenCalled()
})

test('a client that is told of another master while it asks knows it then', async () => {
  const client = cluster([7000, 7001], async () => {
    client.masters = cluster([7001, 7005]).masters
  })
  await expect(knowsMasters(client, cluster([7005, 7001]), 100)).resolves.toBe(true)
  const asked = client.sendCommand.mock.calls as unknown as [string, boolean, string[]][]
  // Many keys, so that each master has some of them; asking changes nothing.
  expect(new Set(asked.map(([key]) => key)).size).toBe(8)
  for (const [key, , command] of asked) expect(command).toEqual(['EXISTS', key])
})

test.each<[string, () => Promise<unknown>]>([
  ['hears nothing new', async () => 1],
  ['hears nothing at all', () => new Promise(() => undefined)],
  ['cannot ask', () => Promise.reject(new Error('The client is closed'))],
])('a client that %s does not know them', async (_, ask) => {
  await expect(knowsMasters(cluster([7000], ask), cluster([7000, 7001]), 20)).resolves.toBe(false)
})
