import { createRedisUserState } from '../../src/redis/user-state.js'
import type { UserState } from '../../src/state-types.js'
import { linkTo } from '../support/redis-link.js'

const alice = { appid: 'wx1', openid: 'oAlice' }
const on = (client: object): UserState =>
  createRedisUserState(linkTo(client), { prefix: 'p:', ttl: 3600, timeout: 5000 })

test.each(['LOADING Redis is loading the dataset in memory', 'Socket closed unexpectedly'])(
  'a list that cannot be read for "%s" is not dropped, and not asked for again',
  async (message) => {
    const zRangeWithScores = jest.fn(() => Promise.reject(new Error(message)))
    const del = jest.fn()
    await expect(on({ zRangeWithScores, del }).listSessions(alice)).rejects.toThrow(message)
    expect(zRangeWithScores).toHaveBeenCalledTimes(1)
    expect(del).not.toHaveBeenCalled()
  },
)

test('which keys are good no more is found wherever it stands among them', async () => {
  const hGetAll = async (): Promise<object> => ({ a: '5 v1.x', notBefore: '7', b: '8 v1.y' })
  await expect(on({ hGetAll }).readKeys(alice)).resolves.toEqual({
    keys: [
      { id: 'a', at: 5, sealed: 'v1.x' },
      { id: 'b', at: 8, sealed: 'v1.y' },
    ],
    notBefore: 7,
  })
})

test('a count that began again while it went up has an end all the same', async () => {
  const expire = jest.fn(async () => 1)
  const state = (count: number): UserState =>
    on({ set: async () => null, incr: async () => count, expire })
  await expect(state(2).refusals(alice, 's', 1)).resolves.toBe(2)
  expect(expire).not.toHaveBeenCalled()
  await expect(state(1).refusals(alice, 's', 1)).resolves.toBe(1)
  expect(expire.mock.calls).toEqual([['p:user:{wx1:oAlice}:refused:s', 60]])
})
