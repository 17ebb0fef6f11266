import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisClientOptions } from 'redis'
import { until } from '../support/until.js'
import { answers, type Client, setUpLink } from './link-setup.js'

const at = setUpLink()

/** The client of the app has given up for good; the link has opened another. */
async function takenOver(options: RedisClientOptions = {}): Promise<Client> {
  await at.start({ socket: { reconnectStrategy: false }, ...options })
  at.proxy.reset()
  await until(() => !at.client.isOpen)
  expect(at.link.wanted).toBe(true)
  await until(at.works, 1000)
  expect(at.link.client).not.toBe(at.client)
  return at.link.client as Client
}

describe('the client that takes over for one that gave up', () => {
  test('has its options', async () => {
    const taken = await takenOver({ database: 3 })
    await taken.set('here', '3')
    await at.client.connect()
    await expect(at.client.get('here')).resolves.toBe('3')
  })

  test('goes when the app has connected its own again', async () => {
    await takenOver()
    await at.client.connect()
    await until(() => at.link.client === at.client, 2500)
    await until(() => at.proxy.connections() === 1)
  })

  test.each<[string, () => void]>([
    ['breaks', () => at.proxy.reset()],
    ['is silent', () => at.proxy.halfOpen()],
  ])('is replaced where it %s, and nothing of it stays', async (_, fault) => {
    const first = await takenOver()
    fault()
    await until(at.works, 1500)
    expect([at.client, first]).not.toContain(at.link.client)
    await until(() => at.proxy.connections() === 1)
    expect(first.isOpen).toBe(false)
  })

  test('is replaced where an answer is none: nobody gets the answer of another', async () => {
    const first = await takenOver()
    await first.set('mine', 'mine')
    await first.set('theirs', 'theirs')
    first.once('error', () => at.proxy.pass())
    at.proxy.garbage()
    await expect(first.get('theirs')).rejects.toThrow()
    await until(at.works, 1500)
    const next = at.link.client as Client
    expect(next).not.toBe(first)
    await expect(next.get('mine')).resolves.toBe('mine')
    await until(() => at.proxy.connections() === 1)
  })

  test('waits for a server that hangs for long, and goes on with one connection', async () => {
    await takenOver()
    at.server.freeze()
    await until(() => {
      at.link.trouble()
      return !at.link.ready()
    }, 1000)
    // Longer than the pause between two looks at the given client.
    await sleep(1300)
    expect(at.link.ready()).toBe(false)
    at.server.thaw()
    await until(at.works, 2000)
    await until(() => at.proxy.connections() === 1)
  })

  test('goes, too, when the given client is silent at first: that one is connected anew', async () => {
    await takenOver()
    await at.client.connect()
    at.proxy.halfOpen()
    await until(() => at.link.client === at.client, 4000)
    await expect(answers(at.client)).resolves.toBe(true)
    await until(() => at.proxy.connections() === 1)
  })
})

describe('close()', () => {
  test('ends the client that took over, and stops looking after it', async () => {
    await takenOver()
    at.link.close()
    await until(() => at.proxy.connections() === 0)
    const before = at.proxy.accepted()
    await sleep(1300)
    expect([at.proxy.connections(), at.proxy.accepted()]).toEqual([0, before])
  })

  test('in the middle of a look at the given client leaves that one as it is', async () => {
    await takenOver()
    await at.client.connect()
    const asked = jest.spyOn(at.client, 'ping').mockImplementation(async () => {
      at.link.close()
      throw new Error('Socket closed unexpectedly')
    })
    await until(() => asked.mock.calls.length > 0, 2500)
    asked.mockRestore()
    await sleep(100)
    expect(at.link.client).toBe(at.client)
    await expect(answers(at.client)).resolves.toBe(true)
    await until(() => at.proxy.connections() === 1)
  })
})
