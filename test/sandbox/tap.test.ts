import { createConnection } from 'node:net'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import { createRedis } from '../../src/redis/index.js'
import type { Sandbox } from '../../src/sandbox/index.js'
import type { StoreEntry } from '../../src/sandbox/store/types.js'
import type { WireMessage } from '../../src/sandbox/wire/types.js'
import { redisUrl, startRedisServer } from '../support/redis.js'
import { until } from '../support/until.js'
import { listen } from './support.js'

type AnyClient = ReturnType<typeof createClient>
type Create = (options: object) => AnyClient

const closers: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(async (close) => close()))
})

let turn = 0
/** A key that no other test has. */
const fresh = (): string => `tap:${String(process.pid)}:${String((turn += 1))}`

async function tapped(url = redisUrl()): Promise<{ sandbox: Sandbox; url: string }> {
  const sandbox = await listen()
  return { sandbox, url: await sandbox.tapRedis(url) }
}

async function connect(url: string, options: object = {}): Promise<AnyClient> {
  const client = (createClient as unknown as Create)({ url, ...options })
  client.on('error', () => undefined)
  await client.connect()
  closers.push(() => client.destroy())
  return client
}

const ask = async (sandbox: Sandbox, path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${sandbox.baseUrl}/__sandbox/${path}`, init)

const messages = async (sandbox: Sandbox): Promise<WireMessage[]> =>
  (await ask(sandbox, 'wire/messages')).json() as Promise<WireMessage[]>

const entries = async (sandbox: Sandbox): Promise<StoreEntry[]> =>
  ((await (await ask(sandbox, 'store')).json()) as { entries: StoreEntry[] }).entries

const setStore = (sandbox: Sandbox, body: string): Promise<Response> =>
  ask(sandbox, 'store', { method: 'POST', body })

describe('a server whose Redis is behind the tap', () => {
  test.each([
    ['redis 6, RESP3', createClient, 3],
    ['redis 6, RESP2', createClient, 2],
    ['redis 5, RESP3', createClient5, 3],
    ['redis 5, RESP2', createClient5, 2],
  ] as const)('works as without it: %s', async (_name, create, RESP) => {
    const { url } = await tapped()
    const client = (create as unknown as Create)({ url, RESP })
    await client.connect()
    closers.push(() => client.destroy())
    const key = fresh()
    const large = 'x'.repeat(300_000)
    await client.set(key, large, { EX: 60 })
    expect(await client.get(key)).toBe(large)
    await client.hSet(`${key}:h`, { a: '1', b: '2' })
    expect({ ...(await client.hGetAll(`${key}:h`)) }).toEqual({ a: '1', b: '2' })
    const counted = await Promise.all(Array.from({ length: 500 }, () => client.incr(`${key}:n`)))
    expect(counted.map(Number)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
    const script = 'return redis.call("GET", KEYS[1])'
    expect(await client.eval(script, { keys: [`${key}:n`] })).toBe('500')
  })

  test('hears of what others publish, and of keys that others change', async () => {
    const { sandbox, url } = await tapped()
    const plain = await connect(redisUrl())
    const subscriber = await connect(url, { RESP: 2 })
    const channel = fresh()
    const heard: string[] = []
    await subscriber.subscribe(channel, (text) => heard.push(text))
    await plain.publish(channel, 'hello')
    await until(() => heard.length === 1)

    const cached = await connect(url, { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10 } })
    const key = fresh()
    await plain.set(key, 'one')
    expect(await cached.get(key)).toBe('one')
    await plain.set(key, 'two')
    await until(async () => (await cached.get(key)) === 'two')
    expect((await messages(sandbox)).filter(({ outcome }) => outcome === 'open')).toEqual([])
  })

  test('is seen: each command with its answer and its key, but nothing of how connections are kept', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    const key = fresh()
    await client.set(key, 'value', { EX: 60 })
    await client.get(key)
    await expect(client.hGetAll(key)).rejects.toThrow('WRONGTYPE')
    await client.eval('return 1', { keys: [key] })
    const seen = await messages(sandbox)
    expect(
      seen.map(({ from, to, title, outcome, error }) => [from, to, title, outcome, error]),
    ).toEqual([
      ['server', 'redis', `SET ${key}`, 'answered', null],
      ['server', 'redis', `GET ${key}`, 'answered', null],
      ['server', 'redis', `HGETALL ${key}`, 'answered', 'WRONGTYPE'],
      ['server', 'redis', `EVAL ${key}`, 'answered', null],
    ])
  })

  test('is seen without a key where it has none', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    await client.eval('return 1')
    await client.dbSize()
    expect((await messages(sandbox)).map(({ title }) => title)).toEqual(['EVAL', 'DBSIZE'])
    expect(await entries(sandbox)).toEqual([])
  })

  test('is not mixed up by a PING of a subscriber', async () => {
    const { sandbox, url } = await tapped()
    const channel = fresh()
    const { port } = new URL(url)
    const socket = createConnection(Number(port), '127.0.0.1')
    closers.push(() => socket.destroy())
    const lines: string[] = []
    socket.on('data', (data) => lines.push(data.toString()))
    socket.write(
      `SUBSCRIBE ${channel}\r\nPING\r\nUNSUBSCRIBE ${channel}\r\nINCR ${channel}\r\nGET ${channel}\r\n`,
    )
    await until(() => lines.join('').endsWith('$1\r\n1\r\n'))
    const detail = async (id: number): Promise<string> =>
      (await ask(sandbox, `wire/${String(id)}`)).text()
    const [incr, get] = await messages(sandbox)
    expect([incr?.title, get?.title]).toEqual([`INCR ${channel}`, `GET ${channel}`])
    expect(JSON.parse(await detail(get!.id)).raw.response).toContain('1')
    expect((await messages(sandbox)).every(({ outcome }) => outcome === 'answered')).toBe(true)
  })

  test('is of what is understood: after what is no command, and of what is too large', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    const key = fresh()
    await client.rPush(
      key,
      Array.from({ length: 2000 }, () => 'x'.repeat(50)),
    )
    await client.lRange(key, 0, -1)
    const [, range] = await messages(sandbox)
    const text = await (await ask(sandbox, `wire/${String(range!.id)}`)).text()
    expect(text).toContain('(too large to keep)')
    await client.del(key)

    const socket = createConnection(Number(new URL(url).port), '127.0.0.1')
    closers.push(() => socket.destroy())
    const before = (await messages(sandbox)).length
    socket.write(`\r\nSET ${key} 1\r\n*x\r\n*1\r\n$4\r\nPING\r\n`)
    await until(async () => (await messages(sandbox)).length > before)
    socket.write('PING\r\n')
    await client.del(key)
    expect((await messages(sandbox)).at(-1)?.title).toBe(`DEL ${key}`)
  })

  test('is not seen where it is of no interest', async () => {
    const sandbox = await listen()
    const url = await sandbox.tapRedis(redisUrl(), { ignore: (key) => key.endsWith(':health') })
    const client = await connect(url)
    const key = fresh()
    await client.set(`${key}:health`, 'x', { EX: 60 })
    await client.set(key, 'x', { EX: 60 })
    expect((await messages(sandbox)).map(({ title }) => title)).toEqual([`SET ${key}`])
    expect((await entries(sandbox)).map((entry) => entry.key)).toEqual([key])
  })

  test('logs in as it would: nobody is told the password', async () => {
    const password = 'correct-horse-battery-staple'
    const server = await startRedisServer({ args: ['--requirepass', password] })
    closers.push(() => server.stop())
    const { sandbox, url } = await tapped(`redis://:${password}@127.0.0.1:${String(server.port)}/3`)
    const client = await connect(url)
    const key = fresh()
    await client.set(key, '{"a":1}', { EX: 60 })
    const text = JSON.stringify(await messages(sandbox))
    expect(text).toContain(key)
    expect(text).not.toContain(password)
    expect(await entries(sandbox)).toEqual([
      { key, type: 'string', expiresIn: expect.any(Number), value: { a: 1 } },
    ])
  })
})

