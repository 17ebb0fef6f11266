import { randomUUID } from 'node:crypto'
import { MemoryStore } from 'express-session'
import {
  getWx,
  requireWxSession,
  type WxContext,
  type WxLogoutEvent,
  type WxRevokeEvent,
  type WxSessionEnd,
} from '../../src/index.js'
import { createRedis } from '../../src/redis/index.js'
import { listen } from '../support/listen.js'
import { redisUrl } from '../support/redis.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

describe('POST /wx/logout', () => {
  let t: TestApp
  const loggedOut: WxLogoutEvent[] = []
  const contexts: WxContext[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: { onLogout: (event) => void loggedOut.push(event) },
      routes(app) {
        app.get('/keep', requireWxSession, (req, res) => {
          contexts.push(getWx(req))
          res.end()
        })
      },
    })
  })
  const redis = createRedis(redisUrl())
  beforeAll(() => redis.connect())
  afterAll(async () => {
    await t.close()
    await redis.close()
  })
  beforeEach(() => loggedOut.splice(0))

  it('ends this session and leaves the user’s others', async () => {
    const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
    const here = await t.login()
    const [session] = await t.wx.sessions.list(user)
    const there = await t.login()
    const ear = listen()
    const reply = await t.post('/wx/logout', undefined, here.token)
    ear.stop()
    expect(reply.status).toBe(204)
    expect(reply.text).toBe('')
    expect(reply.headers['cache-control']).toBe('no-store')
    expect((await t.get('/me', here.token)).status).toBe(401)
    expect((await t.get('/me', there.token)).status).toBe(200)
    expect(loggedOut).toEqual([{ ...user, sessionId: session!.id, everywhere: false }])
    expect(ear.of('session:ended')).toEqual([{ sessionIds: [session!.id], reason: 'logout' }])
  })

  it('with everywhere ends every session of the user, and nobody else’s', async () => {
    const [a, b, other] = [await t.login('bob'), await t.login('bob'), await t.login('carol')]
    await t.post('/wx/logout', { everywhere: true }, a.token).expect(204)
    expect((await t.get('/me', a.token)).status).toBe(401)
    expect((await t.get('/me', b.token)).status).toBe(401)
    expect((await t.get('/me', other.token)).status).toBe(200)
    expect(loggedOut).toMatchObject([{ everywhere: true }])
  })

  it('with everywhere tells whoever holds something open for any of the sessions, once', async () => {
    const all = [await t.login('dave'), await t.login('dave'), await t.login('dave')]
    contexts.splice(0)
    const told: WxSessionEnd[] = []
    for (const { token } of all) {
      await t.get('/keep', token).expect(200)
      t.wx.sessions.onEnd(contexts.at(-1)!, (end) => told.push(end))
    }
    await t.post('/wx/logout', { everywhere: true }, all[0]!.token).expect(204)
    const ended = contexts.map(({ sessionId }) => ({ sessionId, reason: 'logout' }))
    expect(told).toHaveLength(3)
    expect(told).toEqual(expect.arrayContaining(ended))
  })

  it.each([{}, { everywhere: false }])('takes the body %j for this session only', async (body) => {
    const [here, there] = [await t.login(), await t.login()]
    await t.post('/wx/logout', body, here.token).expect(204)
    expect((await t.get('/me', there.token)).status).toBe(200)
  })

  it('is 204 without a session too', async () => {
    const { token } = await t.login()
    await t.post('/wx/logout', undefined, token).expect(204)
    await t.post('/wx/logout', undefined, token).expect(204)
    await t.post('/wx/logout').expect(204)
    expect(loggedOut).toHaveLength(1)
  })

  it('is 503 while nobody can say whose the session is, and ends nothing', async () => {
    const store = new MemoryStore()
    const session = { secret: sessionSecret, store }
    await withTestApp({ wx: { session } }, async (away) => {
      const { token } = await away.login()
      store.emit('disconnect')
      const reply = await away.post('/wx/logout', undefined, token)
      expect(reply.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
      store.emit('connect')
      await away.get('/me', token).expect(200)
    })
  })

  it('leaves nothing of the session in the user’s list in Redis', async () => {
    const redisPrefix = `test-${randomUUID()}:`
    await withTestApp({ wx: { redis, redisPrefix } }, async (other) => {
      const sessions = (): Promise<string[]> => redis.keys(`${redisPrefix}*ses*`)
      const { token } = await other.login()
      expect(await sessions()).toHaveLength(2)
      await other.post('/wx/logout', undefined, token).expect(204)
      expect(await sessions()).toEqual([])
    })
  })

  it('is 400 with two different tokens', async () => {
    const [a, b] = [await t.login(), await t.login('bob')]
    const reply = await t.http
      .post('/wx/logout')
      .set('Authorization', `Bearer ${a.token}, Bearer ${b.token}`)
    expect(reply.body).toEqual(errorReply('WX_BAD_REQUEST', 'none'))
    expect((await t.get('/me', a.token)).status).toBe(200)
  })
})

