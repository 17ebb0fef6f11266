import { RedisStore } from 'connect-redis'
import { loadConnectRedis } from '../../src/redis/load-connect-redis.js'

const notFound = Object.assign(new Error("Cannot find module 'connect-redis'"), {
  code: 'MODULE_NOT_FOUND',
})
const throwing = (error: unknown) => (): never => {
  throw error
}

test('connect-redis is loaded where it is installed', () => {
  const Store = loadConnectRedis()
  expect(Store.name).toBe('RedisStore')
  expect(Object.getOwnPropertyNames(Store.prototype)).toEqual(
    Object.getOwnPropertyNames(RedisStore.prototype),
  )
})

test('exactly connect-redis is asked for', () => {
  const load = jest.fn(() => ({ RedisStore }))
  expect(loadConnectRedis(load)).toBe(RedisStore)
  expect(load.mock.calls).toEqual([['connect-redis']])
})

test('where it is not installed, the error says what to install', () => {
  expect(() => loadConnectRedis(throwing(notFound))).toThrow(
    expect.objectContaining({
      code: 'WX_APP_CONFIG',
      message: expect.stringMatching(
        /npm i connect-redis redis.*start-up\.md#connect-redis$/,
      ) as string,
    }),
  )
})

test.each([
  ['as its default', { default: RedisStore }],
  ['as no class', { RedisStore: { prototype: {} } }],
])('a version that has the store %s is to be updated', (_, module) => {
  expect(() => loadConnectRedis(() => module)).toThrow(
    expect.objectContaining({
      code: 'WX_APP_CONFIG',
      message: expect.stringContaining(
        '9 or newer; update it: npm i connect-redis redis',
      ) as string,
    }),
  )
})

test.each([
  [
    'an error about a package that connect-redis needs',
    Object.assign(new Error("Cannot find module 'redis'"), { code: 'MODULE_NOT_FOUND' }),
  ],
  [
    'an error without words',
    Object.assign(new Error(), { code: 'MODULE_NOT_FOUND', message: undefined }),
  ],
  [
    'an error that only names connect-redis',
    Object.assign(new Error("EACCES 'connect-redis'"), { code: 'EACCES' }),
  ],
  ['an error while it is loaded', new SyntaxError('x')],
  ['an error with another code', Object.assign(new Error('x'), { code: 'EACCES' })],
])('%s is passed on as it is', (_, error) => {
  let thrown: unknown
  try {
    loadConnectRedis(throwing(error))
  } catch (e) {
    thrown = e
  }
  expect(thrown).toBe(error)
})
