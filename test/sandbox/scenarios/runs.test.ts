import type { RequestListener } from 'node:http'
import { createSandbox, type Sandbox } from '../../../src/sandbox/index.js'
import {
  detectMode,
  relayTo,
  type RunOptions,
  SandboxUnreachableError,
  scenarios,
  type ScenarioCheck,
} from '../../../src/sandbox/scenarios/index.js'
import { redisUrl } from '../../support/redis.js'
import { startTestApp, type TestApp } from '../../support/test-app.js'
import { inRedis, type Mistake, plainContract, startPlainBackend } from './plain-backend.js'
import { crosses, play, startServer } from './support.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
let app: TestApp
let options: RunOptions
const open: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
  app = await startTestApp({ sandbox, wx: { wechat: { baseUrl: sandbox.baseUrl } } })
  options = { sandbox: sandbox.baseUrl, target: app.url }
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
  await app.close()
  await sandbox.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = await startServer(listener)
  open.push(server.close)
  return server.url
}

describe('a run', () => {
  it('tells each check as it is made, and gives them back in that order', async () => {
    const told: ScenarioCheck[] = []
    const result = await play('code-reused', { ...options, onCheck: (check) => told.push(check) })
    expect(result.checks.length).toBeGreaterThan(3)
    expect(told).toEqual(result.checks)
    expect(result.ms).toBeGreaterThan(0)
  })

  it('asks for what any backend does where it is told so', async () => {
    const result = await play('errcode-45011', { ...options, mode: 'behaviour' })
    expect(result).toMatchObject({ status: 'passed', mode: 'behaviour' })
    expect(result.checks.some(({ expected }) => expected.en.includes('WX_'))).toBe(false)
  })

  it('has users of its own: two runs have nothing in common', async () => {
    await play('first-login', options)
    await play('first-login', options)
    const state = new Set(sandbox.requests.map(({ reply }) => reply?.['openid']).filter(Boolean))
    expect(state.size).toBe(2)
  })

  it('is not led astray by faults that were there before, and leaves none', async () => {
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1 })
    expect((await play('first-login', options)).status).toBe('passed')
    expect(sandbox.faults.list()).toEqual([])
  })

  it('leaves no fault where the server failed half way either', async () => {
    const target = await serve((_req, res) => res.writeHead(500).end())
    const result = await play('exchange-lost', { ...options, target })
    expect(result.status).toBe('failed')
    expect(sandbox.faults.list()).toEqual([])
  })

  it('has a cross, and no error, for a server that is dead', async () => {
    const result = await play('first-login', { ...options, target: 'http://127.0.0.1:9' })
    expect(result).toMatchObject({ status: 'failed', mode: 'behaviour' })
    expect(crosses(result)[0]).toMatch(/no answer: connection failed/)
  })

  it('has a cross where the phone itself can do nothing with the server', async () => {
    const target = await serve((_req, res) => res.writeHead(404).end())
    const result = await play('user-denies-phone', { ...options, target })
    expect(crosses(result)).toContainEqual(expect.stringMatching(/got WxLoginError REJECTED/))
  })

  it('has a cross where the phone is told its openid', async () => {
    const telling = await startTestApp({
      sandbox,
      wx: { wechat: { baseUrl: sandbox.baseUrl }, onUser: ({ openid }) => ({ id: openid }) },
    })
    open.push(telling.close)
    expect(crosses(await play('first-login', { ...options, target: telling.url }))).toEqual([
      'The phone is not told the openid: expected no openid, got openid',
    ])
  })

  it('says nothing of a server where the sandbox is away', async () => {
    await expect(
      play('first-login', { ...options, sandbox: 'http://127.0.0.1:9' }),
    ).rejects.toThrow(SandboxUnreachableError)
  })

  it.each([
    ['phone', 'user-denies-phone', /no phone number route/],
    ['logout', 'session-revoked', /no logout route/],
  ])('is skipped without a %s route', async (route, id, reason) => {
    const result = await play(id, { ...options, contract: { [route]: null } })
    expect(result).toMatchObject({ status: 'skipped', checks: [] })
    expect(result.reason?.en).toMatch(reason)
    expect(result.reason?.zh).toMatch(/没有/)
  })

  it('is skipped where the clocks are an hour apart and watermarks say nothing', async () => {
    sandbox.clock.advance(3600_000)
    const result = await play('encrypted-before-login', options)
    expect(result.status).toBe('skipped')
    expect(result.reason?.en).toMatch(/clock/)
  })

  it('ends early, and puts back what it had changed', async () => {
    const controller = new AbortController()
    const result = await play('wechat-down', {
      ...options,
      signal: controller.signal,
      onCheck: () => {
        controller.abort()
      },
    })
    expect(result.status).toBe('aborted')
    expect(result.checks.length).toBeLessThan(3)
    expect(sandbox.faults.list()).toEqual([])
    // An end that came before the beginning.
    expect(await play('wechat-down', { ...options, signal: controller.signal })).toMatchObject({
      ...{ status: 'aborted', checks: [] },
    })
  })

  it('goes through the relay, as from the page', async () => {
    const reach = relayTo(app.url, sandbox.baseUrl)
    const result = await play('ten-at-once', { ...options, reach })
    expect(crosses(result)).toEqual([])
    const list = await fetch(`${sandbox.baseUrl}/__sandbox/wire/messages`)
    const messages = (await list.json()) as { from: string; to: string; user: string | null }[]
    expect(messages.filter(({ from, to }) => from === 'phone' && to === 'server')).toContainEqual(
      expect.objectContaining({ user: expect.stringMatching(/^alice-/) }),
    )
  })

  it.each(scenarios.map(({ id }) => id).filter((id) => id !== 'redis-down'))(
    'says the same through the relay: %s',
    async (id) => {
      const reach = relayTo(app.url, sandbox.baseUrl)
      const result = await play(id, { ...options, reach })
      expect(crosses(result)).toEqual([])
      expect(result).toMatchObject({ status: 'passed', mode: 'contract' })
    },
  )

  it('knows a dead server behind the relay from one that answers', async () => {
    const reach = relayTo('http://127.0.0.1:9', sandbox.baseUrl)
    const result = await play('first-login', { ...options, target: 'http://127.0.0.1:9', reach })
    expect(crosses(result)[0]).toMatch(/no answer: connection failed/)
  })
})

