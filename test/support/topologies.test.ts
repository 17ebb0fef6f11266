import { performance } from 'node:perf_hooks'
import { ask } from './server-groups.js'
import { type Node, startCluster, startSentinel } from './topologies.js'

jest.setTimeout(30_000)

/** Writes so that a replica has it too: what is only on a master that dies is lost. */
async function write({ port }: Node, key: string): Promise<void> {
  expect(await ask(port, 'SET', key, 'kept')).toBe('OK')
  expect(await ask(port, 'WAIT', '1', '1500')).not.toBe(0)
}

const roleOf = async ({ port }: Node): Promise<unknown> =>
  ((await ask(port, 'ROLE')) as unknown[])[0]

const alive = ({ pid }: Node): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.each([
  { name: 'Sentinel', start: startSentinel, masters: 1 },
  { name: 'a cluster', start: startCluster, masters: 3 },
])('Redis behind $name', ({ start, masters }) => {
  let setup: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    setup = await start()
  })
  afterAll(() => setup.stop())

  const masterOf = (key: string): Promise<Node> =>
    'masterOf' in setup ? setup.masterOf(key) : setup.master()

  it('is whole from the start', async () => {
    const roles = await Promise.all(setup.nodes.map(roleOf))
    expect(roles.filter((role) => role === 'master')).toHaveLength(masters)
    expect(roles.filter((role) => role === 'slave')).toHaveLength(setup.nodes.length - masters)
    expect(setup.url).toMatch(
      /^redis\+(sentinel|cluster):\/\/(127\.0\.0\.1:\d+,?){3}(?<!,)(\/mymaster)?$/,
    )
    expect(await roleOf(await masterOf('any'))).toBe('master')
  })

  it('kill: another takes over, and the old one comes back as its replica', async () => {
    const old = await masterOf('kill')
    await write(old, 'kill')
    const killed = performance.now()
    old.kill()
    // Of a cluster: one third is away, the others are served.
    for (const key of 'abcdefgh') {
      const { port } = await masterOf(key)
      if (port !== old.port) expect(await ask(port, 'SET', key, '1')).toBe('OK')
    }
    const promoted = await setup.promoted(old.port, 15_000)
    expect(promoted - killed).toBeGreaterThan(400)
    expect(promoted).toBeLessThanOrEqual(performance.now())
    const master = await masterOf('kill')
    expect(master.port).not.toBe(old.port)
    expect(await ask(master.port, 'GET', 'kill')).toBe('kept')
    await setup.restart(old.port)
    expect(await roleOf(old)).toBe('slave')
    await setup.settled()
  })

  it('freeze: another takes over, and the old one follows it once it is thawed', async () => {
    const old = await masterOf('freeze')
    await write(old, 'freeze')
    old.freeze()
    await setup.promoted(old.port, 15_000)
    const master = await masterOf('freeze')
    expect(master.port).not.toBe(old.port)
    expect(await ask(master.port, 'GET', 'freeze')).toBe('kept')
    old.thaw()
    await setup.settled()
    expect(await roleOf(old)).toBe('slave')
  })

  it('promoted fails where nobody takes over', async () => {
    const { port } = await masterOf('any')
    await expect(setup.promoted(port, 200)).rejects.toThrow(/Not within 200 ms: a master/)
  })

  it('stop ends frozen servers too', async () => {
    const servers = [...setup.nodes, ...('sentinels' in setup ? setup.sentinels : [])]
    servers[1]?.freeze()
    expect(servers.every(alive)).toBe(true)
    await setup.stop()
    expect(servers.some(alive)).toBe(false)
  })
})

it('Sentinel: one of the three may be gone', async () => {
  const setup = await startSentinel()
  try {
    const [sentinel] = setup.sentinels
    sentinel!.kill()
    const old = await setup.master()
    old.kill()
    await setup.promoted(old.port, 15_000)
    await setup.restart(sentinel!.port)
    await setup.restart(old.port)
    await setup.settled()
  } finally {
    await setup.stop()
  }
})