describe('what Redis holds', () => {
  test('is what was asked for lately, with types and times, and goes when it goes', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    const key = fresh()
    await client.set(`${key}:json`, '{"a":{"b":1}}', { EX: 60 })
    await client.hSet(`${key}:hash`, { field: 'x' })
    await client.zAdd(`${key}:zset`, { score: 5, value: 'member' })
    await client.get(`${key}:nothing`)
    const found = await entries(sandbox)
    expect(found).toEqual([
      { key: `${key}:zset`, type: 'zset', expiresIn: null, value: { member: expect.anything() } },
      { key: `${key}:hash`, type: 'hash', expiresIn: null, value: { field: 'x' } },
      { key: `${key}:json`, type: 'string', expiresIn: 60, value: { a: { b: 1 } } },
    ])
    await client.del([`${key}:json`, `${key}:hash`, `${key}:zset`])
    expect(await entries(sandbox)).toEqual([])
  })

  test('a session key that somebody keeps in plain text is not shown, wherever it stands', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    const key = fresh()
    const sessionKey = sandbox.user('alice').sessionKey()
    await client.set(`${key}:json`, JSON.stringify({ session_key: sessionKey }))
    await client.set(`${key}:php`, `s:24:"${sessionKey}";`)
    await client.hSet(`${key}:hash`, { [sessionKey]: sandbox.secret })
    await client.set(`${key}:${sessionKey}`, 'x')
    const text = JSON.stringify(await entries(sandbox))
    expect(text).toContain(`${key}:hash`)
    expect(text).not.toContain(sessionKey)
    expect(text).not.toContain(sandbox.secret)
    await client.del([`${key}:json`, `${key}:php`, `${key}:hash`, `${key}:${sessionKey}`])
  })

  test('is of no more than the last two hundred keys', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url)
    const key = fresh()
    for (let i = 0; i < 250; i += 1) await client.set(`${key}:${String(i)}`, 'x', { EX: 60 })
    const found = await entries(sandbox)
    expect(found).toHaveLength(200)
    expect(found[0]?.key).toBe(`${key}:249`)
  })
})

