import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createSandbox, SANDBOX_SECRET, type Sandbox } from '../../../src/sandbox/index.js'
import { runVerify } from '../../../src/sandbox/verify/command.js'
import { startTestApp, type TestApp } from '../../support/test-app.js'
import { redisUrl } from '../../support/redis.js'
import { until } from '../../support/until.js'
import { inRedis, type Mistake, startPlainBackend } from './plain-backend.js'
import { startServer } from './support.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
let app: TestApp
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
  app = await startTestApp({ sandbox, wx: { wechat: { baseUrl: sandbox.baseUrl } } })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})
afterAll(async () => {
  await app.close()
  await sandbox.close()
})

/** The first of some ports in a row that nobody has; below those that outgoing connections take. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 11_000)
    const servers = Array.from({ length: count }, () => createServer())
    const listening = servers.map(
      (server, i) =>
        new Promise<boolean>((resolve) => {
          server.once('error', () => resolve(false))
          server.listen(first + i, '127.0.0.1', () => resolve(true))
        }),
    )
    const free = (await Promise.all(listening)).every(Boolean)
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    if (free) return first
  }
}

interface Run {
  exitCode: number
  out: string
  err: string
}

async function verify(
  args: string[],
  io: { colors?: boolean; stopped?: Promise<unknown> } = {},
): Promise<Run> {
  const run: Run = { exitCode: -1, out: '', err: '' }
  run.exitCode = await runVerify(args, {
    out: (text) => (run.out += text),
    err: (text) => (run.err += text),
    stopped: new Promise(() => undefined),
    ...io,
  })
  return run
}

const at = (target: string, ...more: string[]): string[] => [
  ...['--target', target, '--sandbox', sandbox.baseUrl],
  ...more,
]

const plainOptions = [
  ...['--login', '/api/sign-in', '--guarded', '/api/me', '--phone', '/api/mobile'],
  ...['--logout', '/api/sign-out', '--header', 'X-Token', '--scheme', ''],
  ...['--token-field', 'data.token'],
]

async function plain(mistake?: Mistake, changes: object = {}): Promise<string> {
  const { baseUrl, appid, secret } = sandbox
  const options = { wechat: baseUrl, appid, secret, mistake, ...changes }
  const server = await startPlainBackend(options)
  open.push(server.close)
  return server.url
}

async function serve(listener: RequestListener): Promise<string> {
  const server = await startServer(listener)
  open.push(server.close)
  return server.url
}

describe('sandbox verify', () => {
  it('prints a line for each scenario and a closing line; exit code 0', async () => {
    const run = await verify(at(app.url, '--only', 'errcode-40226,first-login,redis-down'))
    expect(run).toMatchObject({ exitCode: 0, err: '' })
    expect(run.out).toMatch(/^SANDBOX: this is not WeChat\n/)
    expect(run.out).toMatch(/contract: .*found by the server's own 401/)
    // In the order of the list, whatever the order of the ids.
    expect(run.out).toMatch(
      /✓ first-login +\d+\/\d+ +First login\n✓ errcode-40226 [^]*\n- redis-down/,
    )
    expect(run.out).toMatch(/ {4}skipped: The sandbox does not see/)
    expect(run.out).toMatch(/\n2 passed, 0 failed, 1 skipped\n$/)
    // eslint-disable-next-line no-control-regex -- no colours
    expect(run.out).not.toMatch(/\u001B/)
  })

  it('speaks to a server of any shape; below a cross is what was expected and what came; exit code 1', async () => {
    const url = await plain('500 on 45011')
    const run = await verify(at(url, ...plainOptions, '--only', 'first-login,errcode-45011'))
    expect(run).toMatchObject({ exitCode: 1, err: '' })
    expect(run.out).toMatch(/behaviour: what any login backend has to do \(found/)
    expect(run.out).toMatch(/✓ first-login/)
    expect(run.out).toMatch(
      /✗ errcode-45011 [^]* {4}✗ The login is refused for now\n {8}expected: 4xx \| 503, no token\n {8}came: 500, no token\n/,
    )
    expect(run.out).toMatch(/\n1 passed, 1 failed, 0 skipped\n$/)
  })

  it('--contract asks for our exact codes of a server that has others', async () => {
    const url = await plain()
    const run = await verify(at(url, ...plainOptions, '--contract', '--only', 'errcode-45011'))
    expect(run.exitCode).toBe(1)
    expect(run.out).toMatch(/expected: 429 WX_RATE_LIMITED retry\n +came: 429\n/)
    expect(run.out).not.toMatch(/found by/)
  })

  it('--behaviour asks less of a server with our contract', async () => {
    const run = await verify(at(app.url, '--behaviour', '--only', 'code-reused'))
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.out).toMatch(/ {2}checks {3}behaviour: /)
  })

  it('--lang zh speaks Chinese', async () => {
    const run = await verify(at(app.url, '--lang', 'zh', '--only', 'first-login'))
    expect(run.out).toMatch(/这不是微信[^]*首次登录[^]*1 通过，0 失败，0 跳过/)
  })

  it('has colours where they may be used', async () => {
    const run = await verify(at(app.url, '--only', 'first-login'), { colors: true })
    // eslint-disable-next-line no-control-regex -- what colours are made of
    expect(run.out).toMatch(/\u001B\[32m✓\u001B\[0m first-login/)
  })

  it('--json gives a shape that machines can rely on', async () => {
    const url = await plain('500 on 45011')
    const args = [...plainOptions, '--json', '--only', 'errcode-45011,errcode-40226']
    const run = await verify(at(url, ...args))
    expect(run).toMatchObject({ exitCode: 1, err: '' })
    expect(JSON.parse(run.out)).toEqual({
      ok: false,
      target: url,
      sandbox: sandbox.baseUrl,
      mode: 'behaviour',
      passed: 1,
      failed: 1,
      skipped: 0,
      notes: [],
      scenarios: ['errcode-45011', 'errcode-40226'].map((id) => ({
        id,
        title: expect.any(String),
        status: id === 'errcode-45011' ? 'failed' : 'passed',
        reason: null,
        ms: expect.any(Number),
        checks: expect.arrayContaining([
          { what: expect.any(String), expected: '1', actual: '1', ok: true },
        ]),
      })),
    })
  })

  it('prints no token, code or secret, whatever the server answers', async () => {
    const url = await plain('session_key in the reply')
    const run = await verify(
      at(url, ...plainOptions, '--json', '--only', 'first-login,code-reused'),
    )
    expect(run.exitCode).toBe(1)
    expect(run.out).toMatch(/"actual": "session_key"/)
    expect(run.out).not.toContain(SANDBOX_SECRET)
    expect(run.out).not.toMatch(/0sbx|[A-Za-z0-9+/]{22}==|[0-9a-f]{32}/)
  })

  it('leaves out what a server has no route for, and says so', async () => {
    const url = await plain()
    const some = plainOptions.filter((_one, i) => ![4, 5, 6, 7].includes(i))
    const run = await verify(at(url, ...some, '--only', 'session-revoked,user-denies-phone'))
    expect(run.exitCode).toBe(0)
    expect(run.out).toMatch(/There is no POST \/wx\/phone: what needs it is skipped/)
    expect(run.out).toMatch(/\n0 passed, 0 failed, 2 skipped\n$/)
  })

  it('starts a sandbox where none runs, on that port, and stops it', async () => {
    const spare = createSandbox()
    const url = await spare.listen()
    await spare.close()
    const { appid, secret } = sandbox
    const server = await startPlainBackend({ wechat: url, appid, secret })
    open.push(server.close)
    const args = [
      '--target',
      server.url,
      '--sandbox',
      url,
      ...plainOptions,
      '--only',
      'first-login',
    ]
    const run = await verify(args)
    expect(run).toMatchObject({ exitCode: 0, err: '' })
    expect(run.out).toMatch(/\(started for this run\)/)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})

describe('a server whose logins fail', () => {
  it('is told what is wrong with it: nothing of the set-up is', async () => {
    const { baseUrl, appid, secret } = sandbox
    const target = await serve((req, res) => {
      let text = ''
      req.on('data', (chunk) => (text += String(chunk)))
      req.on('end', () => {
        const { code = '' } = JSON.parse(text || '{}') as { code?: string }
        const query = new URLSearchParams({ appid, secret, js_code: code })
        void fetch(`${baseUrl}/sns/jscode2session?${query.toString()}`).then(() =>
          res.writeHead(500).end('{}'),
        )
      })
    })
    const run = await verify(at(target, '--only', 'first-login'))
    expect(run).toMatchObject({ exitCode: 1, err: '' })
    expect(run.out).toMatch(/✗ first-login/)
  })
})

describe('a server that has no route for phone numbers and none to log out', () => {
  it('is asked for the rest, and what needs them is skipped with the reason', async () => {
    const url = await plain()
    const without = ['--phone', 'none', '--logout', 'none']
    const run = await verify(at(url, ...plainOptions, ...without))
    expect(run).toMatchObject({ exitCode: 0, err: '' })
    expect(run.out).toMatch(/✓ first-login/)
    expect(run.out).toMatch(/0 failed, \d+ skipped\n$/)
  })
})

describe('--redis', () => {
  it('stands in front of the Redis of a server that is started meanwhile', async () => {
    const first = await freePorts(3)
    const port = first + 1
    const url = `http://127.0.0.1:${String(first)}`
    const free = `http://127.0.0.1:${String(first + 2)}`
    const args = ['--target', free, '--sandbox', url, '--redis', redisUrl(), ...plainOptions]
    const running = verify([...args, '--only', 'redis-down'])
    await until(async () => (await fetch(url)).ok || true, 20_000)
    const { sessions, close } = await inRedis(`redis://127.0.0.1:${String(port)}`)
    const { appid, secret } = sandbox
    const target = { port: Number(new URL(free).port), wechat: url, appid, secret, sessions }
    const server = await startPlainBackend(target)
    open.push(server.close, close)
    const run = await running
    expect(run.err).toMatch(new RegExp(`redis://127.0.0.1:${String(port)} now`))
    expect(run.out).toMatch(/✓ redis-down/)
    expect(run.exitCode).toBe(0)
  })
})

describe('exit code 3, with what to set:', () => {
  const failing = async (args: string[], code: string): Promise<string> => {
    const [text, json] = [await verify(args), await verify([...args, '--json'])]
    expect(text).toMatchObject({ exitCode: 3, out: '' })
    expect(json).toMatchObject({ exitCode: 3, err: '' })
    const { ok, error } = JSON.parse(json.out) as { ok: boolean; error: Record<string, string> }
    expect(ok).toBe(false)
    expect(error).toEqual({ code, message: expect.any(String) })
    expect(text.err).toBe(`express-wx-login: ${error.message!}\n`)
    return text.err
  }

  it('a server that is not there', async () => {
    expect(await failing(at('http://127.0.0.1:9'), 'TARGET_DOWN')).toMatch(
      /http:\/\/127\.0\.0\.1:9 cannot be reached\. Start your server/,
    )
  })

  it('a server that talks to another WeChat', async () => {
    const other = await serve((_req, res) => res.end('{"errcode":40029,"errmsg":"invalid code"}'))
    const url = await plain(undefined, { wechat: other })
    const message = await failing(at(url, ...plainOptions), 'TARGET_OTHER_WECHAT')
    expect(message).toContain(`WX_API_BASE=${sandbox.baseUrl}`)
  })

  it('a server with another AppID', async () => {
    const url = await plain(undefined, { appid: 'wx1234567890abcdef' })
    expect(await failing(at(url, ...plainOptions), 'TARGET_WRONG_APP')).toContain(
      'WX_APPID=wx000000000sandbox',
    )
  })

  it('a server with another AppSecret', async () => {
    const url = await plain(undefined, { secret: 'x'.repeat(32) })
    expect(await failing(at(url, ...plainOptions), 'TARGET_WRONG_APP')).toContain(
      `WX_SECRET=${SANDBOX_SECRET}`,
    )
  })

  it('a server with another AppSecret than a sandbox of one’s own', async () => {
    const own = createSandbox({ apps: [{ appid: 'wx1234567890abcdef', secret: 's'.repeat(32) }] })
    await own.listen()
    open.push(own.close)
    const url = await plain(undefined, { wechat: own.baseUrl, appid: own.appid })
    const args = ['--target', url, '--sandbox', own.baseUrl, ...plainOptions]
    const message = await failing(args, 'TARGET_WRONG_APP')
    expect(message).toMatch(/the one the sandbox was given with --secret/)
    expect(message).not.toContain('ssss')
  })

  it('a server that asks as another mini program which the sandbox plays, too', async () => {
    const apps = ['wx1234567890abcdef', 'wxfedcba0987654321'].map((appid) => ({
      appid,
      secret: 's'.repeat(32),
    }))
    const own = createSandbox({ apps })
    await own.listen()
    open.push(own.close)
    const url = await plain(undefined, { wechat: own.baseUrl, ...apps[1] })
    const args = ['--target', url, '--sandbox', own.baseUrl, ...plainOptions]
    expect(await failing(args, 'TARGET_WRONG_APP')).toContain('WX_APPID=wx1234567890abcdef')
  })

  it.each([
    ['the login', plainOptions.slice(2), /POST \/wx\/login is 404.*--login/],
    ['the guarded path', [...plainOptions, '--guarded', '/x'], /GET \/x is 404.*--guarded/],
    ['a phone route that is named', [...plainOptions, '--phone', '/x'], /POST \/x is 404.*--phone/],
  ])('%s is not there', async (_what, options, message) => {
    const args = at(await plain(), ...options)
    expect(await failing(args, 'TARGET_WRONG_PATH')).toMatch(message)
  })

  it('a token that is somewhere else in the reply', async () => {
    const args = at(await plain(), ...plainOptions, '--token-field', 'token')
    expect(await failing(args, 'TARGET_NO_TOKEN')).toMatch(/no token at "token".*--token-field/)
  })

  it('a token that goes into another header', async () => {
    const args = at(
      await plain(),
      ...plainOptions,
      '--header',
      'Authorization',
      '--scheme',
      'Bearer',
    )
    expect(await failing(args, 'TARGET_TOKEN_REFUSED')).toMatch(
      /"Authorization: Bearer <token>" is 401\. See --guarded, --header and --scheme/,
    )
  })

  it('a token that goes alone into a header, and is refused there', async () => {
    const args = at(await plain(), ...plainOptions, '--header', 'X-Other')
    expect(await failing(args, 'TARGET_TOKEN_REFUSED')).toMatch(/"X-Other: <token>" is 401/)
  })

  it('an address of the sandbox that another program has', async () => {
    const taken = createTcpServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    open.push(() => new Promise((resolve) => taken.close(resolve)))
    const url = `http://127.0.0.1:${String((taken.address() as AddressInfo).port)}`
    expect(await failing(['--target', app.url, '--sandbox', url], 'SANDBOX_DOWN')).toMatch(
      /cannot be started: .*EADDRINUSE/,
    )
  })

  it('a port for its Redis that another program has, and nothing stays open', async () => {
    const first = await freePorts(2)
    const taken = createTcpServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => taken.listen(first + 1, '127.0.0.1', resolve))
    open.push(() => new Promise((resolve) => taken.close(resolve)))
    const url = `http://127.0.0.1:${String(first)}`
    const args = ['--target', app.url, '--sandbox', url, '--redis', redisUrl()]
    expect(await failing(args, 'SANDBOX_DOWN')).toMatch(/cannot be started: .*EADDRINUSE/)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  it('a sandbox that ends in the middle of it', async () => {
    const own = createSandbox()
    await own.listen()
    open.push(own.close)
    const target = await serve((_req, res) => {
      void own.close().then(() => res.end('{}'))
    })
    const run = await verify(['--target', target, '--sandbox', own.baseUrl])
    expect(run).toMatchObject({ exitCode: 3, out: '' })
    expect(run.err).toMatch(/^express-wx-login: The sandbox does not answer: /)
  })

  it('a sandbox that is somewhere else and not there', async () => {
    const args = ['--target', app.url, '--sandbox', 'http://sandbox.invalid:3900']
    expect(await failing(args, 'SANDBOX_DOWN')).toMatch(/cannot be reached. Start the sandbox/)
  })

  it('something else at the address of the sandbox', async () => {
    const url = await serve((_req, res) => res.end('{}'))
    const args = ['--target', app.url, '--sandbox', url]
    expect(await failing(args, 'SANDBOX_DOWN')).toMatch(/is no sandbox/)
  })

  it('--redis with a sandbox that runs already', async () => {
    const args = at(app.url, '--redis', 'redis://127.0.0.1:6379')
    expect(await failing(args, 'SANDBOX_DOWN')).toMatch(/give --redis to that sandbox/)
  })

  it('Ctrl+C', async () => {
    const run = await verify(at(app.url), { stopped: Promise.resolve() })
    expect(run).toMatchObject({ exitCode: 3, err: expect.stringMatching(/Stopped before the end/) })
  })
})

it('Ctrl+C in the middle of the scenarios leaves nothing behind in the sandbox', async () => {
  let stop!: () => void
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  let [out, err] = ['', '']
  const exitCode = await runVerify(at(app.url), {
    out(text) {
      out += text
      if (text.includes('first-login')) stop()
    },
    err: (text) => (err += text),
    stopped,
  })
  expect([exitCode, err]).toEqual([3, 'express-wx-login: Stopped before the end.\n'])
  expect(out).toMatch(/✓ first-login/)
  expect(out).not.toMatch(/passed, /)
  expect(sandbox.faults.list()).toEqual([])
})

describe('a terminal that is gone', () => {
  const gone = new Error('EPIPE')
  const io = {
    out(): void {
      throw gone
    },
    err: () => undefined,
    stopped: new Promise(() => undefined),
  }

  it.each([
    ['the help', () => ['--help']],
    ['a run', () => at(app.url, '--only', 'first-login')],
  ])('is no mistake of the server: %s ends with that error', async (_what, args) => {
    await expect(runVerify(args(), io)).rejects.toBe(gone)
  })
})

describe('exit code 2: wrong usage', () => {
  const target = ['--target', 'http://127.0.0.1:3000']
  it.each<[string[], RegExp]>([
    [[], /--target: is missing/],
    [['--target', 'here'], /--target: must be a URL that begins with http:\/\//],
    [['--target', 'ftp://a'], /--target: must be a URL/],
    [['--target', 'http://me:pass-word@a'], /--target: must have no user, no query/],
    [['--target', 'http://a/?b'], /--target: must have no user, no query/],
    [[...target, '--sandbox', 'x'], /--sandbox: must be a URL/],
    [
      [...target, '--only', 'first-login,second-login'],
      /no scenario "second-login"\. There are first-login, /,
    ],
    [[...target, '--login', 'wx/login'], /--login: must be a path that begins with a slash, not/],
    [[...target, '--guarded', 'none'], /--guarded: must be a path/],
    [[...target, '--phone', 'no'], /--phone: must be a path that begins with a slash, or none/],
    [[...target, '--header', 'a b'], /--header: must be a header name/],
    [[...target, '--scheme', 'a b'], /--scheme: must be one word/],
    [[...target, '--token-field', 'a..b'], /--token-field: must be as token or data\.token/],
    [[...target, '--contract', '--behaviour'], /--contract and --behaviour: use one/],
    [[...target, '--redis', 'http://a'], /--redis: must be a URL that begins with redis:\/\//],
    [[...target, '--lang', 'fr'], /--lang: must be en or zh/],
    [[...target, '--tagret'], /--tagret/],
    [[...target, 'extra'], /extra/],
  ])('%j', async (args, message) => {
    const run = await verify(args)
    expect(run).toMatchObject({ exitCode: 2, out: '' })
    expect(run.err).toMatch(message)
    expect(run.err).not.toContain('pass-word')
    expect(run.err).toMatch(/\nSee express-wx-login sandbox verify --help\n$/)
  })

  it.each(['--help', '-h'])('%s tells every option, and is none', async (flag) => {
    const run = await verify([flag])
    expect(run).toMatchObject({ exitCode: 0, err: '' })
    expect(run.out).toMatch(/^Usage: express-wx-login sandbox verify --target <url>/)
  })
})
