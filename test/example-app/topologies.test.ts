import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from '../support/postgres.js'
import {
  type ClusterSetup,
  type SentinelSetup,
  startCluster,
  startSentinel,
} from '../support/topologies.js'
import { type FakeWeChat, startFakeWeChat } from './fake-wechat.js'
import { type Answer, type App, eventually, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

let postgres: PostgresServer
let wechat: FakeWeChat
let sentinel: SentinelSetup
let cluster: ClusterSetup

beforeAll(async () => {
  ;[postgres, wechat, sentinel, cluster] = await Promise.all([
    startPostgres(),
    startFakeWeChat(),
    startSentinel(),
    startCluster(),
  ])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), wechat?.close(), sentinel?.stop(), cluster?.stop()])
})

let codes = 0
const login = (app: App): Promise<Answer> =>
  http(`${app.url}/wx/login`, { body: { code: `user${codes}-${codes++}` } })
const me = (app: App, token: string): Promise<Answer> => http(`${app.url}/me`, { token })
const readiness = (app: App) => () => http(`${app.url}/readyz`)
const ok = ({ status }: Answer): boolean => status === 200

const kinds = {
  sentinel: {
    says: 'in Redis behind Sentinel',
    setup: (): SentinelSetup => sentinel,
    victim: () => sentinel.master(),
    // Nobody has a session while there is no master.
    lost: { status: 503, body: { status: 'unavailable', redis: 'unavailable' } },
    killAll(): void {
      for (const server of [...sentinel.sentinels, ...sentinel.nodes]) server.kill()
    },
    async restartAll(master: number): Promise<void> {
      await Promise.all(sentinel.sentinelPorts.map((port) => sentinel.restart(port)))
      await sentinel.restart(master)
    },
  },
  cluster: {
    says: 'in a Redis Cluster',
    setup: (): ClusterSetup => cluster,
    victim: async () => (await cluster.masters())[0]!,
    // Two thirds still have theirs, and would not if this process were taken out.
    lost: { status: 200, body: { status: 'ok', redis: 'partly' } },
    killAll(): void {
      for (const server of cluster.nodes) server.kill()
    },
    async restartAll(): Promise<void> {
      await Promise.all(cluster.ports.map((port) => cluster.restart(port)))
    },
  },
}

/** Does something again and again; the function it returns ends that. */
function again(work: (i: number) => Promise<unknown>): () => Promise<void> {
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    for (let i = 0; !stop.signal.aborted; i++) {
      await work(i)
      await delay(20)
    }
  }
  const done = loop()
  return () => {
    stop.abort()
    return done
  }
}

describe.each(['sentinel', 'cluster'] as const)('with REDIS_URL=redis+%s://…', (kind) => {
  const { says, setup, victim, lost, killAll, restartAll } = kinds[kind]
  let app: App
  let token: string
  const start = (): Promise<App> =>
    startApp({
      ...wechat.env,
      DATABASE_URL: postgres.url,
      SESSION_SECRET: 'one secret for all processes of this file',
      REDIS_URL: setup().url,
    })

  test('login, /me, notes and logout work', async () => {
    app = await start()
    expect(app.output()).toContain(`Sessions  ${says}`)
    await eventually(readiness(app), ok)
    // That it was asked before it was ready is no failure.
    const starting = app.output().length
    token = (await login(app)).body.token
    expect((await me(app, token)).status).toBe(200)
    expect((await http(`${app.url}/me/notes`, { token, body: { text: 'here' } })).status).toBe(201)
    expect((await http(`${app.url}/me/notes`, { token })).body.notes).toHaveLength(1)
    expect((await http(`${app.url}/wx/logout`, { method: 'POST', token })).status).toBe(204)
    expect((await me(app, token)).status).toBe(401)
    expect(app.output().slice(starting)).not.toMatch(/"level":"(warn|error)"/)
  })

  test('a master killed under load costs nothing but 503s until another has its place', async () => {
    const old = await victim()
    const tokens: string[] = []
    for (let i = 0; i < 20; i++) tokens.push((await login(app)).body.token)
    await delay(300) // replication is asynchronous: what a master alone has dies with it

    const reads: number[] = []
    const logins: number[] = []
    const states: Pick<Answer, 'status' | 'body'>[] = []
    const ends = [again(async (i) => reads.push((await me(app, tokens[i % 20]!)).status))]
    old.kill()
    ends.push(
      again(async () => states.push(await readiness(app)())),
      again(async () => {
        const { status, body } = await login(app)
        logins.push(status)
        if (status === 200) tokens.push(body.token)
      }),
    )

    const promotedAt = await setup().promoted(old.port, 15_000)
    await eventually(readiness(app), ({ body }) => body.redis === 'ok')
    await eventually(() => login(app), ok)
    expect(performance.now() - promotedAt).toBeLessThan(3000)
    await delay(300)
    await Promise.all(ends.map((end) => end()))

    expect([...reads, ...logins].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(reads).toContain(503)
    expect(states).toContainEqual(
      expect.objectContaining({ ...lost, body: expect.objectContaining(lost.body) }),
    )
    const after = await Promise.all(tokens.map((each) => me(app, each)))
    expect(after.map(({ status }) => status)).toEqual(tokens.map(() => 200))
    await app.saw(/Redis is (partly )?unavailable[^]*Redis is there again/)

    token = tokens[0]!
    expect(await app.stop()).toEqual({ code: 0, signal: null })
    await setup().restart(old.port)
  })

  test('down at the start: the app starts, says so, and recovers by itself', async () => {
    const master = await victim()
    killAll()
    const early = await start()
    expect((await http(`${early.url}/public`)).status).toBe(200)
    expect(await readiness(early)()).toMatchObject({
      status: 503,
      body: { redis: 'unavailable', database: 'ok' },
    })
    expect((await me(early, token)).body.error).toMatchObject({ code: 'WX_STORE_UNAVAILABLE' })
    expect((await login(early)).body.error).toMatchObject({ code: 'WX_STORE_UNAVAILABLE' })
    await early.saw(/Redis is unavailable/)

    await restartAll(master.port)
    const thereAt = performance.now()
    await eventually(readiness(early), ok)
    await eventually(() => login(early), ok)
    expect(performance.now() - thereAt).toBeLessThan(3000)
    await early.saw(/Redis is there again/)
    expect(await early.stop()).toEqual({ code: 0, signal: null })
  })
})
