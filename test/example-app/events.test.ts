import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { redisUrl } from '../support/redis.js'
import { type FakeWeChat, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

let postgres: PostgresServer
let wechat: FakeWeChat
let here: App
let there: App

const start = () =>
  startApp({
    ...wechat.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: redisUrl(),
    SESSION_SECRET: 'one secret for both processes of this file',
  })

beforeAll(async () => {
  ;[postgres, wechat] = await Promise.all([startPostgres(), startFakeWeChat()])
  ;[here, there] = await Promise.all([start(), start()])
})

afterAll(async () => {
  await Promise.all([here?.stop(), there?.stop()])
  await Promise.all([postgres?.stop(), wechat?.close()])
})

let codes = 0
const login = async (): Promise<string> =>
  (await http(`${here.url}/wx/login`, { body: { code: `ann-${codes++}` } })).body.token as string

/** An open `GET /me/events`. */
async function listen(app: App, token: string) {
  const leave = new AbortController()
  const response = await fetch(`${app.url}/me/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leave.signal,
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = (await reader.read()).value
  const rest = async (): Promise<string> => {
    let all = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return all
      all += value
    }
  }
  return { response, first, rest: rest(), leave: () => leave.abort() }
}

test('GET /me/events without a session is 401', async () => {
  expect((await http(`${here.url}/me/events`)).status).toBe(401)
})

test('says hello, and nothing may keep a copy of it', async () => {
  const stream = await listen(here, await login())
  expect(stream.response.status).toBe(200)
  expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
  expect(stream.response.headers.get('cache-control')).toBe('no-store')
  expect(stream.first).toMatch(/^event: hello\ndata: \{"loginAt":"[^"]+"\}\n\n$/)
  stream.rest.catch(() => undefined)
  stream.leave()
})

test.each(['the same process', 'another process'])(
  'ends when the phone logs out, in %s; other sessions stay',
  async (where) => {
    const [token, other] = [await login(), await login()]
    const [stream, bystander] = [await listen(here, token), await listen(here, other)]

    const begun = performance.now()
    const app = where === 'the same process' ? here : there
    expect((await http(`${app.url}/wx/logout`, { method: 'POST', token })).status).toBe(204)
    expect(await stream.rest).toBe('event: ended\ndata: {"reason":"logout"}\n\n')
    expect(performance.now() - begun).toBeLessThan(5000) // by the news of it, not by looking again

    let left = false
    const leaving = bystander.rest
      .catch(() => undefined)
      .then(() => {
        left = true
      })
    await http(`${here.url}/me`, { token: other }) // as long as a wrong end would need
    expect(left).toBe(false)
    bystander.leave()
    await leaving
  },
)

test('a stop ends streams at once and in order, and nothing is counted as cut', async () => {
  const app = await start()
  const stream = await listen(app, await login())
  const begun = performance.now()
  expect(await app.stop()).toEqual({ code: 0, signal: null })
  expect(performance.now() - begun).toBeLessThan(3000)
  expect(await stream.rest).toBe('event: closing\ndata: {}\n\n')
  expect(app.output()).not.toContain('requests were cut')
})
