import { type PostgresServer, startPostgres } from '../support/postgres.js'
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
  const app = await begin({ ...wechat.env, DATABASE_URL: postgres.url })
  apps.push(app)
  return app
}

const logins = (app: App, count: number): Promise<Answer>[] =>
  Array.from({ length: count }, (_, i) =>
    http(`${app.url}/wx/login`, { body: { code: `user${i}-code` } }),
  )

describe('SIGTERM', () => {
  test('twenty logins in flight are all answered, then the process ends with 0', async () => {
    const app = await start()
    const release = wechat.hold()
    const answers = logins(app, 20)
    await wechat.received(20)

    app.child.kill('SIGTERM')
    await app.saw(/"stopping/)
    await expect(fetch(`${app.url}/healthz`)).rejects.toThrow() // nothing new is accepted

    release()
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(200)
      expect(body.token).toEqual(expect.any(String))
    }
    expect(await app.exited).toEqual({ code: 0, signal: null })
    expect(app.output()).not.toMatch(/"level":"(error|fatal)"/)
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

  test('a request that does not end is cut, and the exit code says so', async () => {
    const app = await start()
    wechat.hold()
    const [answer] = logins(app, 1)
    const cut = expect(answer).rejects.toThrow()
    await wechat.received(1)
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
