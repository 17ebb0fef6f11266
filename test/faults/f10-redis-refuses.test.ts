import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'redis'
import { startRedisServer } from '../support/redis.js'
import { type FaultApp, withEachClient, withFaultApp } from './fault-app.js'
import type { ClientName } from './fault-clients.js'
import { noteRow } from './fault-table.js'
import { slack, underFault } from './under-fault.js'

// Redis is there and says no.

interface Refusal {
  fault: string
  what: string
  breakIt: (app: FaultApp) => Promise<unknown>
  heal: (app: FaultApp) => Promise<unknown>
  /** The status of a logout meanwhile. */
  logout: 204 | 503
}

const config =
  (...setting: [string, string]) =>
  (app: FaultApp) =>
    app.admin('CONFIG', 'SET', ...setting)

async function info(app: FaultApp, line: RegExp): Promise<void> {
  for (let left = 100; left > 0; left -= 1) {
    if (line.test(String(await app.admin('INFO', 'replication')))) return
    await delay(50)
  }
  throw new Error(`INFO replication never said ${String(line)}`)
}

const others: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(others.splice(0).map((stop) => stop()))
})

/** Makes the app's Redis a read-only replica of another that has the same data, as a failover does. */
async function becomeReplica(app: FaultApp): Promise<void> {
  const master = await startRedisServer({ args: ['--repl-diskless-sync-delay', '0'] })
  others.push(master.stop)
  const client = createClient({ url: master.url })
  client.on('error', () => undefined)
  await client.connect()
  // What is written between the two roles would be lost, by Redis and not by the app.
  await app.admin('CONFIG', 'SET', 'min-replicas-to-write', '3')
  await client.sendCommand(['REPLICAOF', '127.0.0.1', String(app.server.port)])
  await info(app, /state=online/)
  await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
  client.destroy()
  await app.admin('REPLICAOF', '127.0.0.1', String(master.port))
  await info(app, /master_link_status:up/)
  await app.admin('CONFIG', 'SET', 'min-replicas-to-write', '0')
}

const refusals: Refusal[] = [
  {
    ...{ fault: 'F10', what: 'read-only replica', logout: 503 },
    breakIt: becomeReplica,
    heal: (app) => app.admin('REPLICAOF', 'NO', 'ONE'),
  },
  {
    ...{ fault: 'F10', what: 'too few replicas (NOREPLICAS)', logout: 503 },
    breakIt: config('min-replicas-to-write', '3'),
    heal: config('min-replicas-to-write', '0'),
  },
  {
    // DEL is no command that memory is needed for.
    ...{ fault: 'F11', what: 'out of memory, noeviction', logout: 204 },
    breakIt: config('maxmemory', '1'),
    heal: config('maxmemory', '0'),
  },
]

describe.each(refusals)('$fault: $what', ({ fault, what, breakIt, heal, logout }) => {
  it(`${fault}: ${what}: reads go on, logins are 503, and nothing is half done`, async () => {
    await withFaultApp({ server: { args: ['--repl-diskless-sync-delay', '0'] } }, async (app) => {
      const token = await app.login()
      const other = await app.login('bob')
      await breakIt(app)
      const code = app.t.sandbox.user('alice').login()
      const read = await app.me(token)
      const refused = await app.postLogin(code, token)
      const left = await app.phone.send({
        ...{ kind: 'logout', method: 'POST', path: '/wx/logout', token: other },
      })
      const still = await app.me(token)
      const keys = await app.admin('DBSIZE')
      const spent = app.t.exchanges()
      await heal(app)
      const again = await app.postLogin(code, token)
      noteRow({
        ...{ fault, what, client: 'createRedis', asked: 'me, login, logout; login' },
        statuses: `${[read, refused, left].map(({ status }) => status).join(', ')}; ${String(again.status)}`,
        slowest: Math.max(read.ms, refused.ms, left.ms),
        required: `200, 503 <= 0.1 s, ${String(logout)}; 200`,
      })
      expect(read.status).toBe(200)
      expect(refused).toMatchObject({ status: 503, code: 'WX_STORE_UNAVAILABLE' })
      expect(refused.ms).toBeLessThan(100 + slack)
      expect(left.status).toBe(logout)
      expect(still.status).toBe(200)
      // Of each user the session, the list and the keys; with a logout that went through, one session less and its
      // list.
      expect(keys).toBe(logout === 204 ? 4 : 6)
      expect((await app.me(other)).status).toBe(logout === 204 ? 401 : 200)
      expect(again.status).toBe(200)
      expect(app.t.exchanges()).toBe(spent)
      // The login that went through has ended the session that came with it.
      expect((await app.me(token)).status).toBe(401)
    })
  })

  it(`${fault}: ${what}: under load only logins are refused`, async () => {
    await withFaultApp({ server: { args: ['--repl-diskless-sync-delay', '0'] } }, async (app) => {
      await underFault(app, {
        ...{ fault, what },
        breakIt: () => breakIt(app),
        during: 1000,
        heal: () => heal(app),
        after: 800,
        // Taking part in a replication can break the connection once.
        refusals: { me: fault === 'F10' ? [503] : [] },
      })
    })
  })
})

