import express from 'express'
import session from 'express-session'
import request from 'supertest'
import { type Patient, wechatAt } from '../../src/doctor/patient.js'
import { createReadiness } from '../../src/doctor/readiness.js'
import { wxLogin, type WxLogin, type WxLoginOptions } from '../../src/index.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedis } from '../../src/redis/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { startFaultProxy } from '../support/fault-proxy.js'
import { redisUrl } from '../support/redis.js'
import { until } from '../support/until.js'
import { finding, troubles } from './run-doctor.js'

const sessionSecret = '9c1f6a0d7be24583a1c07d5e8f3b6429c1f6a0d7be24583a1c07d5e8f3b6429d'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
})
afterEach(() => sandbox.close())

/** A store as an app may bring one. */
class OwnStore extends session.Store {
  get(_sid: string, done: (error?: unknown, session?: null) => void): void {
    done(undefined, null)
  }
  set(_sid: string, _session: unknown, done?: () => void): void {
    done?.()
  }
  destroy(_sid: string, done?: () => void): void {
    done?.()
  }
}

const tokenCalls = (): number =>
  sandbox.requests.filter((r) => r.path === '/cgi-bin/stable_token').length
const otherCalls = (): number => sandbox.requests.length - tokenCalls()

const server = (changes: Partial<WxLoginOptions> = {}): WxLogin =>
  wxLogin({
    appid: sandbox.appid,
    secret: sandbox.secret,
    session: { secret: sessionSecret },
    wechat: { baseUrl: sandbox.baseUrl },
    ...changes,
  } as WxLoginOptions)

/** Readiness with a clock of its own: what is kept, and for how long. */
function withClock(changes: Partial<Patient> = {}) {
  let now = 0
  const readiness = createReadiness(
    {
      apps: [{ appid: sandbox.appid, secret: sandbox.secret }],
      wechat: wechatAt(sandbox.baseUrl),
      sessionSecrets: [sessionSecret],
      store: 'other',
      redis: undefined,
      ...changes,
    },
    () => now,
  )
  return Object.assign(readiness, { pass: (ms: number) => (now += ms) })
}

describe('wx.checkReadiness', () => {
  it('is ready, over HTTP as a /readyz', async () => {
    const redis = createRedis(redisUrl())
    await redis.connect()
    const wx = server({ redis })
    const app = express().use(wx)
    app.get('/readyz', async (_req, res) => {
      const { ok, findings } = await wx.checkReadiness()
      res.status(ok ? 200 : 503).json({ ok, findings })
    })
    const reply = await request(app).get('/readyz')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ ok: true, findings: expect.any(Array) as unknown })
    const { findings } = await wx.checkReadiness()
    expect(troubles(findings)).toEqual([])
    expect(findings.map(({ check }) => check)).toEqual([
      ...['options', 'environment', 'session', 'sandbox'],
      ...['wechat', 'clock', 'app', 'ip-list', 'redis'],
    ])
    await wx.close()
    await redis.close()
  })

  it('is not with a wrong AppSecret', async () => {
    const { ok, findings } = await server({ secret: 'wrong' }).checkReadiness()
    expect(ok).toBe(false)
    expect(troubles(findings)).toEqual([finding('app', 'error', /AppSecret is not the one/)])
  })

  it('is not while Redis is away, and is again when it is back', async () => {
    const proxy = await startFaultProxy(Number(new URL(redisUrl()).port))
    const redis = createRedis(proxy.url)
    await redis.connect()
    const check = withClock({ store: 'redis', redis: redis as unknown as LiveClient })
    expect((await check()).ok).toBe(true)
    proxy.refuse()
    await until(() => !redis.isReady)
    expect((await check()).ok).toBe(true) // still what was found before
    check.pass(2000)
    const { ok, findings } = await check()
    expect(ok).toBe(false)
    expect(troubles(findings)).toEqual([finding('redis', 'error', /does not answer/)])
    proxy.pass()
    await until(() => redis.isReady)
    check.pass(2000)
    expect((await check()).ok).toBe(true)
    await redis.close()
    await proxy.close()
  })

  it('tells where sessions are: memory, a MemoryStore, a store of the app, the app’s own session', async () => {
    const store = new session.MemoryStore()
    const said = async (changes: Partial<WxLoginOptions>): Promise<string | undefined> =>
      (await server(changes).checkReadiness()).findings.find(({ check }) => check === 'session')
        ?.message
    expect(await said({})).toMatch(/in memory/)
    expect(await said({ session: { secret: sessionSecret, store } })).toMatch(/in memory/)
    expect(await said({ session: { secret: sessionSecret, store: new OwnStore() } })).toMatch(
      /set up/,
    )
    expect(await said({ session: undefined })).toMatch(/set up/)
  })

  it('many apps, found by a function: WeChat is not asked', async () => {
    const apps = (): null => null
    const { ok } = await server({
      apps,
      appid: undefined,
      secret: undefined,
    } as never).checkReadiness()
    expect(ok).toBe(true)
    expect(tokenCalls()).toBe(0)
  })
})

