import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { type RedisServer, startRedisServer } from './redis.js'
import { until } from './until.js'

/** A connection that remembers what came and how it ended. */
function open(port: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const seen: { text: string; end?: string } = { text: '' }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (seen.text += chunk))
  socket.on('end', () => (seen.end ??= 'FIN'))
  socket.on('error', (error: NodeJS.ErrnoException) => (seen.end ??= error.code ?? error.message))
  return {
    socket,
    get text() {
      return seen.text
    },
    get end() {
      return seen.end
    },
    say: (command: string) => written(socket, `${command}\r\n`),
  }
}

function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

describe('the proxy with faults', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  let sockets: Socket[]

  beforeAll(async () => {
    redis = await startRedisServer()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    proxy = await startFaultProxy(redis.port)
    sockets = []
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await proxy.close()
  })

  const connection = () => {
    const made = open(proxy.port)
    sockets.push(made.socket)
    return made
  }
  /** A connection that has shown that it works. */
  const working = async () => {
    const made = connection()
    await made.say('PING')
    await until(() => made.text === '+PONG\r\n')
    return made
  }

  it('passes what a client and a server say, and counts connections', async () => {
    expect(proxy.url).toBe(`redis://127.0.0.1:${String(proxy.port)}`)
    const client = createClient({ url: proxy.url })
    client.on('error', () => undefined)
    await client.connect()
    const value = 'x'.repeat(1_000_000)
    await client.set('large', value)
    expect(await client.get('large')).toBe(value)
    expect([proxy.connections(), proxy.accepted()]).toEqual([1, 1])
    await client.close()
    await until(() => proxy.connections() === 0)
    expect(proxy.accepted()).toBe(1)
  })

  it('passes on that the server is gone', async () => {
    const doomed = await startRedisServer()
    const before = await startFaultProxy(doomed.port)
    const one = open(before.port)
    await one.say('PING')
    await until(() => one.text === '+PONG\r\n')
    doomed.kill()
    await until(() => one.end !== undefined)
    const two = open(before.port)
    await until(() => two.end === 'ECONNRESET')
    one.socket.destroy()
    await before.close()
    await doomed.stop()
  })

  it('halfOpen: what is open is silent for ever, what is new works', async () => {
    const old = await working()
    proxy.halfOpen()
    await old.say('PING')
    await working()
    proxy.pass()
    proxy.reset()
    await old.say('PING')
    await sleep(50)
    expect([old.text, old.end]).toEqual(['+PONG\r\n', undefined])
    expect(proxy.connections()).toBe(1)
    old.socket.destroy()
    await until(() => proxy.connections() === 0)
  })

  it('freeze: nothing is answered, and all of it after pass', async () => {
    const old = await working()
    proxy.freeze()
    const fresh = connection()
    await old.say('SET frozen 1')
    await fresh.say('PING')
    const gone = connection()
    await gone.say('INCR from-the-grave')
    gone.socket.destroy()
    await sleep(50)
    expect([old.text, fresh.text, fresh.end]).toEqual(['+PONG\r\n', '', undefined])
    expect([proxy.connections(), proxy.accepted()]).toEqual([2, 3])
    proxy.pass()
    await until(() => old.text === '+PONG\r\n+OK\r\n' && fresh.text === '+PONG\r\n')
    // As with a server that was stopped: it does what it was told before the client gave up.
    await fresh.say('GET from-the-grave')
    await until(() => fresh.text.endsWith('$1\r\n1\r\n'))
  })

  it('blackhole: old connections are dead, new ones silent until pass', async () => {
    const old = await working()
    proxy.blackhole()
    const fresh = connection()
    await old.say('PING')
    await fresh.say('PING')
    await sleep(50)
    expect([fresh.text, fresh.end]).toEqual(['', undefined])
    proxy.pass()
    await until(() => fresh.text === '+PONG\r\n')
    expect([old.text, old.end]).toEqual(['+PONG\r\n', undefined])
  })

  it('delay: answers come later, in order, and at once after pass', async () => {
    const one = await working()
    proxy.delay(200)
    const start = performance.now()
    await one.say('ECHO a')
    await sleep(50)
    await one.say('ECHO b')
    await until(() => one.text.length > 7)
    expect(performance.now() - start).toBeGreaterThan(195)
    expect(one.text).toBe('+PONG\r\n$1\r\na\r\n')
    await until(() => one.text.length > 14)
    expect(performance.now() - start).toBeGreaterThan(245)
    proxy.delay(60_000)
    await one.say('ECHO c')
    await sleep(50)
    proxy.pass()
    await one.say('ECHO d')
    await until(() => one.text.endsWith('a\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n'))
  })

  it('reset and resetEvery: RST to all, now or again and again', async () => {
    const both = [await working(), await working()]
    proxy.reset()
    await until(() => both.every(({ end }) => end === 'ECONNRESET'))
    expect(proxy.connections()).toBe(0)
    const one = await working()
    proxy.resetEvery(100)
    await until(() => one.end === 'ECONNRESET')
    for (let round = 0; round < 3; round += 1) {
      const next = await working()
      await until(() => next.end === 'ECONNRESET')
    }
    proxy.pass()
    const last = await working()
    await sleep(150)
    expect(last.end).toBeUndefined()
  })

  it('refuse: nobody listens, until pass on the same port', async () => {
    const old = await working()
    proxy.refuse()
    await until(() => old.end === 'ECONNRESET')
    const fresh = connection()
    await until(() => fresh.end === 'ECONNREFUSED')
    expect(proxy.accepted()).toBe(1)
    proxy.pass()
    await working()
  })

  it('garbage: what comes is no RESP', async () => {
    const one = await working()
    proxy.garbage()
    await one.say('PING')
    await until(() => one.text.startsWith('+PONG\r\nHTTP/1.1 400'))
    proxy.pass()
    await one.say('PING')
    await until(() => one.text.endsWith('\r\n+PONG\r\n'))
  })

  it('truncate: the next answer is cut and the connection ended', async () => {
    const old = await working()
    proxy.truncate()
    const fresh = connection()
    await old.say('ECHO abcdef')
    await fresh.say('PING\r\nPING')
    await until(() => old.end === 'FIN' && fresh.end === 'FIN')
    expect([old.text, fresh.text]).toEqual(['+PONG\r\n$6\r\nab', '+PONG\r'])
    proxy.pass()
    await working()
  })

  it('close ends everything, whatever the fault', async () => {
    const faults: ((proxy: FaultProxy) => void)[] = [
      (proxy) => proxy.pass(),
      (proxy) => proxy.halfOpen(),
      (proxy) => proxy.freeze(),
      (proxy) => proxy.delay(60_000),
      (proxy) => proxy.resetEvery(60_000),
      (proxy) => proxy.refuse(),
    ]
    for (const fault of faults) {
      const proxy = await startFaultProxy(redis.port)
      const one = open(proxy.port)
      await one.say('PING')
      await until(() => one.text !== '')
      fault(proxy)
      const two = open(proxy.port)
      two.socket.write('PING\r\n')
      await sleep(20)
      await proxy.close()
      await until(() => one.socket.closed && two.socket.closed)
      expect(proxy.connections()).toBe(0)
      await proxy.close()
    }
  })
})
