import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { scenarios } from '../../src/sandbox/scenarios/index.js'
import { type App, eventually, http, startApp } from './spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { crosses, play } from '../sandbox/scenarios/support.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
let app: App

const optionsOf = (): { sandbox: string; target: string } => ({
  sandbox: sandbox.baseUrl,
  target: app.url,
})

describe('the example app, sessions in memory', () => {
  beforeAll(async () => {
    sandbox = createSandbox()
    await sandbox.listen()
    app = await startApp({ WX_API_BASE: sandbox.baseUrl })
  })
  afterAll(async () => {
    await app?.stop()
    await sandbox?.close()
  })

  it.each(scenarios.map(({ id }) => id).filter((id) => id !== 'redis-down'))(
    'gets all ticks: %s',
    async (id) => {
      const result = await play(id, optionsOf())
      expect(crosses(result)).toEqual([])
      expect(result).toMatchObject({ status: 'passed', mode: 'contract' })
    },
  )

  it('has no Redis to be down: skipped, which is no tick', async () => {
    const { status, reason, checks } = await play('redis-down', optionsOf())
    expect({ status, checks }).toEqual({ status: 'skipped', checks: [] })
    expect(reason?.en).toMatch(/--redis/)
  })
})

describe('the example app with a sandbox of its own, as npm start has it', () => {
  it('shows the sandbox its memory: redis-down can be tried', async () => {
    app = await startApp()
    try {
      const [, url] = await app.saw(/(http:\/\/\S+?)\/__sandbox/)
      const result = await play('redis-down', { sandbox: url!, target: app.url })
      expect(crosses(result)).toEqual([])
      expect(result).toMatchObject({ status: 'passed', mode: 'contract' })
    } finally {
      await app.stop()
    }
  })
})

describe('the example app, sessions in Redis', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedisServer()
    sandbox = createSandbox()
    await sandbox.listen()
    app = await startApp({
      WX_API_BASE: sandbox.baseUrl,
      REDIS_URL: await sandbox.tapRedis(redis.url),
      SESSION_SECRET: 'one secret for all processes of this file',
    })
    await eventually(
      () => http(`${app.url}/readyz`),
      ({ status }) => status === 200,
    )
  })
  afterAll(async () => {
    await app?.stop()
    await sandbox?.close()
    await redis?.stop()
  })

  it.each(scenarios.map(({ id }) => id))('gets all ticks: %s', async (id) => {
    const result = await play(id, optionsOf())
    expect(crosses(result)).toEqual([])
    expect(result).toMatchObject({ status: 'passed', mode: 'contract' })
  })
})
