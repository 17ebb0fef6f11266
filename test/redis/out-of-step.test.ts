import type { LiveClient } from '../../src/redis/client-kind.js'
import { cutNode, isOutOfStep } from '../../src/redis/out-of-step.js'

const garbage = new Error('Unknown RESP type 72 "H"')

/** The client of a node, as far as it is looked at here. */
const node = (port: number, isReady = true): { client: LiveClient | undefined } => ({
  client: {
    isReady,
    options: { socket: { host: '127.0.0.1', port } },
    destroy: jest.fn(),
  } as unknown as LiveClient,
})

test.each([
  ['bytes that are no reply, on a connection that goes on', true, garbage, true],
  ['a connection that broke', false, new Error('Socket closed unexpectedly'), false],
  ['a no of Redis', true, new Error('NOPERM this user has no permissions'), false],
  ['a client with too many commands', true, new Error('The queue is full'), false],
])('%s: out of step? %s', (_what, ready, reason, expected) => {
  expect(isOutOfStep({ isReady: ready } as LiveClient, reason)).toBe(expected)
})

describe('of a cluster', () => {
  const cut = (masters: object[], reason: unknown, port: number): void => {
    cutNode({ masters } as unknown as LiveClient, reason, { host: '127.0.0.1', port })
  }

  test('only the node that is out of step loses its client', () => {
    const [one, other] = [node(7000), node(7001)]
    const { client } = one
    cut([one, other, {}], garbage, 7000)
    expect(client!.destroy).toHaveBeenCalledTimes(1)
    expect([one.client, other.client?.isReady]).toEqual([undefined, true])
  })

  test('a node of the same port on another host keeps its client, as does one that names no place', () => {
    const [there, nowhere, here] = [node(7000), node(7000), node(7000)]
    Object.assign(there.client!, { options: { socket: { host: '127.0.0.2', port: 7000 } } })
    Object.assign(nowhere.client!, { options: {} })
    const bare = { client: { isReady: true, destroy: jest.fn() } as unknown as LiveClient }
    cut([there, nowhere, bare, here], garbage, 7000)
    for (const one of [there, nowhere, bare]) expect(one.client!.destroy).not.toHaveBeenCalled()
    expect(here.client).toBeUndefined()
  })

  test.each([
    ['whose connection broke', node(7000, false), garbage],
    ['that says no', node(7000), new Error('CLUSTERDOWN The cluster is down')],
  ])('a node %s keeps its client', (_what, one, reason) => {
    cut([one], reason, 7000)
    expect(one.client!.destroy).not.toHaveBeenCalled()
  })
})
