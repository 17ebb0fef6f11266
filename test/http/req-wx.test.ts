import { inspect } from 'node:util'
import type { Express } from 'express'
import { MemoryStore } from 'express-session'
import { getWx, requireWxSession, type WxContext, wxErrorHandler } from '../../src/index.js'
import { createSandbox } from '../../src/sandbox/index.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

/** A route behind the guard that keeps what `getWx` gives. */
function keeper(): { routes: (app: Express) => void; last: () => WxContext } {
  let last: WxContext
  return {
    last: () => last,
    routes(app) {
      app.get('/wx', requireWxSession, (req, res) => {
        last = getWx(req)
        res.json(last)
      })
    },
  }
}

describe('req.wx', () => {
  let t: TestApp
  const { routes, last } = keeper()
  beforeAll(async () => {
    t = await startTestApp({
      wx: { onUser: () => ({ id: 1 }), cloudHosting: true },
      routes,
    })
  })
  afterAll(() => t.close())

  async function contextOf(name: string, seen: object = {}): Promise<WxContext> {
    t.sandbox.user(name, seen)
    await t.get('/wx', (await t.login(name)).token).expect(200)
    return last()
  }

  it('is the identity, the public id, the time of login and the user, however it is looked at', async () => {
    const before = Date.now()
    const wx = await contextOf('alice')
    const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
    const [session] = await t.wx.sessions.list(user)
    const all = { ...user, sessionId: session!.id, loginAt: session!.loginAt, user: { id: 1 } }
    expect({ ...wx }).toStrictEqual(all)
    expect(JSON.parse(JSON.stringify(wx))).toStrictEqual(JSON.parse(JSON.stringify(all)))
    expect(inspect(wx)).toBe(inspect(all))
    expect(wx.loginAt.getTime()).toBeGreaterThanOrEqual(before)
  })

  it('has the unionid of a user who has one', async () => {
    const wx = await contextOf('united', { unionid: true })
    expect({ ...wx }.unionid).toBe(t.sandbox.user('united').unionid)
  })

  it('lets nobody change who it is, but what the user is', async () => {
    const wx = await contextOf('alice')
    for (const name of ['appid', 'openid', 'sessionId', 'loginAt', 'sessionKey'] as const) {
      expect(() => Object.assign(wx, { [name]: 'mine' })).toThrow(TypeError)
    }
    wx.user = { id: 2 } as never
    expect({ ...wx }.user).toEqual({ id: 2 })
  })

  it('has the session key under both its names, and shows neither', async () => {
    const wx = await contextOf('alice')
    const key = t.sandbox.user('alice').sessionKey()
    expect([wx.sessionKey, wx.session_key]).toEqual([key, key])
    expect(inspect(wx, { showHidden: true, getters: true })).not.toContain(key)
  })

  it('reads good data as often as it is sent', async () => {
    const wx = await contextOf('alice')
    const data = t.sandbox.user('alice').userInfo()
    for (let i = 0; i < 25; i++) {
      await wx.decrypt(data)
      await expect(wx.verifySignature(data)).resolves.toBe(true)
    }
  })

  it('says what is wrong with data that is not there', async () => {
    const wx = await contextOf('alice')
    for (const nothing of [undefined, null, {}]) {
      await expect(wx.decrypt(nothing as never)).rejects.toMatchObject({
        code: 'WX_BAD_REQUEST',
        message: expect.stringMatching(/encryptedData.*iv/) as string,
      })
      await expect(wx.verifySignature(nothing as never)).rejects.toMatchObject({
        code: 'WX_BAD_REQUEST',
        message: expect.stringMatching(/rawData.*; signature/) as string,
      })
    }
  })

  it('of a call through cloud hosting has no session, and no key before a login by code brings one', async () => {
    const carol = t.sandbox.user('carol')
    const call = {
      'X-WX-SOURCE': 'wx_client',
      'X-WX-OPENID': carol.openid(),
      'X-WX-APPID': t.sandbox.appid,
    }
    const { body } = await t.get('/wx').set(call)
    expect(body).toMatchObject({ openid: carol.openid(), sessionId: '', user: null })
    const missing = {
      code: 'WX_STALE_KEY',
      message: expect.stringContaining('wx.login') as string,
      reason: expect.stringContaining('cloud hosting') as string,
    }
    expect(() => last().sessionKey).toThrow(expect.objectContaining(missing))
    await expect(last().decrypt(carol.encrypt({ steps: 1 }))).rejects.toMatchObject(missing)
    // What is no data of WeChat's is a mistake of the caller's, key or no key.
    await expect(last().decrypt({} as never)).rejects.toMatchObject({ code: 'WX_BAD_REQUEST' })
    expect(() => t.wx.sessions.onEnd(last(), () => undefined)).toThrow(
      expect.objectContaining({ code: 'WX_SESSION_REQUIRED' }),
    )
    await t.login('carol')
    await t.get('/wx').set(call).expect(200)
    await expect(last().decrypt(carol.encrypt({ steps: 1 }))).resolves.toMatchObject({ steps: 1 })
  })
})