describe('wx.sessions', () => {
  let t: TestApp
  const revoked: WxRevokeEvent[] = []
  const contexts: WxContext[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: { onRevoke: (event) => void revoked.push(event) },
      routes: (app) => app.get('/keep', (req, res) => res.json(contexts.push(getWx(req)))),
    })
  })
  afterAll(() => t.close())
  beforeEach(() => revoked.splice(0))

  const who = (name: string): { appid: string; openid: string } => ({
    appid: t.sandbox.appid,
    openid: t.sandbox.user(name).openid(),
  })

  /** What `req.wx` is in a request of a new session. */
  async function keptContext(name: string): Promise<WxContext> {
    await t.get('/keep', (await t.login(name)).token).expect(200)
    return contexts.at(-1)!
  }

  it('lists the live sessions of a user by public ids, newest first', async () => {
    const [first, second, gone] = [await t.login(), await t.login(), await t.login()]
    await t.post('/wx/logout', undefined, gone.token)
    const list = await t.wx.sessions.list(who('alice'))
    expect(list).toHaveLength(2)
    expect(list[0]!.loginAt.getTime()).toBeGreaterThanOrEqual(list[1]!.loginAt.getTime())
    for (const { id } of list) {
      expect(first.token).not.toContain(id)
      expect(second.token).not.toContain(id)
    }
  })

  it('revokes one session by its id', async () => {
    const { token } = await t.login('dave')
    const { id } = (await t.wx.sessions.list(who('dave')))[0]!
    await expect(t.wx.sessions.revoke(who('dave'), 'nonsense')).resolves.toBe(false)
    await expect(t.wx.sessions.revoke(who('erin'), id)).resolves.toBe(false)
    const dave = { ...who('dave'), unionid: 'u-dave' }
    await expect(t.wx.sessions.revoke(dave, id)).resolves.toBe(true)
    expect((await t.get('/me', token)).status).toBe(401)
    expect(revoked).toStrictEqual([{ ...dave, sessionIds: [id], reason: 'revoke' }])
  })

  it('revokes all sessions but one', async () => {
    const [a, b, c] = [await t.login('frank'), await t.login('frank'), await t.login('frank')]
    const [kept] = await t.wx.sessions.list(who('frank'))
    await expect(t.wx.sessions.revokeAll(who('frank'), { except: kept!.id })).resolves.toBe(2)
    const alive = await Promise.all(
      [a, b, c].map(async ({ token }) => (await t.get('/me', token)).status === 200),
    )
    expect(alive.filter(Boolean)).toHaveLength(1)
    await expect(t.wx.sessions.revokeAll(who('frank'))).resolves.toBe(1)
    await expect(t.wx.sessions.revokeAll(who('frank'))).resolves.toBe(0)
    expect(revoked).toHaveLength(2)
    expect(revoked[1]).toStrictEqual({ ...who('frank'), sessionIds: [kept!.id], reason: 'revoke' })
  })

  it('ends nothing where it is called by mistake, and says what is wrong', async () => {
    const { token } = await t.login('grace')
    const wrong = { code: 'WX_APP_CONFIG', message: expect.stringMatching(/exept|appid/) as string }
    const { revokeAll } = t.wx.sessions
    const typo = { exept: 'the one to keep' } as object
    await expect(revokeAll(who('grace'), typo)).rejects.toMatchObject(wrong)
    const { openid } = who('grace')
    await expect(revokeAll({ openid } as never)).rejects.toMatchObject(wrong)
    await expect(revokeAll({ appid: t.sandbox.appid } as never)).rejects.toMatchObject(wrong)
    await expect(t.wx.sessions.list(undefined as never)).rejects.toMatchObject(wrong)
    expect((await t.get('/me', token)).status).toBe(200)
  })

  it('tells who waits for the end of a session of the end of that one, until it is forgotten', async () => {
    const told: unknown[] = []
    const [first, second] = [await keptContext('heidi'), await keptContext('heidi')]
    t.wx.sessions.onEnd(first, (end) => told.push(end))
    const forget = t.wx.sessions.onEnd(second, (end) => told.push(end))
    await t.wx.sessions.revoke(who('heidi'), first.sessionId)
    expect(told).toEqual([{ sessionId: first.sessionId, reason: 'revoke' }])
    forget()
    await t.wx.sessions.revokeAll(who('heidi'))
    expect(told).toHaveLength(1)
  })

  it('waits for the end of no session where there is none', () => {
    for (const none of [{}, { ...who('alice'), sessionId: 'x' }]) {
      expect(() => t.wx.sessions.onEnd(none as WxContext, () => undefined)).toThrow(
        expect.objectContaining({
          code: 'WX_SESSION_REQUIRED',
          message: expect.stringContaining('req.wx') as string,
        }),
      )
    }
  })
})

