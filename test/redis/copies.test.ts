import { EventEmitter } from 'node:events'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createCopies, endCopy, rememberSentinels } from '../../src/redis/copies.js'

/** A client, as far as it is looked at here. */
class Fake extends EventEmitter {
  isOpen = true
  readonly destroy = jest.fn<unknown, []>()
  readonly duplicate = jest.fn<Fake, [object?]>(() => new Fake())
}
const fake = (more: object = {}): Fake & LiveClient =>
  Object.assign(new Fake(), more) as unknown as Fake & LiveClient
const live = (client: Fake): LiveClient => client as unknown as LiveClient
const server = (port: number): { host: string; port: number } => ({ host: '127.0.0.1', port })

/** What the last copy was asked to have of its own. */
const overridesOf = (client: Fake): object | undefined => client.duplicate.mock.lastCall?.[0]

describe('a copy', () => {
  test('of a client is like it, and its errors end no process', () => {
    const given = fake()
    const copies = createCopies(given)
    const made = copies.make({ single: true, answering: [] }) as unknown as Fake
    expect(made).toBe(given.duplicate.mock.results[0]!.value)
    expect(overridesOf(given)).toEqual({})
    expect(() => made.emit('error', new Error('x'))).not.toThrow()
    expect(copies.ready).toBe(true)
  })

  test('of a cluster ends no process by its errors either', () => {
    const cluster = fake({ nodeClient: () => undefined })
    cluster.duplicate.mockReturnValue(fake({ nodeClient: () => undefined }))
    const made = createCopies(cluster).make() as unknown as Fake
    expect(() => made.emit('error', new Error('x'))).not.toThrow()
  })

  test('of a client that cannot be copied is none', () => {
    expect(createCopies(fake({ duplicate: undefined })).make()).toBeNull()
  })

  test('of a cluster begins with the nodes that are known to answer', () => {
    const cluster = fake({ nodeClient: () => undefined })
    createCopies(cluster).make({ answering: [server(7000), server(7001)] })
    expect(overridesOf(cluster)).toEqual({
      rootNodes: [{ socket: server(7000) }, { socket: server(7001) }],
    })
    createCopies(cluster).make()
    expect(overridesOf(cluster)).toEqual({})
  })

  test('of a Sentinel client asks another sentinel first each time, and says what is wrong', () => {
    const sentinel = fake({ getSentinelNode: () => undefined })
    const [a, b, c] = [server(1), server(2), server(3)]
    const told = { passthroughClientErrorEvents: true, maxCommandRediscovers: 0 }
    const copies = createCopies(sentinel)
    copies.make()
    expect(overridesOf(sentinel)).toEqual(told)
    rememberSentinels(sentinel, [a, b, c])
    const orders = [1, 2, 3].map(() => {
      copies.make()
      return overridesOf(sentinel)
    })
    expect(orders).toEqual(
      [
        [b, c, a],
        [c, a, b],
        [a, b, c],
      ].map((sentinelRootNodes) => Object.assign({ sentinelRootNodes }, told)),
    )
  })
})

