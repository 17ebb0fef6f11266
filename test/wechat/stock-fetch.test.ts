import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { code2Session as Code2Session } from '../../src/wechat/code2session.js'
import { code2Session } from '../../src/wechat/code2session.js'
import { type LocalWeChat, startLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

const good = { openid: 'oAlice', session_key: bytesFor('key') }
const login = { appid: 'wx1111111111111111', secret: 'a secret', code: 'a code' }
const dispatchers = [1, 2].map((n) => Symbol.for(`undici.globalDispatcher.${String(n)}`))
const ours = 'over connections of our own'
const byFetch = 'by fetch'

let wechat: LocalWeChat
/** How each login came. */
const ways: string[] = []
beforeAll(async () => {
  wechat = await startLocalWeChat()
})
afterAll(() => wechat.close())
beforeEach(() => {
  ways.length = 0
  wechat.answer((req, res) => {
    // Only fetch says this.
    ways.push(req.headers['sec-fetch-mode'] === undefined ? ours : byFetch)
    res.end(JSON.stringify(good))
  })
})

const logIn = (exchange: typeof Code2Session = code2Session): Promise<unknown> =>
  exchange({ ...login, baseUrl: wechat.baseUrl })

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
    expect(urls).toEqual([expect.stringContaining(`${wechat.baseUrl}/sns/jscode2session?`)])
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
    ['what undici 8 leaves for older ones', new (class Dispatcher1Wrapper extends Agent {})()],
  ])('goes over connections of our own where its dispatcher is %s', async (_, dispatcher) => {
    setDispatcher(dispatcher)
    await logIn()
    expect(ways).toEqual([ours])
  })
})

describe('a process', () => {
  // The test script builds first.
  const built = pathToFileURL(join(__dirname, '../../dist/esm/index.js')).href

  /** Runs this in a process in which `logIn()` is defined, until it ends by itself; gives what it wrote. */
  async function run(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const program = `
      import { code2Session } from ${JSON.stringify(built)}
      const logIn = () =>
        code2Session(${JSON.stringify({ ...login, baseUrl: wechat.baseUrl, timeout: 600_000 })})
      const dispatcher = () =>
        globalThis[Symbol.for('undici.globalDispatcher.2')] ??
        globalThis[Symbol.for('undici.globalDispatcher.1')]
      ${script}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...env },
    })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (out += text.toString()))
    }
    const [code] = (await once(child, 'close')) as [number | null]
    expect([code, out.includes('Error')]).toEqual([0, false])
    return out
  }

  test('ends by itself after a login: neither the connection nor the deadline holds it', async () => {
    // A minute: whatever waited for the connection to be dropped would run into the time limit of the test.
    wechat.answer((_req, res) => {
      res.setHeader('connection', 'keep-alive').setHeader('keep-alive', 'timeout=61')
      res.end(JSON.stringify(good))
    })
    expect(await run('console.log((await logIn()).openid)')).toBe('oAlice\n')
  })

  test('uses connections of our own with the fetch of this Node, used before or not', async () => {
    await run(`await logIn(); await fetch('data:,'); await fetch(${JSON.stringify(wechat.baseUrl)})
      if (!dispatcher()) throw new Error('undici has no dispatcher'); await logIn()`)
    expect(ways).toEqual([ours, byFetch, ours])
  })

  test('goes by fetch once its Agent was replaced by one with options', async () => {
    await run(`await fetch(${JSON.stringify(wechat.baseUrl)})
      const { constructor: Agent } = dispatcher()
      const own = new Agent({ connect: { timeout: 5000 } })
      for (const n of [1, 2]) globalThis[Symbol.for('undici.globalDispatcher.' + n)] = own
      await logIn()`)
    expect(ways).toEqual([byFetch, byFetch])
  })

  test('goes where fetch goes with NODE_USE_ENV_PROXY and a proxy', async () => {
    const proxied: (string | undefined)[] = []
    const proxy = createServer((req, res) => {
      proxied.push(req.url)
      res.end(JSON.stringify(good))
    })
    proxy.on('connect', (req: IncomingMessage, socket: Socket) => {
      proxied.push(req.url)
      const { hostname, port } = new URL(wechat.baseUrl)
      const onward = connect(Number(port), hostname)
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
      for (const end of [socket, onward]) end.on('error', () => undefined)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const { port } = proxy.address() as AddressInfo
    const out = await run(
      `const asked = async (work) => work.then(() => 'reached', () => 'not reached')
       console.log(await asked(fetch('http://wechat.invalid/', { signal: AbortSignal.timeout(5000) })))
       console.log(await asked(code2Session({ ...${JSON.stringify(login)}, baseUrl: 'http://wechat.invalid' })))`,
      { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${port}` },
    )
    proxy.closeAllConnections()
    proxy.close()
    const [fetched, loggedIn] = out.trim().split('\n')
    // Node 20 does not know the variable.
    expect(fetched).toBe(proxied.length > 0 ? 'reached' : 'not reached')
    expect(loggedIn).toBe(fetched)
  })
})
