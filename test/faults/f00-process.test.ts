import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'redis'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type ChildApp, startChildApp } from './child-app.js'
import { noteRow } from './fault-table.js'
import { startLoad } from './load.js'
import { underFault } from './under-fault.js'

// What only shows in a process of its own: that it lives, and what it weighs. Runs the package as it was built.

let server: RedisServer
let proxy: FaultProxy
let app: ChildApp | undefined
beforeEach(async () => {
  server = await startRedisServer()
  proxy = await startFaultProxy(server.port)
})
afterEach(async () => {
  await app?.stop()
  app = undefined
  await proxy.close()
  await server.stop()
})

async function admin(...command: string[]): Promise<void> {
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.sendCommand(command)
  client.destroy()
}

/** The new connections are the ones that are asked for the password. */
async function changePassword(): Promise<void> {
  await admin('CONFIG', 'SET', 'requirepass', 'changed')
  proxy.reset()
}

async function takePasswordAway(): Promise<void> {
  const client = createClient({ url: server.url, password: 'changed' })
  await client.connect()
  await client.configSet('requirepass', '')
  client.destroy()
}

const ways: [string, () => unknown, (() => unknown) | undefined][] = [
  ['is killed', () => server.kill(), () => server.restart()],
  ['resets the connection', () => proxy.reset(), undefined],
  ['sends garbage', () => proxy.garbage(), () => proxy.pass()],
  ['has another password', changePassword, takePasswordAway],
]

describe('F0: an app whose client has no listener for errors', () => {
  it.each(ways)(
    'lives on where Redis %s, and serves again afterwards',
    async (what, breakIt, heal) => {
      app = await startChildApp({ client: 'defaults', redisUrl: proxy.url })
      await app.stockCodes(200)
      const killed = what === 'is killed'
      await underFault(app, {
        fault: 'F0',
        what: `no error listener, Redis ${what}`,
        client: 'defaults',
        breakIt,
        during: 800,
        after: 1500,
        ...(heal && { heal }),
        refusals: { me: killed ? [401, 503] : [503] },
        losesSessions: killed,
        recovery: 2000,
      })
      expect(app.ended()).toBeUndefined()
    },
  )

  it('lives where Redis was not there when it started, and serves once it is', async () => {
    server.kill()
    app = await startChildApp({ client: 'defaults', redisUrl: proxy.url })
    const body = { code: app.code() }
    const login = { kind: 'login', method: 'POST', path: '/wx/login', body } as const
    expect(await app.phone.send(login)).toMatchObject({ status: 503 })
    await delay(1000)
    await server.restart()
    await delay(1500)
    const answer = await app.phone.send(login)
    noteRow({
      fault: 'F0',
      what: 'no error listener, Redis not there at start',
      client: 'defaults',
      asked: 'login',
      statuses: { [answer.status]: 1 },
      slowest: answer.ms,
      required: 'process lives; 200 afterwards',
    })
    expect(answer.status).toBe(200)
    expect(app.ended()).toBeUndefined()
  })
})

describe('F19: 300 requests/s while Redis is down', () => {
  it.each(['createRedis', 'defaults'] as const)(
    'do not pile up, and take no memory, with a client of %s',
    async (client) => {
      app = await startChildApp({ client, redisUrl: proxy.url })
      const { phone } = app
      await app.stockCodes(3000)
      const code = app.code()
      const login = await phone.send({
        ...{ kind: 'login', method: 'POST', path: '/wx/login', body: { code } },
      })
      const token = String(login.body['token'])
      const makeRequest = (n: number): Parameters<typeof phone.send>[0] =>
        n % 4 === 0
          ? { kind: 'login', method: 'POST', path: '/wx/login', body: { code: app!.code() } }
          : { kind: 'me', path: '/me', token }
      // What the compiler and the caches of a young process take is not what is asked for here.
      const warm = startLoad(phone, { rate: 300, makeRequest })
      await delay(2000)
      await warm.stop()

      proxy.refuse()
      await delay(200)
      const before = await app.stats()
      const load = startLoad(phone, { rate: 300, makeRequest })
      await delay(8000)
      const report = await load.stop()
      const after = await app.stats()
      const grown = (after.rss - before.rss) / 2 ** 20
      noteRow({
        fault: 'F19',
        what: '300 requests/s for 8 s, Redis down',
        client,
        asked: 'me, login',
        statuses: report.statuses,
        slowest: report.slowest,
        required: `most pending ${String(after.mostPending)} <= 64, RSS ${grown.toFixed(0)} < +30 MB`,
      })
      expect(report.unanswered).toBe(0)
      expect(Object.keys(report.statuses)).toEqual(['503'])
      expect(after.mostPending).toBeLessThanOrEqual(64)
      expect(grown).toBeLessThan(30)
    },
  )
})
