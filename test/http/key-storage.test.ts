import { randomUUID } from 'node:crypto'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { getWx, requireWxSession, WxLoginError } from '../../src/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type RedisServer, redisUrl, startRedisServer } from '../support/redis.js'
import { errorReply, type TestApp, withTestApp } from '../support/test-app.js'
import { until } from '../support/until.js'
import { allRead, type KeyApp, startKeyApp } from './key-apps.js'

const secretOf = (n: number): string => `session secret number ${String(n)}, long enough for it`

describe('session keys in Redis', () => {
  let redis: WxRedis
  let sandbox: Sandbox
  let redisPrefix: string
  beforeAll(async () => {
    redis = createRedis(redisUrl())
    await redis.connect()
  })
  afterAll(() => redis.close())
  beforeEach(() => {
    redisPrefix = `test-stored-keys-${randomUUID()}:`
    sandbox = createSandbox({ rateLimit: 0, rotation: 'always' })
  })
  afterEach(() => sandbox.close())

  /** One deploy of a service: it starts, serves and ends. */
  async function deploy<T>(secrets: number[], serve: (app: KeyApp) => Promise<T>): Promise<T> {
    const session = { secret: secrets.map(secretOf) }
    const app = await startKeyApp(sandbox, { redis, redisPrefix, session })
    try {
      return await serve(app)
    } finally {
      await app.close()
    }
  }
  const keysOf = (name: string): string =>
    `${redisPrefix}user:{${sandbox.appid}:${sandbox.user(name).openid()}}:keys`

  describe('over redeploys that rotate session.secret', () => {
    const alice = (): ReturnType<Sandbox['user']> => sandbox.user('alice')

    test('stay readable as long as the secret that sealed them is in the list', async () => {
      const first = await deploy([1], async (app) => ({
        ...(await app.enter('alice')),
        data: alice().userInfo(),
      }))
      const second = await deploy([2, 1], async (app) => {
        await expect(app.uses(first.token, first.data)).resolves.toEqual(allRead)
        const login = { ...(await app.enter('alice')), data: alice().userInfo() }
        await expect(app.uses(login.token, first.data)).resolves.toEqual(allRead)
        return login
      })
      await deploy([3, 2, 1], async (app) => {
        const third = { ...(await app.enter('alice')), data: alice().userInfo() }
        for (const { token } of [first, second, third]) {
          for (const { data } of [first, second, third]) {
            await expect(app.uses(token, data)).resolves.toEqual(allRead)
          }
        }
      })
    })

    test('are left out once that secret is gone: 409 as for any other key, and the others are tried', async () => {
      const first = await deploy([1], async (app) => {
        await app.enter('alice')
        return alice().userInfo()
      })
      await deploy([2], async (app) => {
        const { token } = await app.enter('alice')
        const reply = await app.post('/decrypt', first, token)
        expect([reply.status, reply.body]).toEqual([409, errorReply('WX_STALE_KEY', 'login')])
        const code = alice().login()
        expect((await app.post('/wx/login', { code, ...first })).status).toBe(409)
        await expect(app.uses(token, alice().userInfo())).resolves.toEqual(allRead)
      })
    })

    test('of which none can be opened: 409 for data, and the session lives on', async () => {
      // The token is signed with a secret that stays; only what seals the keys has gone.
      const start = (keySecret: string): Promise<KeyApp> =>
        startKeyApp(sandbox, {
          redis,
          redisPrefix,
          session: { secret: secretOf(1) },
          keySecret,
        })
      const before = await start(secretOf(7))
      const { token } = await before.enter('alice')
      await before.close()
      const after = await start(secretOf(8))
      try {
        await expect(after.uses(token, alice().userInfo())).resolves.toEqual({
          decrypt: '409 WX_STALE_KEY',
          verifySignature: 'does not fit',
          '/wx/profile': '409 WX_STALE_KEY',
        })
        await after.get('/me', token).expect(200)
      } finally {
        await after.close()
      }
    })
  })

  test('are not there for whom a login came to nothing, whatever went wrong', async () => {
    const alice = sandbox.user('alice')
    await deploy([1], async (app) => {
      app.refusal = WxLoginError.reject()
      await app.post('/wx/login', { code: alice.login() }).expect(403)
      app.refusal = new Error('broken')
      await app.post('/wx/login', { code: alice.login() }).expect(500)
      const foreign = alice.userInfo({ variant: 'wrong-key' })
      await app.post('/wx/login', { code: alice.login(), ...foreign }).expect(409)
      // Not before whatever such a login has still to send.
      await redis.ping()
      await expect(redis.keys(`${redisPrefix}*`)).resolves.toEqual([])
    })
  })

  test('are nowhere in the clear, in no spelling', async () => {
    const secrets = new Set<string>()
    await deploy([1], async (app) => {
      for (const name of ['alice', 'alice', 'bob', 'alice']) {
        const { token, sessionKey } = await app.enter(name)
        secrets.add(sessionKey)
        await app.uses(token, sandbox.user(name).userInfo())
        await app.uses(token, sandbox.user(name).userInfo({ variant: 'wrong-key' }))
      }
      expect(secrets.size).toBe(4)
      const stored = await everything(redis, redisPrefix)
      expect(stored).toContain(' v1.')
      for (const secret of secrets) {
        const bytes = Buffer.from(secret, 'base64')
        for (const spelling of [
          secret,
          secret.replaceAll('=', ''),
          bytes.toString('base64url'),
          bytes.toString('hex'),
          bytes.toString('latin1'),
          JSON.stringify(secret).slice(1, -1),
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64'),
        ]) {
          expect(stored.includes(spelling)).toBe(false)
        }
      }
    })
  })

  test('do not open for another user whose history they were moved to', async () => {
    await deploy([1], async (app) => {
      await app.enter('mallory')
      const { token } = await app.enter('alice')
      const theirs = sandbox.user('mallory').encrypt({ nickName: 'x' })
      await redis.del(keysOf('alice'))
      await redis.copy(keysOf('mallory'), keysOf('alice'))
      expect((await app.post('/decrypt', theirs, token)).status).toBe(409)
      const code = sandbox.user('alice').login()
      expect((await app.post('/wx/login', { code, ...theirs })).status).toBe(409)
      // The session still has its own.
      const own = sandbox.user('alice').userInfo()
      await app.post('/wx/login', { code, ...own }).expect(200)
    })
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['is of another type', (key) => redis.set(key, 'x')],
    [
      'holds nonsense',
      (key) => redis.hSet(key, { notBefore: 'soon', '': '', a: '5 v1.AAAA', b: 'x' }),
    ],
    ['is gone', async () => undefined],
  ])('that cannot be read, because the record %s: the session has its own', async (_, spoil) => {
    await deploy([1], async (app) => {
      const { token } = await app.enter('alice')
      const data = sandbox.user('alice').userInfo()
      await redis.del(keysOf('alice'))
      await spoil(keysOf('alice'))
      await expect(app.uses(token, data)).resolves.toEqual(allRead)
      const again = await app.enter('alice')
      await expect(app.uses(again.token, sandbox.user('alice').userInfo())).resolves.toEqual(
        allRead,
      )
    })
  })
})

