import { EventEmitter } from 'node:events'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import { until } from '../support/until.js'

// Clients that do what real ones do only with luck or after long: what a link makes of them.

let link: RedisLink
afterEach(() => link.close())

const linked = (client: unknown): RedisLink => createRedisLink(client as LiveClient, 300)

/** A client of a cluster whose masters answer as they are told. */
class LookAlikeCluster extends EventEmitter {
  isOpen = true
  isReady = true
  masters: { address: string; client: object }[] = []
  readonly asked: string[] = []
  copies: LookAlikeCluster[] = []

  knows(ports: number[]): this {
    this.masters = ports.map((port) => ({
      address: `127.0.0.1:${String(port)}`,
      client: {
        isReady: true,
        ping: async (question: string) => {
          if (this.silent.has(port)) throw new Error('Socket closed unexpectedly')
          return question
        },
      },
    }))
    return this
  }
  readonly silent = new Set<number>()
  nodeClient(node: { client: object }): object {
    return node.client
  }
  async sendCommand(key: string): Promise<unknown> {
    this.asked.push(key)
    return 0
  }
  async connect(): Promise<void> {
    this.isOpen = true
  }
  destroy(): void {
    this.isOpen = false
    this.isReady = false
  }
  duplicate(): LookAlikeCluster {
    return this.copies.shift()!
  }
}

/** A given client of which a master went silent, and the copy that serves in its place and knows today's masters. */
async function takenOver(): Promise<{ given: LookAlikeCluster; copy: LookAlikeCluster }> {
  const given = new LookAlikeCluster().knows([7000, 7001])
  const copy = new LookAlikeCluster().knows([7001, 7005])
  given.copies = [copy]
  given.silent.add(7000)
  link = linked(given)
  link.trouble()
  await until(() => link.client === copy)
  return { given, copy }
}

test('a cluster client that knows other masters than those of today is not used until it knows them', async () => {
  const { given, copy } = await takenOver()

  // Back as a replica: it answers, and is asked for nothing that it has.
  given.silent.clear()
  await until(() => given.asked.length > 0, 3000)
  expect(link.client).toBe(copy)

  given.knows([7001, 7005])
  await until(() => link.client === given, 3000)
  await until(() => !copy.isOpen, 2000)
})

test('a cluster client that the app closes while it is asked what it knows is not gone back to', async () => {
  const { given, copy } = await takenOver()

  given.silent.clear()
  jest.spyOn(given, 'sendCommand').mockImplementation(async () => {
    given.knows([7001, 7005])
    given.destroy()
    return 0
  })
  await until(() => !given.isOpen, 3000)
  expect(link.wanted).toBe(false)
  // Nothing that was opened here outlives the client of the app.
  await until(() => !copy.isOpen, 3000)
})

test('a Redis that has been away for long is tried less often', async () => {
  const now = performance.now.bind(performance)
  let ahead = 0
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead)
  const tried: number[] = []
  const away = Object.assign(new EventEmitter(), {
    isOpen: true,
    isReady: false,
    destroy: () => undefined,
    duplicate() {
      tried.push(now())
      return Object.assign(new EventEmitter(), {
        isOpen: false,
        isReady: false,
        connect: () => Promise.reject(new Error('connect ECONNREFUSED')),
        destroy: () => undefined,
      })
    },
  })
  link = linked(away)
  link.trouble()
  await until(() => tried.length > 2)
  ahead = 11_000
  const before = tried.length
  await until(() => tried.length > before + 2)
  clock.mockRestore()
  // From the second one on: the first was waited for before.
  expect(tried.at(-1)! - tried.at(-2)!).toBeGreaterThan(400)
  expect(link.ready()).toBe(false)
})

test('what a link has no way to make another of is waited for', async () => {
  // A Sentinel client of redis 5: it cannot be copied.
  const given = Object.assign(new EventEmitter(), {
    isOpen: true,
    isReady: false,
    getSentinelNode: () => undefined,
    sendCommand: async () => ['master'],
    destroy: () => undefined,
  })
  link = linked(given)
  link.trouble()
  expect(link.ready()).toBe(false)
  given.isReady = true
  await until(() => link.ready())
  expect(link.client).toBe(given)
})
