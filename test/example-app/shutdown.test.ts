import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { redisUrl } from '../support/redis.js'
import { type FakeWeChat, startFakeWeChat } from './fake-wechat.js'
import { type Answer, type App, http, startApp, startAppByNpm } from './spawn-app.js'

jest.setTimeout(60_000)

let postgres: PostgresServer // starts faster than the embedded database, of which this file would need many
let wechat: FakeWeChat
let apps: App[]

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres?.stop()
})

beforeEach(async () => {
  wechat = await startFakeWeChat()
  apps = []
})

afterEach(async () => {
  for (const app of apps) await app.stop('SIGKILL')
  await wechat.close()
})

async function start(begin: typeof startApp = startApp): Promise<App> {
  const app = await begin({
    ...wechat.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: redisUrl(),
    SESSION_SECRET: 'one secret for all instances of these tests',
  })
  apps.push(app)
  return app
}

const logins = (app: App, count: number): Promise<Answer>[] =>
  Array.from({ length: count }, (_, i) =>
    http(`${app.url}/wx/login`, { body: { code: `user${i}-code` } }),
  )

/** A request that the app has begun to handle, and whose body is still to come. */
async function begin(
  url: string,
  token?: string,
): Promise<{
  answered: Promise<[IncomingMessage]>
  finish(body: object): Promise<{ status: number; body: string }>
}> {
  const req: ClientRequest = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      expect: '100-continue',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  })
  const answered = once(req, 'response') as Promise<[IncomingMessage]>
  req.flushHeaders()
  await once(req, 'continue')
  return {
    answered,
    async finish(body) {
      req.end(JSON.stringify(body))
      const [res] = await answered
      return { status: res.statusCode!, body: await text(res) }
    },
  }
}

describe('SIGTERM', () => {
  test('fifty logins in flight are all answered and good elsewhere; the process ends with 0 within 5 s', async () => {
    const [app, other] = await Promise.all([start(), start()])
    const release = wechat.hold()
    const answers = logins(app, 50) // below the limit a minute
    await wechat.received(50)

    const begun = performance.now()
    app.child.kill('SIGTERM')
    const ended = app.exited.then((exit) => ({ exit, ms: performance.now() - begun }))
    await app.saw(/"stopping/)
    await expect(fetch(`${app.url}/healthz`)).rejects.toThrow() // nothing new is accepted

    release()
    const all = await Promise.all(answers)
    expect(all.map(({ status }) => status)).toEqual(Array(50).fill(200))
    const { exit, ms } = await ended
    expect(exit).toEqual({ code: 0, signal: null })
    expect(ms).toBeLessThan(5000)
    expect(app.output()).not.toMatch(/"level":"(error|fatal)"|requests were cut/)

    const there = await Promise.all(
      all.map(({ body }) => http(`${other.url}/me`, { token: body.token })),
    )
    expect(there.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(there.map(({ body }) => body.user)).toEqual(all.map(({ body }) => body.user))
    expect(new Set(there.map(({ body }) => body.openid)).size).toBe(50)
  })

  test('guarded requests in flight are answered; a login that had not begun goes elsewhere', async () => {
    const app = await start()
    const { token } = (await Promise.all(logins(app, 1)))[0]!.body
    const note = await begin(`${app.url}/me/notes`, token)
    const unread = await begin(`${app.url}/wx/login`)
    const early = connect(Number(new URL(app.url).port), '127.0.0.1') // as a load balancer opens them
    await once(early, 'connect')

    app.child.kill('SIGTERM')
    await app.saw(/"stopping/)
    const lateBody = '{"code":"late-1"}'
    early.end(
      `POST /wx/login HTTP/1.1\r\nHost: app\r\nContent-Type: application/json\r\nContent-Length: ${lateBody.length}\r\n\r\n${lateBody}`,
    )
    const late = await text(early)
    expect(late).toMatch(/^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n[^]*"WX_CLOSING"/)
    const refused = await unread.finish({ code: 'late-2' })
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body).error).toMatchObject({ code: 'WX_CLOSING', action: 'retry' })
    expect(await note.finish({ text: 'in time' })).toMatchObject({ status: 201 })

    expect(await app.exited).toEqual({ code: 0, signal: null })
    expect([...wechat.sessionKeys.keys()].join()).not.toContain('late') // both codes are still good
  })

  test('a connection on which nothing was ever asked does not hold the process', async () => {
    const app = await start()
    const quiet = connect(Number(new URL(app.url).port), '127.0.0.1')
    await once(quiet, 'connect')
    const begun = performance.now()
    expect(await app.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(3000) // not the whole time that requests are given
    quiet.destroy()
  })

  test('keep-alive connections do not hold the process', async () => {
    const app = await start()
    await http(`${app.url}/public`) // leaves its connection open in this process
    expect(await app.stop()).toEqual({ code: 0, signal: null })
  })

  test('an output that nobody reads any more does not hold it either', async () => {
    const app = await start()
    app.child.stdout?.destroy()
    app.child.stderr?.destroy()
    for (let i = 0; i < 3; i++) expect((await http(`${app.url}/public`)).status).toBe(200)
    expect(await app.stop()).toEqual({ code: 0, signal: null })
  })

  test('fifty logins that WeChat keeps waiting are told to come again, and nothing is cut', async () => {
    const app = await start()
    wechat.hold()
    const answers = logins(app, 50)
    await wechat.received(50)
    const begun = performance.now()
    expect(await app.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(5000) // what is promised of the whole shutdown
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(503)
      expect(body.error).toMatchObject({ code: 'WX_CLOSING', action: 'retry' })
    }
  })

  test('a request that does not end is cut, and the exit code says so', async () => {
    const app = await start()
    const { token } = (await Promise.all(logins(app, 1)))[0]!.body
    const note = await begin(`${app.url}/me/notes`, token) // its body never comes
    const cut = expect(note.answered).rejects.toThrow('socket hang up')
    expect(await app.stop()).toEqual({ code: 1, signal: null })
    await cut
    expect(app.output()).toMatch(/"requests":1,"msg":"requests were cut/)
  })

  test('a second signal ends it at once', async () => {
    const app = await start()
    wechat.hold()
    const [answer] = logins(app, 1)
    const cut = expect(answer).rejects.toThrow()
    await wechat.received(1)
    // The echoes of one Ctrl-C come within milliseconds and are one signal; a person's second comes later.
    const impatient = setInterval(() => app.child.kill('SIGINT'), 100)
    expect(await app.exited).toEqual({ code: 1, signal: null })
    clearInterval(impatient)
    await cut
    expect(app.output()).toContain('stopped at once')
  })
})

describe('under npm start', () => {
  test('SIGTERM to npm stops the app in order, and npm ends with 0', async () => {
    const app = await start(startAppByNpm)
    const release = wechat.hold()
    const [answer] = logins(app, 1)
    await wechat.received(1)
    app.child.kill('SIGTERM')
    await app.saw(/"stopping/)
    release()
    expect((await answer)?.status).toBe(200)
    expect(await app.exited).toEqual({ code: 0, signal: null })
    expect(app.output()).toContain('"stopped"')
  })
})
