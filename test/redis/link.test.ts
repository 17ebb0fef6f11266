import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type RedisClientOptions } from 'redis'
import { withDeadline } from '../../src/deadline.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { until } from '../support/until.js'

// What holds for pools stands in link-pool.test.ts; clusters and sentinels are tried in test/faults.

type Client = ReturnType<typeof createClient>

let server: RedisServer
let proxy: FaultProxy
let client: Client
let link: RedisLink

beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
})
afterEach(async () => {
  server.thaw()
  link.close()
  client.destroy()
  await proxy.close()
})

/** A client of the app, and a link that gives an operation 300 ms. */
async function start(options: RedisClientOptions = {}): Promise<void> {
  client = createClient({ url: proxy.url, disableOfflineQueue: true, ...options })
  client.on('error', () => undefined)
  await client.connect()
  link = createRedisLink(client as unknown as LiveClient, 300)
}

const answers = async (of: unknown): Promise<boolean> =>
  (await withDeadline((of as Client).ping(), 200)) === 'PONG'
/** Whether the link works, which it is told to find out as a failed operation would tell it. */
const works = async (): Promise<boolean> => {
  link.trouble()
  return link.ready() && answers(link.client)
}
/** How often Redis was asked for a sign of life. The question is asked on a connection that asks for none. */
async function pings(): Promise<number> {
  const asking = createClient({ url: server.url })
  await asking.connect()
  const stats = await asking.info('commandstats')
  await asking.close()
  return Number(/cmdstat_ping:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}
/** Nothing of client and link is left: no connection, and none that is made again. */
async function expectNothingLeft(): Promise<void> {
  await until(() => proxy.connections() === 0)
  const before = proxy.accepted()
  // Longer than every pause and deadline of the link.
  await sleep(1300)
  expect([proxy.connections(), proxy.accepted()]).toEqual([0, before])
}

describe('while all is well', () => {
  test('the client is the given one, and nobody asks whether it works', async () => {
    await start()
    const before = await pings()
    for (let i = 0; i < 20; i++) {
      expect(link.ready()).toBe(true)
      expect(link.client).toBe(client)
      await client.set('a', i)
    }
    await sleep(300)
    expect(await pings()).toBe(before)
    expect(proxy.accepted()).toBe(1)
  })

  test('a burst of failures asks once, and changes nothing', async () => {
    await start()
    const before = await pings()
    for (let i = 0; i < 500; i++) link.trouble()
    await sleep(50)
    for (let i = 0; i < 500; i++) link.trouble()
    await sleep(100)
    expect(await pings()).toBe(before + 1)
    expect([link.client === client, proxy.accepted()]).toEqual([true, 1])
  })
})

describe('a connection that is silent', () => {
  test('is made anew: the given client works again, for the app too', async () => {
    await start()
    proxy.halfOpen()
    const lost = client.get('a')
    lost.catch(() => undefined)
    link.trouble()
    await until(() => answers(client), 1000)
    expect(link.client).toBe(client)
    expect(link.ready()).toBe(true)
    // Who waited for the old connection is told.
    await expect(lost).rejects.toThrow()
    await until(() => proxy.connections() === 1)
  })

  test('may be silent again and again', async () => {
    await start()
    for (let i = 0; i < 5; i++) {
      proxy.halfOpen()
      await until(works, 1500)
    }
    expect(link.client).toBe(client)
    await until(() => proxy.connections() === 1)
  })

  test('of a server that hangs: not ready until it goes on, and then with the given client', async () => {
    await start()
    server.freeze()
    link.trouble()
    await until(() => !link.ready(), 1000)
    await sleep(1000)
    expect(link.ready()).toBe(false)
    server.thaw()
    await until(works, 1500)
    await until(() => link.client === client && link.ready(), 3000)
    await expect(answers(client)).resolves.toBe(true)
    await until(() => proxy.connections() === 1)
  })

  test('that breaks is left to the client, which makes the next one itself', async () => {
    await start({ socket: { reconnectStrategy: () => 20 } })
    proxy.reset()
    await until(works, 1000)
    // Another may have been there sooner; it goes.
    await until(() => link.client === client, 2500)
    await until(() => proxy.connections() === 1)
  })
})

describe('a client that comes back by itself', () => {
  test('is used from that moment on', async () => {
    await start({ socket: { reconnectStrategy: () => 20 } })
    proxy.refuse()
    await until(() => !client.isReady)
    // Refused again and again: by now the link waits long between two looks.
    for (let i = 0; i < 10; i++) {
      expect(link.ready()).toBe(false)
      await sleep(100)
    }
    const back = new Promise((resolve) => client.once('ready', resolve))
    proxy.pass()
    await back
    const ended = jest.fn()
    client.on('end', ended)
    for (let i = 0; i < 30; i++) {
      expect(link.ready()).toBe(true)
      await expect(answers(link.client)).resolves.toBe(true)
      await sleep(20)
    }
    // The search was over: whoever still searched would end the connection under the commands.
    expect(ended).not.toHaveBeenCalled()
  })
})

describe('a client that gave up', () => {
  test('is replaced by another with its options', async () => {
    await start({ database: 3, socket: { reconnectStrategy: false } })
    await client.set('here', '3')
    proxy.reset()
    await until(() => !client.isOpen)
    expect(link.wanted).toBe(true)
    await until(works, 1000)
    expect(link.client).not.toBe(client)
    await expect((link.client as Client).get('here')).resolves.toBe('3')
  })

  test('is used again once the app has connected it again', async () => {
    await start({ socket: { reconnectStrategy: false } })
    proxy.reset()
    await until(() => !client.isOpen)
    await until(works, 1000)
    await client.connect()
    await until(() => link.client === client, 2500)
    await until(() => proxy.connections() === 1)
  })
})

describe('a client that the app', () => {
  test('has never connected is left alone', async () => {
    client = createClient({ url: proxy.url, disableOfflineQueue: true })
    link = createRedisLink(client as unknown as LiveClient, 300)
    expect([link.ready(), link.wanted]).toEqual([false, false])
    link.trouble()
    await sleep(300)
    expect([client.isOpen, proxy.accepted()]).toEqual([false, 0])
    await client.connect()
    expect([link.ready(), link.wanted, link.client === client]).toEqual([true, true, true])
  })

  test('connects before Redis is there is waited for', async () => {
    proxy.refuse()
    client = createClient({ url: proxy.url, socket: { reconnectStrategy: () => 20 } })
    client.on('error', () => undefined)
    const connecting = client.connect()
    link = createRedisLink(client as unknown as LiveClient, 300)
    expect([link.ready(), link.wanted]).toEqual([false, true])
    proxy.pass()
    await connecting
    await until(() => link.ready() && link.client === client, 2500)
  })

  test.each<[string, () => unknown]>([
    ['closes', () => client.close()],
    ['destroys', () => client.destroy()],
  ])('%s is at its end, and opened by nobody', async (_, finish) => {
    await start()
    await finish()
    expect([link.ready(), link.wanted]).toEqual([false, false])
    link.trouble()
    await expectNothingLeft()
  })

  test('closes while an answer is due is not opened again', async () => {
    await start()
    proxy.halfOpen()
    client.get('a').catch(() => undefined)
    // Waits for the answer that never comes.
    client.close().catch(() => undefined)
    for (let i = 0; i < 5; i++) {
      link.trouble()
      await sleep(100)
    }
    expect([client.isOpen, link.wanted, proxy.accepted()]).toEqual([false, false, 1])
  })

  test.each<[string, () => void]>([
    ['its connection is half open', () => proxy.halfOpen()],
    ['its server hangs', () => server.freeze()],
    ['nobody listens', () => proxy.refuse()],
  ])('destroys while %s leaves nothing behind', async (_, fault) => {
    await start()
    fault()
    link.trouble()
    await sleep(150)
    client.destroy()
    await expectNothingLeft()
  })
})

describe('close()', () => {
  test('leaves the given client to the app', async () => {
    await start()
    link.close()
    expect([link.client === client, link.wanted]).toEqual([true, false])
    await expect(answers(client)).resolves.toBe(true)
    expect(client.listenerCount('ready') + client.listenerCount('end')).toBe(0)
  })

  test('closes the client that took over, and stops looking after it', async () => {
    await start({ socket: { reconnectStrategy: false } })
    proxy.reset()
    await until(() => !client.isOpen)
    await until(works, 1000)
    link.close()
    await expectNothingLeft()
  })

  test('stops a search for a way to Redis', async () => {
    await start()
    server.freeze()
    link.trouble()
    await sleep(150)
    link.close()
    client.destroy()
    await expectNothingLeft()
    server.thaw()
    await sleep(200)
    expect(proxy.connections()).toBe(0)
  })
})

test('a burst of the app’s own commands is no reason to cut its connection', async () => {
  await start({ commandsQueueMaxLength: 50, pingInterval: 20 })
  const outcomes: Promise<boolean>[] = []
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) {
      outcomes.push(
        client.set('burst', 'x').then(
          () => true,
          (error: unknown) => (error as Error).message !== 'The queue is full',
        ),
      )
    }
    link.trouble()
    await sleep(10)
  }
  const refused = (await Promise.all(outcomes)).filter((done) => !done)
  expect(refused.length).toBeGreaterThan(0)
  expect([client.isReady, link.client === client || link.ready()]).toEqual([true, true])
  expect(await client.get('burst')).toBe('x')
})
