import { redisUrl } from '../support/redis.js'
import { startSentinel } from '../support/topologies.js'
import { type Answer, type App, eventually, http, login, startApp } from './spawn-app.js'

let app: App
afterEach(async () => {
  await app?.stop()
})

/** Where the app says its sandbox is. */
const sandboxOf = (started: App): string => /(http:\S+)\/__sandbox/.exec(started.output())![1]!

const ask = (path: string): Promise<Answer> => http(`${sandboxOf(app)}/__sandbox/${path}`)

describe('the app shows itself to its sandbox', () => {
  test('its start leads to the page, in the terminal and in the browser', async () => {
    app = await startApp()
    const page = `${sandboxOf(app)}/__sandbox`
    expect(app.output()).toContain(`Open ${page}`)
    const { body } = await http(app.url)
    expect((body as string).indexOf(`href="${page}"`)).toBeGreaterThan(-1)
    expect((body as string).indexOf(`href="${page}"`)).toBeLessThan(
      (body as string).indexOf('curl'),
    )
    expect((await http(page)).status).toBe(200)
  }, 30_000)

  test('the page knows where the app is, what its memory holds, and its user table', async () => {
    app = await startApp()
    expect((await ask('config')).body).toMatchObject({ target: app.url, store: 'memory' })
    expect((await ask('users/alice/row')).body).toEqual({ row: null })
    await login(app, sandboxOf(app))
    const { body } = await ask('store')
    expect(body.entries).toEqual([expect.objectContaining({ type: 'session' })])
    expect((await ask('users/alice/row')).body.row).toMatchObject({
      openid: expect.any(String),
      created_at: expect.any(String),
    })
  }, 30_000)

  test('its Redis is seen too, but not the questions of its own health check', async () => {
    app = await startApp({ REDIS_URL: redisUrl() })
    await eventually(
      () => login(app, sandboxOf(app)),
      ({ status }) => status === 200,
    )
    expect((await ask('config')).body.store).toBe('redis')
    const keys = (await ask('store')).body.entries.map(({ key }: { key: string }) => key)
    expect(keys.some((key: string) => key.startsWith('wx:sess:'))).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(JSON.stringify((await ask('wire/messages')).body)).not.toContain('probe-')
  }, 30_000)

  test('a Redis behind Sentinel is used as it is', async () => {
    const sentinel = await startSentinel()
    try {
      app = await startApp({ REDIS_URL: sentinel.url })
      expect((await ask('config')).body.store).toBeNull()
      await eventually(
        () => login(app, sandboxOf(app)),
        ({ status }) => status === 200,
      )
      await app.stop()
    } finally {
      await sentinel.stop()
    }
  }, 60_000)
})