describe('a Redis that is taken away', () => {
  test('down: connections break and none is had until it is up again', async () => {
    const { sandbox, url } = await tapped()
    const client = await connect(url, { socket: { reconnectStrategy: 50 } })
    const broken = new Promise((resolve) => client.once('error', resolve))
    expect((await setStore(sandbox, '{"state":"down"}')).status).toBe(200)
    await broken
    await expect(connect(url, { socket: { reconnectStrategy: false } })).rejects.toThrow()
    await setStore(sandbox, '{"state":"up"}')
    await until(() => client.isReady)
    expect(await client.ping()).toBe('PONG')
  })

  test('silent: nothing is answered; afterwards no answer goes to another question', async () => {
    const { sandbox, url } = await tapped()
    const client = createRedis(url)
    client.on('error', () => undefined)
    await client.connect()
    closers.push(() => client.destroy())
    const key = fresh()
    await client.set(`${key}:a`, 'A', { EX: 60 })
    await client.set(`${key}:b`, 'B', { EX: 60 })
    await setStore(sandbox, '{"state":"silent"}')
    const lost = client.get(`${key}:a`).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await setStore(sandbox, '{"state":"up"}')
    expect(await lost).not.toBe('B')
    await until(async () => (await client.get(`${key}:b`).catch(() => null)) === 'B')
    const open = (await messages(sandbox)).filter(({ outcome }) => outcome === 'open')
    expect(open).toEqual([])
  })

  test('the server ends in the silence: up again, the client learns of it', async () => {
    const server = await startRedisServer()
    closers.push(() => server.stop())
    const { sandbox, url } = await tapped(server.url)
    const client = await connect(url, { socket: { reconnectStrategy: 50 } })
    await setStore(sandbox, '{"state":"silent"}')
    server.kill()
    const lost = client.get('x').catch(() => 'lost')
    await new Promise((resolve) => setTimeout(resolve, 100))
    await setStore(sandbox, '{"state":"up"}')
    client.destroy()
    expect(await lost).toBe('lost')
    await sandbox.close()
  })

  test('the server behind the tap ends: so do its connections', async () => {
    const server = await startRedisServer()
    closers.push(() => server.stop())
    const { url } = await tapped(server.url)
    const client = await connect(url, { socket: { reconnectStrategy: false } })
    const broken = new Promise((resolve) => client.once('error', resolve))
    server.kill()
    await broken
  })
})

