import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createContext, runInContext } from 'node:vm'
import { curlWalk } from '../../example-app/src/walk.js'
import {
  createSandbox,
  type Sandbox,
  SANDBOX_APPID,
  SANDBOX_SECRET,
} from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'
import { freePort } from '../support/services.js'
import { codeOf } from './markdown.js'
import { createWorkspace, run, type Workspace } from './workspace.js'

const quickStart = codeOf('README.md', 'app.listen(process.env.PORT', 'js')
const walk = codeOf('README.md', '/wx/login', 'bash')
const phone = codeOf('docs/http.md', 'wx.login(', 'js')

/** Waits until the server answers; fails at once where it has ended, with what it said. */
async function answering(url: string, server: ChildProcess, output: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (server.exitCode !== null) throw new Error(`the quick start ended:\n${output()}`)
    const up = await fetch(url).then(
      () => true,
      () => false,
    )
    if (up) return
    await sleep(50)
  }
  throw new Error(`the quick start did not answer:\n${output()}`)
}

let workspace: Workspace
let sandbox: Sandbox

beforeAll(async () => {
  workspace = createWorkspace()
  sandbox = createSandbox()
  await sandbox.listen(0, '127.0.0.1')
})

afterAll(async () => {
  await sandbox?.close()
  workspace?.remove()
})

interface Running {
  url: string
  /** All it wrote so far. */
  output(): string
  stop(): Promise<void>
}

/** The quick start as a process of its own, with the sandbox as WeChat. */
async function start(env: Record<string, string>): Promise<Running> {
  const port = await freePort()
  const url = `http://127.0.0.1:${String(port)}`
  const server = spawn(process.execPath, [workspace.write('server.mjs', quickStart)], {
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      SESSION_SECRET: 'a session secret of the tests, long enough',
      WX_APPID: SANDBOX_APPID,
      WX_SECRET: SANDBOX_SECRET,
      WX_API_BASE: sandbox.baseUrl,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  }
  const output = (): string => text
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill()
    await once(server, 'exit')
  }
  try {
    await answering(url, server, output)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, output, stop }
}

/** The three lines for the shell, at these addresses. */
async function pasteWalk(url: string): Promise<unknown> {
  const here = walk
    .replaceAll('http://127.0.0.1:3000', url)
    .replaceAll('http://127.0.0.1:3900', sandbox.baseUrl)
  const { stdout } = await run('bash', ['-c', here])
  return JSON.parse(stdout) as unknown
}

test('the quick start has at most fifteen lines', () => {
  expect(quickStart.split('\n').length).toBeLessThanOrEqual(15)
})

test('the commands around it name the sandbox’ own app', () => {
  const commands = codeOf('README.md', 'npx express-wx-login sandbox &', 'bash')
  expect(commands).toContain(`WX_APPID=${SANDBOX_APPID} WX_SECRET=${SANDBOX_SECRET}`)
})

test('the three lines of the README are those the example app prints', () => {
  expect(walk.split('\n')).toEqual(curlWalk('http://127.0.0.1:3000', 'http://127.0.0.1:3900'))
})

test('the quick start without its secrets says what is missing', async () => {
  const empty = { SESSION_SECRET: '', WX_SECRET: '' }
  await expect(start(empty)).rejects.toThrow(/ - secret: .*\n.* - session\.secret: /)
})

describe.each([
  ['in memory', false],
  ['in Redis', true],
])('the quick start with sessions %s', (_, inRedis) => {
  let server: Running

  beforeAll(async () => {
    // A database of its own: the quick start keeps the default prefix.
    server = await start(inRedis ? { REDIS_URL: `${redisUrl()}/7` } : {})
  })

  afterAll(() => server?.stop())

  test('logs in by the three lines, pasted into bash', async () => {
    const openid = sandbox.user('alice').openid()
    expect(await pasteWalk(server.url)).toEqual({ name: `user ${openid.slice(-4)}` })
  })

  test('refuses who has no token', async () => {
    const reply = await fetch(`${server.url}/me`)
    expect(reply.status).toBe(401)
    expect(await reply.json()).toMatchObject({ error: { code: 'WX_SESSION_REQUIRED' } })
  })

  test(`${inRedis ? 'does not warn' : 'warns'} about sessions in memory`, () => {
    expect(server.output().includes('WX_MEMORY')).toBe(!inRedis)
  })
})

describe('the code for the phone', () => {
  let server: Running

  beforeAll(async () => {
    server = await start({})
  })

  afterAll(() => server?.stop())

  type Callbacks<T> = { success: (value: T) => void; fail: (error: unknown) => void }
  type Reply = { statusCode: number; data: unknown }
  type RequestOptions = Callbacks<Reply> & {
    url: string
    method?: string
    data?: unknown
    header: Record<string, string>
  }
  type Request = (path: string, method?: string, data?: unknown) => Promise<Reply>

  /** A mini program with this code, and what it keeps. */
  function startPhone(name: string): { request: Request; storage: Map<string, unknown> } {
    const storage = new Map<string, unknown>()
    const send = async (o: RequestOptions): Promise<Reply> => {
      const reply = await fetch(o.url, {
        method: o.method ?? 'GET',
        // As wx.request: JSON unless told otherwise.
        headers: { 'content-type': 'application/json', ...o.header },
        ...(o.data !== undefined && { body: JSON.stringify(o.data) }),
      })
      return { statusCode: reply.status, data: await reply.json() }
    }
    const wx = {
      getStorageSync: (key: string) => storage.get(key) ?? '',
      setStorageSync: (key: string, value: unknown) => void storage.set(key, value),
      login: ({ success }: Callbacks<{ code: string }>) => {
        success({ code: sandbox.user(name).login() })
      },
      request: (o: RequestOptions) => void send(o).then(o.success, o.fail),
    }
    const context = createContext({ wx })
    runInContext(phone.replace('https://api.example.com', server.url), context)
    return { request: runInContext('request', context) as Request, storage }
  }

  const logins = (): number =>
    sandbox.requests.filter(({ path }) => path === '/sns/jscode2session').length

  test('logs in once for several requests, keeps the token and logs in again when it is lost', async () => {
    const { request, storage } = startPhone('bob')
    const before = logins()
    const replies = await Promise.all([request('/me'), request('/me'), request('/me')])
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(logins() - before).toBe(1)

    expect((await request('/wx/session')).statusCode).toBe(200)
    expect(logins() - before).toBe(1)

    storage.set('token', 'unknown here')
    expect((await request('/me')).statusCode).toBe(200)
    expect(logins() - before).toBe(2)
  })

  test('fails with the error of the server where the login fails', async () => {
    sandbox.user('mallory', { blocked: true })
    const { request } = startPhone('mallory')
    await expect(request('/me')).rejects.toMatchObject({ code: 'WX_USER_BLOCKED', action: 'none' })
  })
})