describe('a probe every second', () => {
  it('asks WeChat once in five minutes where all is well, and nothing else', async () => {
    const check = withClock()
    for (let second = 0; second < 299; second++) {
      await check()
      check.pass(1000)
    }
    expect(tokenCalls()).toBe(1)
    check.pass(1000)
    await check()
    expect(tokenCalls()).toBe(2)
    expect(otherCalls()).toBe(0)
  })

  it('asks once a minute where something is wrong', async () => {
    sandbox.faults.add({ endpoint: 'stable_token', errcode: 40164 })
    const check = withClock()
    for (let second = 0; second <= 60; second++) {
      await check()
      check.pass(1000)
    }
    expect(tokenCalls()).toBe(2)
  })

  it('a hundred at the same time are one', async () => {
    const check = withClock()
    const all = await Promise.all(Array.from({ length: 100 }, () => check()))
    expect(all.every(({ ok }) => ok)).toBe(true)
    expect(tokenCalls()).toBe(1)
  })
})

describe('what only WeChat can change', () => {
  it('WeChat away does not take a process out', async () => {
    const check = withClock()
    await sandbox.close()
    const { ok, findings } = await check()
    expect(ok).toBe(true)
    expect(troubles(findings, 'wechat')).toEqual([finding('wechat', 'warning', /ECONNREFUSED/)])
  })

  it('nor does an AppSecret that is refused after it was accepted: sessions live on', async () => {
    const check = withClock()
    expect((await check()).ok).toBe(true)
    sandbox.faults.add({ endpoint: 'stable_token', errcode: 40243 })
    check.pass(5 * 60_000)
    const { ok, findings } = await check()
    expect(ok).toBe(true)
    expect(troubles(findings)).toEqual([finding('app', 'warning', /is frozen/)])
  })

  it('one of several AppSecrets that was never accepted does: that is the set-up', async () => {
    const apps = [
      { appid: sandbox.appid, secret: sandbox.secret },
      { appid: 'wxsecond', secret: 'wrong' },
    ]
    const check = withClock({ apps })
    for (const _ of [1, 2, 3]) {
      expect((await check()).ok).toBe(false)
      check.pass(60_000)
    }
  })
})

describe('the deadline', () => {
  it('is kept whatever hangs; what was late is known the next time', async () => {
    const check = withClock({
      wechat: {
        ...wechatAt(sandbox.baseUrl),
        fetch: async (url, init) => {
          await new Promise((resolve) => setTimeout(resolve, 1000))
          return fetch(url, init)
        },
      },
    })
    const first = await check({ timeout: 300 })
    expect(troubles(first.findings)).toEqual([
      finding('sandbox', 'warning', /could not be found out in time/),
      finding('wechat', 'warning', /could not be found out in time/),
    ])
    const second = await check()
    expect(troubles(second.findings)).toEqual([])
    expect(tokenCalls()).toBe(1)
  })

  it.each([0, -1, NaN, Infinity, 1e12, 'soon' as unknown as number])(
    'a timeout of %p is the default',
    async (timeout) => {
      expect((await withClock()({ timeout })).ok).toBe(true)
    },
  )

  it('a fetch that throws, answers nonsense or never ends is a finding, not an exception', async () => {
    const broken: (() => unknown)[] = [
      () => {
        throw new Error('canary')
      },
      () => Promise.reject(new Error('canary')),
      () => undefined,
      () => ({ ok: true }),
      () => ({ headers: { get: () => 7 }, ok: true, body: null }),
    ]
    for (const fetch of broken) {
      const wechat = { ...wechatAt('https://api.weixin.qq.com'), fetch: fetch as never }
      const { ok, findings } = await withClock({ wechat })()
      expect(ok).toBe(true)
      expect(troubles(findings)).toEqual([finding('wechat', 'warning', /./)])
      expect(JSON.stringify(findings)).not.toContain('canary')
    }
  })
})
