import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getWx, requireWxSession, type WxContext } from '../../src/index.js'
import type { WxSessionEnd } from '../../src/plugin-types.js'
import { publicId } from '../../src/session/record.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { redisUrl } from '../support/redis.js'
import { sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

const redisPrefix = `test-ends-${randomUUID()}:`

/** Two processes in one: each with a client of its own on the one Redis. `a` is where sockets are open. */
let a: TestApp
let b: TestApp
let clients: WxRedis[]
let sockets: Server
const contexts: WxContext[] = []

beforeAll(async () => {
  clients = [createRedis(redisUrl()), createRedis(redisUrl())]
  await Promise.all(clients.map((client) => client.connect()))
  const session = { secret: sessionSecret, maxPerUser: 2 }
  const wx = clients.map((redis) => ({ redis, redisPrefix, session }))
  a = await startTestApp({
    wx: wx[0]!,
    routes(app) {
      app.get('/keep', requireWxSession, (req, res) => {
        contexts.push(getWx(req))
        res.json({})
      })
    },
  })
  b = await startTestApp({ sandbox: a.sandbox, wx: wx[1]! })
  sockets = await upgradeServer(a)
})
afterAll(async () => {
  sockets.close()
  await Promise.all([a.close(), b.close()])
  await Promise.all(clients.map((client) => client.close()))
})

/** Until `a` is subscribed to the news of others: what ends before that is found by asking, as `gone`. */
const listens = (): Promise<void> =>
  until(async () => {
    const channel = `${redisPrefix}ended`
    return (await clients[1]!.pubSubNumSub([channel]))[channel]! > 0
  })

/** What `wx.sessions.onEnd` in `a` says of the session of a token. */
async function watch(token: string): Promise<{ told: WxSessionEnd[]; forget: () => void }> {
  const told: WxSessionEnd[] = []
  await a.get('/keep', token).expect(200)
  const forget = a.wx.sessions.onEnd(contexts.pop()!, (end) => told.push(end))
  await listens()
  return { told, forget }
}
const sidOf = (token: string): string => token.slice(0, 32)
const userOf = (name: string): { appid: string; openid: string } => ({
  appid: a.sandbox.appid,
  openid: a.sandbox.user(name).openid(),
})
const endOf = (token: string, reason: WxSessionEnd['reason']): WxSessionEnd => ({
  sessionId: publicId(sidOf(token)),
  reason,
})

describe('whoever holds a socket open in one process is told within a second that its session ended in another', () => {
  test.each<[WxSessionEnd['reason'], string, (token: string, name: string) => Promise<unknown>]>([
    ['logout', 'a logout', (token) => b.post('/wx/logout', undefined, token).expect(204)],
    [
      'logout',
      'a logout everywhere, from another phone',
      async (_, name) => {
        const other = await b.login(name)
        await b.post('/wx/logout', { everywhere: true }, other.token).expect(204)
      },
    ],
    [
      'revoke',
      'a revoked session',
      (token, name) => b.wx.sessions.revoke(userOf(name), publicId(sidOf(token))),
    ],
    ['revoke', 'all sessions revoked', (_, name) => b.wx.sessions.revokeAll(userOf(name))],
    [
      'limit',
      'more logins than a user may have',
      async (_, name) => {
        for (let i = 0; i < 2; i++) await b.login(name)
      },
    ],
    [
      'login',
      'a login with its token',
      async (token, name) => {
        const code = b.sandbox.user(name).login()
        await b.post('/wx/login', { code }, token).expect(200)
      },
    ],
  ])('%s: %s', async (reason, what, finish) => {
    const name = what.replaceAll(/\W/g, '')
    const { token } = await a.login(name)
    const bystander = await watch((await a.login('bystander')).token)
    const { told, forget } = await watch(token)
    await finish(token, name)
    await until(() => told.length > 0, 1000)
    expect(told).toEqual([endOf(token, reason)])
    expect(bystander.told).toEqual([])
    forget()
    bystander.forget()
  })

  test('and in the same process at once', async () => {
    const { token } = await a.login()
    const { told } = await watch(token)
    await a.post('/wx/logout', undefined, token).expect(204)
    expect(told).toEqual([endOf(token, 'logout')])
  })
})

describe('an end that nobody tells of', () => {
  test('is told where it was before onEnd was called', async () => {
    const { token } = await a.login()
    await a.get('/keep', token).expect(200)
    const context = contexts.pop()!
    await b.post('/wx/logout', undefined, token).expect(204)
    const told: WxSessionEnd[] = []
    a.wx.sessions.onEnd(context, (end) => told.push(end))
    await until(() => told.length > 0, 1000)
    expect(told).toEqual([endOf(token, 'gone')])
  })

  test('is found within ten seconds: a session that expired', async () => {
    const { token } = await a.login()
    const { told } = await watch(token)
    const record = (await clients[0]!.keys(`*sess:${sidOf(token)}`))[0]!
    await clients[0]!.pExpire(record, 10)
    await until(() => told.length > 0, 15_000)
    expect(told).toEqual([endOf(token, 'gone')])
  })
})

test('a listener that was forgotten is told nothing', async () => {
  const { token } = await a.login()
  const { told, forget } = await watch(token)
  const { told: others } = await watch(token)
  forget()
  await b.post('/wx/logout', undefined, token).expect(204)
  await until(() => others.length > 0, 1000)
  expect(told).toEqual([])
})

describe('a WebSocket', () => {
  test('is closed as its session ends in another process', async () => {
    const { token } = await b.login()
    const { status, socket } = await openSocket(token)
    expect(status).toBe(101)
    const closed = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
      socket.on('end', () => resolve(text))
    })
    await listens()
    await b.post('/wx/logout', undefined, token).expect(204)
    // A close frame of RFC 6455: its head, the code 4401 and the reason.
    await expect(closed).resolves.toBe('\x88\x08\x11\x31logout')
    socket.destroy()
  })

  test('is not opened without a session', async () => {
    expect((await openSocket('none')).status).toBe(401)
  })
})

/** The example of the reference, by hand: a server whose sockets live no longer than their sessions. */
async function upgradeServer({ wx }: TestApp): Promise<Server> {
  const serve = async (req: IncomingMessage, socket: Duplex): Promise<void> => {
    const who = await wx.authenticate(req)
    if (!who) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    const forget = wx.sessions.onEnd(who, ({ reason }) => {
      const close = Buffer.from([0x88, 2 + reason.length, 4401 >> 8, 4401 & 255])
      socket.end(Buffer.concat([close, Buffer.from(reason)]))
    })
    socket.once('close', forget)
  }
  const server = createServer()
  server.on('upgrade', (req: IncomingMessage, socket: Duplex) => {
    serve(req, socket).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** What a client gets that asks for an upgrade with this token. */
function openSocket(token: string): Promise<{ status: number; socket: Duplex }> {
  const { port } = sockets.address() as AddressInfo
  const headers = { Connection: 'Upgrade', Upgrade: 'x', Authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', headers })
    asked.on('error', reject)
    asked.on('upgrade', (reply, socket) => resolve({ status: reply.statusCode!, socket }))
    asked.on('response', (reply) => {
      reply.resume()
      resolve({ status: reply.statusCode!, socket: reply.socket })
    })
    asked.end()
  })
}