describe('F12: Redis answers every command with an error', () => {
  const busy = async (app: FaultApp): Promise<void> => {
    await app.admin('CONFIG', 'SET', 'busy-reply-threshold', '100')
    const client = createClient({ url: app.server.url })
    client.on('error', () => undefined)
    await client.connect()
    client.sendCommand(['EVAL', 'while true do end', '0']).catch(() => undefined)
    others.push(async () => client.destroy())
  }
  const closed = async (app: FaultApp): Promise<void> => {
    await app.admin('CONFIG', 'SET', 'maxclients', '1')
    app.proxy.reset()
  }
  const withPassword = async (app: FaultApp): Promise<void> => {
    await app.admin('CONFIG', 'SET', 'requirepass', 'changed')
    app.proxy.reset()
  }
  const ways: [string, (app: FaultApp) => Promise<unknown>, (app: FaultApp) => Promise<unknown>][] =
    [
      ['BUSY with a script', busy, (app) => app.admin('SCRIPT', 'KILL')],
      ['maxclients reached', closed, config('maxclients', '10000')],
      ['another password (NOAUTH)', withPassword, config('requirepass', '')],
    ]

  describe('with each kind of client', () => {
    const clients: ClientName[] = ['createRedis', 'defaults']

    it.each(ways)('F12: %s: requests are 503 in time', async (what, breakIt, heal) => {
      await withEachClient(clients, {}, async (app, client) => {
        await underFault(app, {
          ...{ fault: 'F12', what, client },
          breakIt: () => breakIt(app),
          during: 1200,
          heal: () => heal(app),
        })
      })
    })

    it('F12: LOADING: requests are 503 while a restarted Redis reads its data', async () => {
      const slowly = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']
      await withEachClient(clients, { server: { args: slowly } }, async (app, client) => {
        const fill = "for i = 1, 1500 do redis.call('SET', 'filler' .. i, 'x') end"
        await app.admin('EVAL', fill, '0')
        let restarted: Promise<void> | undefined
        await underFault(app, {
          ...{ fault: 'F12', what: 'LOADING after a restart', client },
          async breakIt() {
            await app.admin('SAVE')
            restarted = app.server.restart()
          },
          heal: () => restarted,
          after: 1500,
          // Sessions made between the SAVE and the end are not in it.
          refusals: { me: [503] },
          losesSessions: true,
        })
        expect(app.errors.some(({ reason }) => reason?.includes('LOADING'))).toBe(true)
      })
    })
  })
})

describe('F12: a key of another type than a session', () => {
  it('F12: WRONGTYPE is a 401, for no retry will read it, and the key is dropped', async () => {
    await withFaultApp({}, async (app) => {
      const token = await app.login()
      const key = `wx:sess:${token.slice(0, 32)}`
      await app.admin('DEL', key)
      await app.admin('LPUSH', key, 'x')
      const refused = await app.me(token)
      const login = await app.postLogin(app.code(), token)
      noteRow({
        ...{ fault: 'F12', what: 'WRONGTYPE (a list in its place)', client: 'createRedis' },
        ...{
          asked: 'me, then login',
          statuses: `${String(refused.status)}, ${String(login.status)}`,
        },
        ...{ slowest: refused.ms, required: '401, then 200' },
      })
      expect(refused).toMatchObject({ status: 401, code: 'WX_SESSION_REQUIRED' })
      expect(await app.admin('EXISTS', key)).toBe(0)
      expect(login.status).toBe(200)
    })
  })
})
