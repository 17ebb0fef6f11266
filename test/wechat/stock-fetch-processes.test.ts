import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { byFetch, good, login, ours, setUpLoginWays } from './login-ways.js'

const at = setUpLoginWays()
const { ways } = at

describe('a process', () => {
  // The test script builds first.
  const built = pathToFileURL(join(__dirname, '../../dist/esm/index.js')).href

  /** Runs this in a process in which `logIn()` is defined, until it ends by itself; gives what it wrote. */
  async function run(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const program = `
      import { code2Session } from ${JSON.stringify(built)}
      const logIn = () =>
        code2Session(${JSON.stringify({ ...login, baseUrl: at.wechat.baseUrl, timeout: 600_000 })})
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
    at.wechat.answer((_req, res) => {
      res.setHeader('connection', 'keep-alive').setHeader('keep-alive', 'timeout=61')
      res.end(JSON.stringify(good))
    })
    expect(await run('console.log((await logIn()).openid)')).toBe('oAlice\n')
  })

  test('uses connections of our own with the fetch of this Node, used before or not', async () => {
    await run(`await logIn(); await fetch('data:,'); await fetch(${JSON.stringify(at.wechat.baseUrl)})
      if (!dispatcher()) throw new Error('undici has no dispatcher'); await logIn()`)
    expect(ways).toEqual([ours, byFetch, ours])
  })

  test('goes by fetch once its Agent was replaced by one with options', async () => {
    await run(`await fetch(${JSON.stringify(at.wechat.baseUrl)})
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
      const { hostname, port } = new URL(at.wechat.baseUrl)
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