describe('wrong requests', () => {
  test.each([
    ['http://127.0.0.1:6379', 'must be the URL of a Redis server'],
    ['127.0.0.1:6379', 'must be the URL of a Redis server'],
    ['redis://127.0.0.1/zero', 'must be the URL of a Redis server'],
    ['redis://127.0.0.1:notaport', 'must be the URL of a Redis server'],
    ['redis://:100%@127.0.0.1', 'must be URL-encoded'],
    ['redis+cluster://127.0.0.1:7000', 'goes past the sandbox'],
    ['redis+sentinel://127.0.0.1:26379/mymaster', 'goes past the sandbox'],
  ])('tapRedis(%j) says what is wrong', async (url, message) => {
    const sandbox = await listen()
    await expect(sandbox.tapRedis(url)).rejects.toMatchObject({
      code: 'SANDBOX_BAD_REQUEST',
      message: expect.stringContaining(message),
    })
  })

  test.each(['rediss://127.0.0.1:1', 'rediss://localhost:1'])(
    '%s, where nothing listens: connections end as at a server that is gone',
    async (gone) => {
      const { sandbox, url } = await tapped(gone)
      const socket = createConnection(Number(new URL(url).port), '127.0.0.1')
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.once('close', resolve))
      expect(await entries(sandbox)).toEqual([])
    },
  )

  test.each([
    ['redis:///', ''],
    ['redis://127.0.0.1/', ''],
    ['redis://127.0.0.1/2', '/2'],
  ])('%s has what a URL may leave out', async (given, database) => {
    const { url } = await tapped(given)
    expect(url).toMatch(new RegExp(`^redis://127\\.0\\.0\\.1:\\d+${database}$`))
  })

  test('the tap does not stand before itself', async () => {
    const { sandbox, url } = await tapped()
    const port = Number(new URL(url).port)
    await sandbox.close()
    await expect(sandbox.tapRedis(url, { port })).rejects.toMatchObject({
      code: 'SANDBOX_BAD_REQUEST',
    })
  })

  test('a password in a wrong URL is not repeated', async () => {
    const sandbox = await listen()
    await expect(sandbox.tapRedis('http://:hunter2@127.0.0.1')).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })

  test.each([
    ['{"state":"gone"}', 400, 'SANDBOX_BAD_REQUEST'],
    ['{}', 400, 'SANDBOX_BAD_REQUEST'],
    ['no json', 400, 'SANDBOX_BAD_REQUEST'],
    ['{"state":"down","more":1}', 400, 'SANDBOX_BAD_REQUEST'],
  ])('POST /__sandbox/store %s is %i and changes nothing', async (body, status, code) => {
    const { sandbox } = await tapped()
    const answer = await setStore(sandbox, body)
    expect(answer.status).toBe(status)
    expect(((await answer.json()) as { error: { code: string } }).error.code).toBe(code)
    const view = (await (await ask(sandbox, 'store')).json()) as { state: string }
    expect(view.state).toBe('up')
  })

  test('without a store there is nothing to take away', async () => {
    const sandbox = await listen()
    expect(await (await ask(sandbox, 'store')).json()).toEqual({
      kind: null,
      state: 'up',
      entries: [],
    })
    const answer = await setStore(sandbox, '{"state":"down"}')
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ error: { code: 'SANDBOX_NO_STORE' } })
  })
})
