import { createClient } from 'redis'
import net, { type AddressInfo } from 'node:net'
import { runSandbox } from '../../src/sandbox/command.js'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'

interface Run {
  out: string
  err: string
  exitCode: Promise<number>
  url(): Promise<string>
  stop(): void
}

function run(...args: string[]): Run {
  let stop!: () => void
  let started!: () => void
  const start = new Promise<void>((resolve) => (started = resolve))
  const result: Run = {
    out: '',
    err: '',
    exitCode: Promise.resolve(-1),
    async url() {
      await start
      return /http:\/\/\S+/.exec(result.out)![0]
    },
    stop: () => stop(),
  }
  result.exitCode = runSandbox(args, {
    out(text) {
      result.out += text
      started()
    },
    err(text) {
      result.err += text
    },
    stopped: new Promise<void>((resolve) => (stop = resolve)),
  })
  return result
}

describe('express-wx-login sandbox', () => {
  it('runs until it is stopped, and says everything one needs', async () => {
    const command = run('--port', '0')
    const url = await command.url()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(command.out).toMatch(/^SANDBOX: this is not WeChat/)
    expect(command.out).toContain(SANDBOX_APPID)
    expect(command.out).toContain(SANDBOX_SECRET)
    expect((await fetch(`${url}/__sandbox/users/alice/login`, { method: 'POST' })).status).toBe(200)
    command.stop()
    expect(await command.exitCode).toBe(0)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  it('says where its page is, and which server the phone there talks to', async () => {
    const command = run('--port=0', '--target=http://127.0.0.1:8080/')
    const url = await command.url()
    expect(command.out).toContain(`${url}/__sandbox`)
    expect(command.out).toContain('http://127.0.0.1:8080')
    const config = (await (await fetch(`${url}/__sandbox/config`)).json()) as { target: string }
    expect(config.target).toBe('http://127.0.0.1:8080')
    command.stop()
    expect(await command.exitCode).toBe(0)
  })

  it('leads to the other command by its name', async () => {
    const command = run('verify', '--help')
    expect(await command.exitCode).toBe(0)
    expect(command.out).toContain('--target')
  })

  it('stands before a Redis, and says under what URL', async () => {
    const command = run('--port=0', `--redis=${redisUrl()}`)
    const url = await command.url()
    const [tapped] = /redis:\/\/127\.0\.0\.1:\d+/.exec(command.out) ?? []
    const client = createClient({ url: tapped! })
    await client.connect()
    await client.set(`command:${String(process.pid)}`, 'seen', { EX: 60 })
    client.destroy()
    const { kind, entries } = (await (await fetch(`${url}/__sandbox/store`)).json()) as {
      kind: string
      entries: { value: unknown }[]
    }
    expect(kind).toBe('redis')
    expect(entries).toEqual([expect.objectContaining({ value: 'seen' })])
    command.stop()
    expect(await command.exitCode).toBe(0)
  })

  it.each([
    ['--target=nowhere', 'target'],
    ['--redis=http://127.0.0.1', 'redis'],
    ['--redis=redis+cluster://127.0.0.1:7000', 'redis'],
  ])('refuses %s and says what is wrong', async (argument, word) => {
    const command = run('--port=0', argument)
    expect(await command.exitCode).toBe(2)
    expect(command.err).toContain(`${word}: `)
  })

  it('plays the app one names, whose secret it does not print', async () => {
    const secret = '0123456789abcdef'.repeat(2)
    const command = run(
      ...['--port=0', '--host=localhost', '--appid=wx1234567890abcdef', `--secret=${secret}`],
      ...['--seed=ci', '--rotation=never'],
    )
    const url = await command.url()
    expect(url).toMatch(/^http:\/\/localhost:/)
    expect(command.out).toContain('wx1234567890abcdef')
    expect(command.out).not.toContain(secret)
    const login = () => fetch(`${url}/__sandbox/users/alice/login`, { method: 'POST' })
    const keyOf = async () => {
      const { code } = (await (await login()).json()) as { code: string }
      const query = new URLSearchParams({ appid: 'wx1234567890abcdef', secret, js_code: code })
      const reply = await fetch(`${url}/sns/jscode2session?${query.toString()}`)
      return ((await reply.json()) as { session_key: string }).session_key
    }
    expect(await keyOf()).toBe(await keyOf())
    command.stop()
    expect(await command.exitCode).toBe(0)
  })

  it('sends messages to the origins one names', async () => {
    const command = run('--port=0', '--push-target=http://a:1', '--push-target=http://0.0.0.0:1')
    const url = await command.url()
    const event = async (target: string): Promise<number> => {
      const body = { event: 'user_info_modified', url: target, token: 'token' }
      const init = { method: 'POST', body: JSON.stringify(body) }
      return (await fetch(`${url}/__sandbox/users/alice/events`, init)).status
    }
    expect(await event('http://0.0.0.0:1/push')).toBe(200)
    expect(await event('http://0.0.0.0:2/push')).toBe(403)
    command.stop()
    expect(await command.exitCode).toBe(0)
  })

  it.each(['--help', '-h'])('%s tells its options', async (flag) => {
    const command = run(flag)
    expect(await command.exitCode).toBe(0)
    expect(command.out).toMatch(/^Usage: express-wx-login sandbox/)
    for (const option of ['port', 'host', 'appid', 'secret', 'seed', 'push-target', 'rotation']) {
      expect(command.out).toContain(`--${option} `)
    }
  })

  it.each<[string[], RegExp]>([
    [['--prot', '1'], /--prot/],
    [['extra'], /extra/],
    [['--port'], /--port/],
    [['--port', 'abc'], /--port: must be a number from 0 to 65535, not "abc"/],
    [['--port', '65536'], /--port: must be/],
    [['--port', '-1'], /--port/],
    [['--host', ''], /--host: must not be empty/],
    [['--rotation', 'daily'], /--rotation: must be always, interval or never, not "daily"/],
    [['--appid', 'wx1'], /--appid and --secret go together/],
    [['--secret', 'x'], /--appid and --secret go together/],
    [['--appid', 'a b', '--secret', 'x'], /apps\.0\.appid: must be 1 to 64/],
    [['--seed', ''], /seed: must not be empty/],
    [['--push-target', 'app:3000'], /pushTargets\.0: must be an origin, as http:\/\/app:3000/],
  ])('%j is wrong usage: exit code 2', async (args, message) => {
    const command = run(...args)
    expect(await command.exitCode).toBe(2)
    expect(command.err).toMatch(message)
    expect(command.err).toMatch(/See express-wx-login sandbox --help\n$/)
    expect(command.out).toBe('')
  })

  it('a taken port is exit code 1, with a way out', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const command = run('--port', String((server.address() as AddressInfo).port))
    expect(await command.exitCode).toBe(1)
    expect(command.err).toMatch(/EADDRINUSE.*Try --port 0/)
    await new Promise((resolve) => server.close(resolve))
  })

  it('a host that is none of this machine’s is exit code 1', async () => {
    const command = run('--port=0', '--host=192.0.2.1')
    expect(await command.exitCode).toBe(1)
    expect(command.err).toMatch(/EADDRNOTAVAIL/)
  })

  it('NODE_ENV=production is exit code 1', async () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const command = run('--port=0')
      expect(await command.exitCode).toBe(1)
      expect(command.err).toMatch(/NODE_ENV=production/)
    } finally {
      process.env['NODE_ENV'] = before
    }
  })

  it('does not hide a fault of its own', async () => {
    const broken = new Error('stdout is broken')
    const io = {
      out() {
        throw broken
      },
      err: () => undefined,
      stopped: new Promise(() => undefined),
    }
    await expect(runSandbox(['--port=0'], io)).rejects.toBe(broken)
  })
})