describe('the mode', () => {
  it.each<[string, RequestListener, string]>([
    [
      'our 401',
      (_req, res) =>
        res.writeHead(401).end('{"error":{"code":"WX_SESSION_REQUIRED","action":"login"}}'),
      'contract',
    ],
    [
      'another 401',
      (_req, res) => res.writeHead(401).end('{"error":{"code":"UNAUTHORIZED","action":"login"}}'),
      'behaviour',
    ],
    ['a 200', (_req, res) => res.end('{}'), 'behaviour'],
  ])('after %s', async (_what, listener, mode) => {
    expect(await detectMode({ ...options, target: await serve(listener) })).toBe(mode)
  })
})

describe('redis-down, for a backend without this package', () => {
  async function backend(mistake?: Mistake): Promise<RunOptions> {
    const { baseUrl, appid, secret } = sandbox
    const url = await sandbox.tapRedis(redisUrl())
    const { sessions, close } = await inRedis(url)
    const server = await startPlainBackend({ wechat: baseUrl, appid, secret, sessions, mistake })
    open.push(server.close, close)
    return { sandbox: baseUrl, target: server.url, contract: plainContract }
  }

  it('is all ticks for 503', async () => {
    const result = await play('redis-down', await backend())
    expect(crosses(result)).toEqual([])
    expect(result.status).toBe('passed')
  })

  it('is a cross for 401, and the store is up afterwards', async () => {
    const result = await play('redis-down', await backend('401 without Redis'))
    expect(crosses(result)).toContainEqual(expect.stringMatching(/expected 503, got 401/))
    const store = await fetch(`${sandbox.baseUrl}/__sandbox/store`)
    expect(await store.json()).toMatchObject({ kind: 'redis', state: 'up' })
  })
})
