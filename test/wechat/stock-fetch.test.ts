import type { code2Session as Code2Session } from '../../src/wechat/code2session.js'
import { code2Session } from '../../src/wechat/code2session.js'
import { byFetch, login, ours, setUpLoginWays } from './login-ways.js'

const dispatchers = [1, 2].map((n) => Symbol.for(`undici.globalDispatcher.${String(n)}`))
const at = setUpLoginWays()
const { ways } = at

const logIn = (exchange: typeof Code2Session = code2Session): Promise<unknown> =>
  exchange({ ...login, baseUrl: at.wechat.baseUrl })

describe('a login', () => {
  const { fetch } = globalThis
  afterEach(() => {
    globalThis.fetch = fetch
    for (const key of dispatchers) delete (globalThis as Record<symbol, unknown>)[key]
  })

  const setDispatcher = (dispatcher: unknown, key = dispatchers[0]!): void => {
    ;(globalThis as Record<symbol, unknown>)[key] = dispatcher
  }

  test('goes over connections of our own where nobody has changed fetch', async () => {
    await logIn()
    expect(ways).toEqual([ours])
  })

  test('goes through a global fetch that was replaced, as long as it is', async () => {
    const urls: string[] = []
    globalThis.fetch = async (url, init) => {
      urls.push(url as string)
      return fetch(url, init)
    }
    await logIn()
    expect(urls).toEqual([expect.stringContaining(`${at.wechat.baseUrl}/sns/jscode2session?`)])
    globalThis.fetch = fetch
    await logIn()
    expect([urls.length, ways]).toEqual([1, [byFetch, ours]])
  })

  test('goes through a global fetch that was replaced before the package was loaded', async () => {
    let asked = 0
    globalThis.fetch = async (url, init) => {
      asked += 1
      return fetch(url, init)
    }
    await jest.isolateModulesAsync(async () => {
      const fresh = await import('../../src/wechat/code2session.js')
      await logIn(fresh.code2Session)
    })
    expect([asked, ways]).toEqual([1, [byFetch]])
  })

  class Agent {
    dispatch(): void {
      throw new Error('not in this test')
    }
  }
  const agentWith = (options: object, factory: () => void = function defaultFactory() {}): Agent =>
    Object.assign(new Agent(), { [Symbol('options')]: options, [Symbol('factory')]: factory })

  test.each<[string, unknown]>([
    ['a ProxyAgent', new (class ProxyAgent extends Agent {})()],
    ['a MockAgent', new (class MockAgent extends Agent {})()],
    ['an EnvHttpProxyAgent', new (class EnvHttpProxyAgent extends Agent {})()],
    ['an Agent with a certificate', agentWith({ connect: { ca: 'a certificate' } })],
    ['an Agent with an address', agentWith({ localAddress: '127.0.0.1', connect: undefined })],
    ['an Agent with another factory', agentWith({}, function ownFactory() {})],
    ['an Agent with an interceptor', Object.assign(agentWith({}), { dispatch: () => undefined })],
    [
      'a ProxyAgent with nothing else about it',
      Object.assign(new (class ProxyAgent extends Agent {})(), agentWith({})),
    ],
    [
      'an Agent whose options are not known',
      Object.assign(new Agent(), { [Symbol('factory')]: function defaultFactory() {} }),
    ],
    [
      'an Agent whose factory is not known',
      Object.assign(new Agent(), { [Symbol('options')]: {} }),
    ],
    ['an Agent of which nothing is known', new Agent()],
    ['a plain object', { dispatch: () => undefined }],
    ['an object without a prototype', Object.create(null)],
  ])('goes by fetch where its dispatcher is %s', async (_, dispatcher) => {
    for (const key of dispatchers) {
      setDispatcher(dispatcher, key)
      await logIn()
      setDispatcher(undefined, key)
    }
    expect(ways).toEqual([byFetch, byFetch])
  })

  test.each<[string, unknown]>([
    ['the Agent of undici 6', agentWith({ connect: undefined, interceptors: undefined })],
    ['the Agent of undici 7', agentWith({ maxOrigins: Infinity, connect: undefined })],
    ['null', null],
    ['what undici 8 leaves for older ones', new (class Dispatcher1Wrapper extends Agent {})()],
  ])('goes over connections of our own where its dispatcher is %s', async (_, dispatcher) => {
    setDispatcher(dispatcher)
    await logIn()
    expect(ways).toEqual([ours])
  })
})