it('throws why nobody can say who is asking, also on a route without the guard', async () => {
  const store = new MemoryStore()
  const routes = (app: Express): void => {
    app.get('/unguarded', (req, res) => void res.json(getWx(req)))
    app.use(wxErrorHandler)
  }
  await withTestApp({ wx: { session: { secret: sessionSecret, store } }, routes }, async (t) => {
    const { token } = await t.login()
    await t.get('/unguarded', token).expect(200)
    await t.get('/unguarded').expect(401)
    store.emit('disconnect')
    const reply = await t.get('/unguarded', token).expect(503)
    expect(reply.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
  })
})

it('has the session’s own key in a process that remembers no key of the user', async () => {
  const session = { secret: sessionSecret, store: new MemoryStore() }
  const { routes, last } = keeper()
  await withTestApp({ wx: { session } }, async ({ sandbox, login }) => {
    const { token } = await login()
    const data = sandbox.user('alice').encrypt({ steps: 1 })
    await withTestApp({ sandbox, wx: { session }, routes }, async (other) => {
      await other.get('/wx', token).expect(200)
      await expect(last().decrypt(data)).resolves.toMatchObject({ steps: 1 })
    })
  })
})

it('counts its key from when WeChat was asked for it, however long the login took', async () => {
  const real = Date.now.bind(Date)
  let ahead = 0
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => real() + ahead)
  const session = { secret: sessionSecret, store: new MemoryStore() }
  const onUser = (): void => void (ahead += 2000)
  const sandbox = createSandbox({ rateLimit: 0, rotation: 'always', now: () => Date.now() })
  const { routes, last } = keeper()
  try {
    await withTestApp({ sandbox, wx: { session, onUser } }, async (slow) => {
      const { token } = await slow.login()
      const { rawData, signature } = sandbox.user('alice').userInfo()
      await withTestApp({ sandbox, wx: { session }, routes }, async (other) => {
        ahead += 1000
        await other.login()
        await other.get('/wx', token).expect(200)
        await expect(last().verifySignature({ rawData, signature })).resolves.toBe(true)
        // Past the ten minutes for which a key that was replaced is good.
        ahead += 601_000
        await expect(last().verifySignature({ rawData, signature })).resolves.toBe(false)
      })
    })
  } finally {
    clock.mockRestore()
    await sandbox.close()
  }
})

it('whose key was sealed with a secret that is gone says so to the operator, also where data comes', async () => {
  const session = { secret: sessionSecret, store: new MemoryStore() }
  const { routes, last } = keeper()
  await withTestApp({ wx: { session, keySecret: 'k'.repeat(32) } }, async (before) => {
    const { token } = await before.login()
    const data = before.sandbox.user('alice').encrypt({ steps: 1 })
    const wx = { session, keySecret: 'l'.repeat(32) }
    await withTestApp({ sandbox: before.sandbox, wx, routes }, async (after) => {
      await after.get('/wx', token).expect(200)
      const reason = expect.stringContaining('another secret') as string
      expect(() => last().sessionKey).toThrow(
        expect.objectContaining({ code: 'WX_STALE_KEY', reason }),
      )
      await expect(last().decrypt(data)).rejects.toMatchObject({
        code: 'WX_STALE_KEY',
        message: expect.not.stringContaining('cloud hosting') as string,
      })
    })
  })
})
