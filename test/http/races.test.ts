import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { requireWxSession } from '../../src/index.js'
import { mergeSessions } from '../../src/redis/session-text.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { redisUrl } from '../support/redis.js'
import { startTestApp, type TestApp } from '../support/test-app.js'

/** A point that requests wait at until it is opened. */
function gate(): { reached: Promise<void>; wait(): Promise<void>; open(): void } {
  let open: () => void = () => undefined
  let arrive: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (arrive = resolve))
  return {
    reached,
    wait() {
      arrive()
      return opened
    },
    open: () => open(),
  }
}

describe('requests of one session at the same time, on Redis', () => {
  let t: TestApp
  let redis: WxRedis
  let held = gate()
  beforeAll(async () => {
    redis = createRedis(redisUrl())
    await redis.connect()
    t = await startTestApp({
      wx: { redis, redisPrefix: `races-${randomUUID()}:` },
      routes(app) {
        app.get('/set/:name/:value', requireWxSession, (req, res, next) => {
          const { name, value } = req.params as { name: string; value: string }
          const wait = req.query['hold'] === undefined ? Promise.resolve() : held.wait()
          wait.then(() => {
            Object.assign(req.session, { [name]: value })
            res.json({})
          }, next)
        })
        app.get('/session', requireWxSession, (req, res) => res.json(req.session))
        app.get('/become/:openid', requireWxSession, (req, res) => {
          const { openid } = req.params as { openid: string }
          const attempts = [
            () => (req.session.wx = { ...req.session.wx!, openid }),
            () => (req.session.wx!.openid = openid),
            () => delete req.session.wx,
          ]
          for (const attempt of attempts) expect(attempt).toThrow(TypeError)
          Object.assign(req.session, { changed: true })
          res.json({})
        })
        app.get('/twice', requireWxSession, (req, res) => {
          Object.assign(req.session, { n: 1 })
          req.session.save(() => {
            Object.assign(req.session, { n: 2 })
            res.json({})
          })
        })
      },
    })
  })
  afterAll(async () => {
    await t.close()
    await redis.close()
  })
  beforeEach(() => {
    held = gate()
  })

  const fields = async (token: string): Promise<Record<string, unknown>> =>
    (await t.get('/session', token)).body as Record<string, unknown>

  it('both keep the fields they wrote', async () => {
    const { token } = await t.login()
    const slow = t.get('/set/a/1?hold=1', token).then((r) => r)
    await held.reached
    await t.get('/set/b/2', token).expect(200)
    held.open()
    await slow
    expect(await fields(token)).toMatchObject({ a: '1', b: '2' })
  })

  it('all keep the fields they wrote, eight at once', async () => {
    const { token } = await t.login()
    const names = Array.from({ length: 8 }, (_, i) => `f${String(i)}`)
    await Promise.all(names.map((name) => t.get(`/set/${name}/x`, token).expect(200)))
    expect(await fields(token)).toMatchObject(Object.fromEntries(names.map((n) => [n, 'x'])))
  })

  it.each([
    ['a logout', (token: string) => t.post('/wx/logout', undefined, token).expect(204)],
    [
      'a logout everywhere from another device',
      async () => {
        const other = await t.login('racer')
        await t.post('/wx/logout', { everywhere: true }, other.token).expect(204)
      },
    ],
    [
      'a revocation',
      () =>
        t.wx.sessions.revokeAll({
          appid: t.sandbox.appid,
          openid: t.sandbox.user('racer').openid(),
        }),
    ],
    [
      'a new login with this token',
      (token: string) =>
        t.post('/wx/login', { code: t.sandbox.user('racer').login() }, token).expect(200),
    ],
  ])('%s is not undone by a request that writes later', async (_what, end) => {
    const { token } = await t.login('racer')
    const slow = t.get('/set/a/1?hold=1', token).then((r) => r)
    await held.reached
    await end(token)
    held.open()
    expect((await slow).status).toBe(200)
    expect((await t.get('/me', token)).status).toBe(401)
  })

  it('an earlier field written by both has the later value', async () => {
    const { token } = await t.login()
    const slow = t.get('/set/a/late?hold=1', token).then((r) => r)
    await held.reached
    await t.get('/set/a/early', token).expect(200)
    held.open()
    await slow
    expect(await fields(token)).toMatchObject({ a: 'late' })
  })

  it('a session saved twice in one request keeps what was written last', async () => {
    const { token } = await t.login()
    await t.get('/twice', token).expect(200)
    expect(await fields(token)).toMatchObject({ n: 2 })
  })

  it('no code of the app can make a session somebody else’s', async () => {
    const { token } = await t.login()
    await t.get('/become/oSomebodyElse', token).expect(200)
    expect(await fields(token)).toMatchObject({ changed: true })
    expect((await t.get('/me', token)).body).toMatchObject({
      openid: t.sandbox.user('alice').openid(),
    })
  })

  it('a script cache that Redis lost is no error', async () => {
    const { token } = await t.login()
    await t.get('/set/a/1', token).expect(200)
    await redis.scriptFlush()
    await t.get('/set/a/2', token).expect(200)
    expect(await fields(token)).toMatchObject({ a: '2' })
  })
})

describe('mergeSessions', () => {
  const session = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'wx', 'cookie'),
    fc.oneof(fc.integer(), fc.record({ n: fc.integer() })),
  )
  const changed = (base: object, other: object, name: string): boolean =>
    JSON.stringify((base as never)[name]) !== JSON.stringify((other as never)[name])

  it('takes each field from whoever changed it, mine where both did, and the login from the store', () => {
    fc.assert(
      fc.property(session, session, session, (base, theirs, mine) => {
        const merged = mergeSessions(base, theirs, mine)
        for (const name of ['a', 'b', 'c', 'cookie']) {
          expect(merged[name]).toEqual(changed(base, mine, name) ? mine[name] : theirs[name])
        }
        expect(merged['wx']).toEqual(theirs['wx'])
      }),
    )
  })
})
