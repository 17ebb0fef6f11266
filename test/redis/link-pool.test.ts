import { setTimeout as sleep } from 'node:timers/promises'
import { createClientPool } from 'redis'
import { withDeadline } from '../../src/deadline.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { until } from '../support/until.js'

type Pool = ReturnType<typeof poolOf>

const size = 3

let server: RedisServer
let proxy: FaultProxy
let pool: Pool
let link: RedisLink

beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
  pool = poolOf(size, 100)
})
afterEach(async () => {
  server.thaw()
  link.close()
  pool.destroy()
  await proxy.close()
})

function poolOf(minimum: number, maximum: number) {
  const made = createClientPool(
    { url: proxy.url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 20 } },
    { minimum, maximum, acquireTimeout: 500, cleanupDelay: 100 },
  )
  made.on('error', () => undefined)
  return made
}
/** Connects the pool, and makes a link that gives an operation 300 ms. */
async function start(): Promise<void> {
  await pool.connect()
  link = createRedisLink(pool as unknown as LiveClient, 300)
}
const answers = async (of: unknown): Promise<boolean> =>
  (await withDeadline((of as Pool).ping(), 200)) === 'PONG'
/** Whether the link works, which it is told to find out as a failed operation would tell it. */
const works = async (): Promise<boolean> => {
  link.trouble()
  return link.ready() && answers(link.client)
}

describe('a pool', () => {
  test('that is well is the one used, and asked nothing', async () => {
    await start()
    await sleep(200)
    expect([link.ready(), link.wanted, link.client === pool]).toEqual([true, true, true])
    expect(proxy.accepted()).toBe(size)
  })

  test('whose connections are silent makes others, and works again itself', async () => {
    await start()
    proxy.halfOpen()
    await until(works, 1500)
    await until(() => link.client === pool, 3000)
    for (let i = 0; i < 2 * size; i++) await expect(answers(pool)).resolves.toBe(true)
  })

  test('that is full of silent connections is replaced: it cannot make others', async () => {
    pool = poolOf(size, size)
    await start()
    proxy.halfOpen()
    await until(works, 1500)
    expect(link.client).not.toBe(pool)
    await expect(answers(pool)).rejects.toThrow()
  })

  test('with one silent connection is replaced too: every other command would go there', async () => {
    pool = poolOf(1, 2)
    await start()
    let giveBack = (): void => undefined
    const lent = pool.execute(() => new Promise<void>((resolve) => (giveBack = resolve)))
    proxy.halfOpen()
    await pool.ping()
    giveBack()
    await lent
    await until(works, 1500)
    for (let i = 0; i < 4; i++) await expect(answers(link.client)).resolves.toBe(true)
  })

  test('of a server that hangs is waited for, and used again', async () => {
    await start()
    server.freeze()
    link.trouble()
    await until(() => !link.ready(), 1500)
    server.thaw()
    await until(works, 3000)
    await until(() => link.client === pool, 3000)
    await expect(answers(pool)).resolves.toBe(true)
  })

  test('whose connections break is used on', async () => {
    await start()
    proxy.reset()
    await until(works, 1500)
    await until(() => link.client === pool, 3000)
  })

  test('that is connected after the link was made can be replaced as well', async () => {
    link = createRedisLink(pool as unknown as LiveClient, 300)
    expect([link.ready(), link.wanted, proxy.accepted()]).toEqual([false, false, 0])
    await pool.connect()
    expect(link.ready()).toBe(true)
    await answers(pool)
    proxy.halfOpen()
    await until(works, 1500)
  })

  test('that was silent before anybody used it is replaced as soon as it is used', async () => {
    pool = poolOf(size, size)
    link = createRedisLink(pool as unknown as LiveClient, 300)
    await pool.connect()
    proxy.halfOpen()
    // Nobody has asked yet: nothing of the pool is known that another could be made of.
    link.trouble()
    await sleep(300)
    expect(link.client).toBe(pool)
    await until(works, 2500)
    expect(link.client).not.toBe(pool)
  })

  test('that the app destroys takes everything with it', async () => {
    pool = poolOf(size, size)
    await start()
    proxy.halfOpen()
    link.trouble()
    await until(() => link.client !== pool, 1500)
    pool.destroy()
    await until(() => proxy.connections() === 0)
    const before = proxy.accepted()
    await sleep(1300)
    expect([proxy.connections(), proxy.accepted(), link.wanted]).toEqual([0, before, false])
  })

  test('stays with the app when the link is closed; what took over goes', async () => {
    pool = poolOf(size, size)
    await start()
    proxy.halfOpen()
    link.trouble()
    await until(() => link.client !== pool, 1500)
    const opened = link.client as Pool
    link.close()
    expect([pool.isOpen, opened.isOpen, link.client === pool]).toEqual([true, false, true])
  })

  test('has a single connection as its listener', async () => {
    await start()
    await sleep(20)
    const single = link.listener()!
    await single.connect()
    await expect(answers(single)).resolves.toBe(true)
    expect(proxy.accepted()).toBe(size + 1)
    single.destroy()
  })
})