describe('session.maxPerUser', () => {
  it('ends the oldest session when one more is made', async () => {
    const revoked: WxRevokeEvent[] = []
    await withTestApp(
      {
        wx: {
          session: { secret: 'x'.repeat(32), maxPerUser: 2 },
          onRevoke: (event) => void revoked.push(event),
        },
      },
      async (t) => {
        const tokens = []
        for (let i = 0; i < 3; i++) {
          tokens.push((await t.login()).token)
          // The list is ordered by login time in ms.
          const now = Date.now()
          while (Date.now() === now) await new Promise(setImmediate)
        }
        const alive = []
        for (const token of tokens) alive.push((await t.get('/me', token)).status)
        expect(alive).toEqual([401, 200, 200])
        expect(revoked).toMatchObject([{ reason: 'limit', sessionIds: [expect.any(String)] }])
      },
    )
  })

  it('tells of no end where the session that is one too many had expired', async () => {
    const store = new MemoryStore()
    const onRevoke = jest.fn()
    const wx = { session: { secret: sessionSecret, maxPerUser: 1, store }, onRevoke }
    await withTestApp({ wx }, async (t) => {
      const { token } = await t.login()
      store.destroy(token.slice(0, 32))
      await t.login()
      expect(onRevoke).not.toHaveBeenCalled()
      await t.login()
      expect(onRevoke).toHaveBeenCalledTimes(1)
    })
  })

  it('does not count the session that a login takes the place of', async () => {
    await withTestApp({ wx: { session: { secret: 'x'.repeat(32), maxPerUser: 2 } } }, async (t) => {
      const tablet = await t.login()
      let phone = await t.login()
      for (let i = 0; i < 4; i++) {
        const code = t.sandbox.user('alice').login()
        phone = (await t.post('/wx/login', { code }, phone.token)).body as typeof phone
      }
      expect((await t.get('/me', tablet.token)).status).toBe(200)
      expect((await t.get('/me', phone.token)).status).toBe(200)
    })
  })
})