/** All texts and bytes under a prefix. */
async function everything(redis: WxRedis, prefix: string): Promise<string> {
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hGetAll(key),
    zset: (key) => redis.zRange(key, 0, -1),
  }
  const found: string[] = []
  for (const key of (await redis.keys(`${prefix}*`)).toSorted()) {
    const value = await read[await redis.type(key)]!(key)
    found.push(key, typeof value === 'string' ? value : Object.entries(value!).flat().join('\n'))
  }
  expect(found.filter((each) => each.endsWith(':keys')).length).toBeGreaterThan(0)
  return found.join('\n')
}

describe('a Redis that hangs while the history is read', () => {
  let server: RedisServer
  let redis: WxRedis
  beforeEach(async () => {
    server = await startRedisServer()
    redis = createRedis(server.url, { socket: { socketTimeout: 60_000 } })
    await redis.connect()
  })
  afterEach(async () => {
    await redis.close()
    await server.stop()
  })
  /** Thaws it, and waits until the session of this token is served again. */
  const recover = async (app: TestApp, token: string): Promise<void> => {
    server.thaw()
    await until(async () => (await app.get('/me', token)).status === 200)
  }

  test('at a login: 503, and the code is good for another try without a second exchange', async () => {
    const sandbox = createSandbox({ rateLimit: 0 })
    const app = await startKeyApp(sandbox, { redis, storeTimeout: 1000 })
    try {
      const { token } = await app.enter('alice')
      const alice = sandbox.user('alice')
      const data = alice.userInfo()
      const code = alice.login()
      const { asked, release } = app.holdWeChat()
      const waiting = app.post('/wx/login', { code, ...data }).then((reply) => reply)
      await asked
      server.freeze()
      release()
      const reply = await waiting
      expect([reply.status, reply.body]).toEqual([503, errorReply('WX_STORE_UNAVAILABLE', 'retry')])
      await recover(app, token)
      const before = app.exchanges()
      app.events.splice(0)
      await app.post('/wx/login', { code, ...data }).expect(200)
      expect(app.exchanges()).toBe(before)
      expect(app.events).toMatchObject([{ profile: { nickName: 'alice' } }])
    } finally {
      await app.close()
      await sandbox.close()
    }
  })

  test('at decrypt and verifySignature: 503, and nothing is counted as refused', async () => {
    await withTestApp(
      {
        wx: { redis, storeTimeout: 1000 },
        routes(app) {
          app.post('/frozen/:what', requireWxSession, async (req, res) => {
            const wx = getWx(req)
            server.freeze()
            const work =
              req.params['what'] === 'decrypt'
                ? wx.decrypt(req.query as { encryptedData: string; iv: string })
                : wx.verifySignature({ rawData: 'x', signature: '0'.repeat(40) })
            await work.catch((error: unknown) => {
              const { code, status } = error as WxLoginError
              res.status(status).json({ code })
            })
          })
        },
      },
      async (t) => {
        const { token } = await t.login()
        const { encryptedData, iv } = t.sandbox.user('alice').userInfo()
        for (const what of ['decrypt', 'verify']) {
          const query = new URLSearchParams({ encryptedData, iv }).toString()
          const reply = await t.post(`/frozen/${what}?${query}`, undefined, token)
          expect([reply.status, reply.body]).toEqual([503, { code: 'WX_STORE_UNAVAILABLE' }])
          await recover(t, token)
        }
        await t.get('/me', token).expect(200)
        expect((await redis.keys('*')).filter((key) => key.includes('refused'))).toEqual([])
        await t.post('/wx/profile', { encryptedData, iv }, token).expect(200)
      },
    )
  })
})
