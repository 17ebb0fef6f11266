import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisLink } from '../../src/redis/link.js'
import { until } from '../support/until.js'
import { answers, setUpLink } from './link-setup.js'

// What holds for the client that takes over stands in link-takeover.test.ts, for pools in link-pool.test.ts;
// clusters and sentinels are tried in test/faults.

const at = setUpLink()

/** How often Redis was asked for a sign of life. The question is asked on a connection that asks for none. */
async function pings(): Promise<number> {
  const asking = createClient({ url: at.server.url })
  await asking.connect()
  const stats = await asking.info('commandstats')
  await asking.close()
  return Number(/cmdstat_ping:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}
/** Nothing of client and link is left: no connection, and none that is made again. */
async function expectNothingLeft(): Promise<void> {
  await until(() => at.proxy.connections() === 0)
  const before = at.proxy.accepted()
  // Longer than every pause and deadline of the link.
  await sleep(1300)
  expect([at.proxy.connections(), at.proxy.accepted()]).toEqual([0, before])
}

describe('while all is well', () => {
  test('the client is the given one, and nobody asks whether it works', async () => {
    await at.start()
    const before = await pings()
    for (let i = 0; i < 20; i++) {
      expect(at.link.ready()).toBe(true)
      expect(at.link.client).toBe(at.client)
      await at.client.set('a', i)
    }
    await sleep(300)
    expect(await pings()).toBe(before)
    expect(at.proxy.accepted()).toBe(1)
  })

  test('a burst of failures asks once, and changes nothing', async () => {
    await at.start()
    const before = await pings()
    for (let i = 0; i < 500; i++) at.link.trouble()
    // No time in between: on a busy machine the next question would be due.
    await nextTurn()
    for (let i = 0; i < 500; i++) at.link.trouble()
    await sleep(100)
    expect(await pings()).toBe(before + 1)
    expect([at.link.client === at.client, at.proxy.accepted()]).toEqual([true, 1])
  })
})

describe('a connection that is silent', () => {
  test('is made anew: the given client works again, for the app too', async () => {
    await at.start()
    at.proxy.halfOpen()
    const lost = at.client.get('a')
    lost.catch(() => undefined)
    at.link.trouble()
    await until(() => answers(at.client), 1000)
    expect(at.link.client).toBe(at.client)
    expect(at.link.ready()).toBe(true)
    // Who waited for the old connection is told.
    await expect(lost).rejects.toThrow()
    await until(() => at.proxy.connections() === 1)
  })

  test('may be silent again and again', async () => {
    await at.start()
    for (let i = 0; i < 5; i++) {
      at.proxy.halfOpen()
      await until(at.works, 1500)
    }
    expect(at.link.client).toBe(at.client)
    await until(() => at.proxy.connections() === 1)
  })

  test('of a server that hangs: not ready until it goes on, and then with the given client', async () => {
    await at.start()
    at.server.freeze()
    at.link.trouble()
    await until(() => !at.link.ready(), 1000)
    await sleep(1000)
    expect(at.link.ready()).toBe(false)
    at.server.thaw()
    await until(at.works, 1500)
    await until(() => at.link.client === at.client && at.link.ready(), 3000)
    await expect(answers(at.client)).resolves.toBe(true)
    await until(() => at.proxy.connections() === 1)
  })

  test('that breaks is left to the client, which makes the next one itself', async () => {
    await at.start({ socket: { reconnectStrategy: () => 20 } })
    at.proxy.reset()
    await until(at.works, 1000)
    // Another may have been there sooner; it goes.
    await until(() => at.link.client === at.client, 2500)
    await until(() => at.proxy.connections() === 1)
  })
})

test('an answer that is none: the connection is made anew, and nobody gets the answer of another', async () => {
  await at.start()
  await at.client.set('mine', 'mine')
  await at.client.set('theirs', 'theirs')
  at.client.once('error', () => at.proxy.pass())
  at.proxy.garbage()
  await expect(at.client.get('theirs')).rejects.toThrow()
  await until(at.works, 1500)
  await until(() => at.link.client === at.client, 2500)
  await expect(at.client.get('mine')).resolves.toBe('mine')
  await until(() => at.proxy.connections() === 1)
})

describe('a client that comes back by itself', () => {
  test('is used from that moment on', async () => {
    await at.start({ socket: { reconnectStrategy: () => 20 } })
    at.proxy.refuse()
    await until(() => !at.client.isReady)
    // Refused again and again: by now the link waits long between two looks.
    for (let i = 0; i < 10; i++) {
      expect(at.link.ready()).toBe(false)
      await sleep(100)
    }
    const back = new Promise((resolve) => at.client.once('ready', resolve))
    at.proxy.pass()
    await back
    const ended = jest.fn()
    at.client.on('end', ended)
    for (let i = 0; i < 30; i++) {
      expect(at.link.ready()).toBe(true)
      await expect(answers(at.link.client)).resolves.toBe(true)
      await sleep(20)
    }
    // The search was over: whoever still searched would end the connection under the commands.
    expect(ended).not.toHaveBeenCalled()
  })
})

describe('a client that the app', () => {
  test('has never connected is left alone', async () => {
    at.make()
    expect([at.link.ready(), at.link.wanted]).toEqual([false, false])
    at.link.trouble()
    await sleep(300)
    expect([at.client.isOpen, at.proxy.accepted()]).toEqual([false, 0])
    await at.client.connect()
    expect([at.link.ready(), at.link.wanted, at.link.client === at.client]).toEqual([
      true,
      true,
      true,
    ])
  })

  test('connects before Redis is there is waited for', async () => {
    at.proxy.refuse()
    at.client = createClient({ url: at.proxy.url, socket: { reconnectStrategy: () => 20 } })
    at.client.on('error', () => undefined)
    const connecting = at.client.connect()
    at.link = createRedisLink(at.client as unknown as LiveClient, 300)
    expect([at.link.ready(), at.link.wanted]).toEqual([false, true])
    at.proxy.pass()
    await connecting
    await until(() => at.link.ready() && at.link.client === at.client, 2500)
  })

  test.each<[string, () => unknown]>([
    ['closes', () => at.client.close()],
    ['destroys', () => at.client.destroy()],
  ])('%s is at its end, and opened by nobody', async (_, finish) => {
    await at.start()
    await finish()
    expect([at.link.ready(), at.link.wanted]).toEqual([false, false])
    at.link.trouble()
    await expectNothingLeft()
  })

  test('closes while an answer is due is not opened again', async () => {
    await at.start()
    at.proxy.halfOpen()
    at.client.get('a').catch(() => undefined)
    // Waits for the answer that never comes.
    at.client.close().catch(() => undefined)
    for (let i = 0; i < 5; i++) {
      at.link.trouble()
      await sleep(100)
    }
    expect([at.client.isOpen, at.link.wanted, at.proxy.accepted()]).toEqual([false, false, 1])
  })

  test('closes is not opened again where its connection breaks before the last answer', async () => {
    await at.start()
    at.proxy.freeze()
    at.client.get('a').catch(() => undefined)
    at.client.close().catch(() => undefined)
    expect(at.link.wanted).toBe(false)
    at.proxy.reset()
    at.proxy.pass()
    at.link.trouble()
    await expectNothingLeft()
    expect([at.link.wanted, at.proxy.accepted()]).toEqual([false, 1])
  })

  test.each<[string, () => void]>([
    ['its connection is half open', () => at.proxy.halfOpen()],
    ['its server hangs', () => at.server.freeze()],
    ['nobody listens', () => at.proxy.refuse()],
  ])('destroys while %s leaves nothing behind', async (_, fault) => {
    await at.start()
    fault()
    at.link.trouble()
    await sleep(150)
    at.client.destroy()
    await expectNothingLeft()
  })
})

describe('close()', () => {
  test('leaves the given client to the app', async () => {
    await at.start()
    at.link.close()
    expect([at.link.client === at.client, at.link.wanted]).toEqual([true, false])
    await expect(answers(at.client)).resolves.toBe(true)
    expect(at.client.listenerCount('ready') + at.client.listenerCount('end')).toBe(0)
    expect(at.link.listener()).toBeNull()
  })

  test('lets nobody connect the given client again that was silent', async () => {
    await at.start()
    at.client.once('end', () => at.link.close())
    at.proxy.halfOpen()
    at.link.trouble()
    await until(() => !at.client.isOpen, 1000)
    await expectNothingLeft()
    expect(at.proxy.accepted()).toBe(1)
  })

  test('stops a search for a way to Redis', async () => {
    await at.start()
    at.server.freeze()
    at.link.trouble()
    await sleep(150)
    at.link.close()
    at.client.destroy()
    await expectNothingLeft()
    at.server.thaw()
    await sleep(200)
    expect(at.proxy.connections()).toBe(0)
  })
})

test('a burst of the app’s own commands is no reason to cut its connection', async () => {
  await at.start({ commandsQueueMaxLength: 50, pingInterval: 20 })
  const outcomes: Promise<boolean>[] = []
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) {
      outcomes.push(
        at.client.set('burst', 'x').then(
          () => true,
          (error: unknown) => (error as Error).message !== 'The queue is full',
        ),
      )
    }
    at.link.trouble()
    await sleep(10)
  }
  const refused = (await Promise.all(outcomes)).filter((done) => !done)
  expect(refused.length).toBeGreaterThan(0)
  expect(at.client.isReady).toBe(true)
  // On a slow machine a sign of life comes late, and the link is on its way to another connection.
  const isLinked = (): boolean => at.link.client === at.client || at.link.ready()
  await until(isLinked, 2000)
  expect([at.client.isReady, isLinked()]).toEqual([true, true])
  expect(await at.client.get('burst')).toBe('x')
})