describe('a copy of a pool', () => {
  const pool = (execute: () => Promise<unknown>, more: object = {}): Fake & LiveClient =>
    fake({ totalClients: 3, idleClients: 0, execute: jest.fn(execute), ...more })
  const turn = (): Promise<void> => new Promise(setImmediate)

  test('is made by one of its members, and so by none before there is one', async () => {
    const member = Object.assign(new Fake(), { createPool: jest.fn(() => new Fake()) })
    const given = pool(async () => member)
    const copies = createCopies(given)
    expect([copies.make(), copies.make({ single: true }), copies.ready]).toEqual([
      null,
      null,
      false,
    ])
    copies.look()
    await turn()
    expect(copies.ready).toBe(true)
    expect(copies.make()).toBe(member.createPool.mock.results[0]!.value)
    expect(member.createPool.mock.calls).toEqual([[{ maximum: 3 }]])
    expect(copies.make({ single: true })).toBe(member.duplicate.mock.results[0]!.value)
    expect(given.duplicate).not.toHaveBeenCalled()
    Object.assign(given, { totalClients: 0 })
    copies.make()
    expect(member.createPool.mock.lastCall).toEqual([{ maximum: 1 }])
  })

  test('is none where its member cannot be copied', async () => {
    const copies = createCopies(pool(async () => fake({ duplicate: undefined })))
    copies.look()
    await turn()
    expect(copies.make({ single: true })).toBeNull()
  })

  test('has a member that is whichever the pool gives', async () => {
    const execute = jest.fn(async (f: (member: object) => object) => f('the member' as never))
    createCopies(fake({ totalClients: 1, execute })).look()
    await expect(execute.mock.results[0]!.value).resolves.toBe('the member')
  })

  test('is not asked for twice at once, nor again, nor of a pool that is closed', async () => {
    const given = pool(async () => fake()) as Fake & LiveClient & { execute: jest.Mock }
    const copies = createCopies(given)
    Object.assign(given, { isOpen: false })
    copies.look()
    expect(given.execute).toHaveBeenCalledTimes(0)
    Object.assign(given, { isOpen: true })
    copies.look()
    copies.look()
    expect(given.execute).toHaveBeenCalledTimes(1)
    await turn()
    copies.look()
    expect(given.execute).toHaveBeenCalledTimes(1)
  })

  test('is asked for again after it could not be had', async () => {
    const given = pool(() => Promise.reject(new Error('x'))) as Fake &
      LiveClient & { execute: jest.Mock }
    const copies = createCopies(given)
    copies.look()
    await turn()
    expect(copies.ready).toBe(false)
    copies.look()
    expect(given.execute).toHaveBeenCalledTimes(2)
    await turn()
  })

  test('is not looked for where it is no pool; a pool with an idle connection is ready', () => {
    const execute = jest.fn()
    createCopies(fake({ execute })).look()
    expect(execute).not.toHaveBeenCalled()
    expect(createCopies(pool(async () => fake(), { idleClients: 1 })).ready).toBe(true)
  })
})

describe('a copy that is ended', () => {
  test.each(['connect', 'error'])(
    'while its socket is opened ends with the next %s, once',
    (event) => {
      const made = createCopies(fake()).make() as unknown as Fake
      endCopy(live(made))
      expect(made.destroy).not.toHaveBeenCalled()
      made.emit(event, new Error('x'))
      expect(made.destroy).toHaveBeenCalledTimes(1)
    },
  )

  test.each(['connect', 'error'])(
    'after %s ends at once, and not so while it connects again',
    (event) => {
      const made = createCopies(fake()).make() as unknown as Fake
      made.emit(event, new Error('x'))
      endCopy(live(made))
      expect(made.destroy).toHaveBeenCalledTimes(1)
      const again = createCopies(fake()).make() as unknown as Fake
      again.emit(event, new Error('x'))
      again.emit('reconnecting')
      endCopy(live(again))
      expect(again.destroy).not.toHaveBeenCalled()
    },
  )

  test('and fails to end breaks nothing', async () => {
    const throwing = fake({
      destroy: jest.fn(() => {
        throw new Error('x')
      }),
    })
    expect(() => {
      endCopy(throwing)
    }).not.toThrow()
    const rejecting = fake({ destroy: () => Promise.reject(new Error('x')) })
    endCopy(rejecting)
    await new Promise(setImmediate)
  })

  test('that is a cluster ends at once: its nodes are its own to end', () => {
    const cluster = fake({ nodeClient: () => undefined })
    cluster.duplicate.mockReturnValue(fake({ nodeClient: () => undefined }))
    const made = createCopies(cluster).make() as unknown as Fake
    endCopy(live(made))
    expect(made.destroy).toHaveBeenCalledTimes(1)
  })
})
