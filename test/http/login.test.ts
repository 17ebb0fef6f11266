import { createHash, randomUUID } from 'node:crypto'
import type { WxLoginError } from '../../src/index.js'
import { createRedis } from '../../src/redis/index.js'
import { redisUrl } from '../support/redis.js'
import { startTestApp, errorReply, type TestApp, withTestApp } from '../support/test-app.js'

describe('POST /wx/login', () => {
  let t: TestApp
  beforeAll(async () => {
    t = await startTestApp()
  })
  const redis = createRedis(redisUrl())
  beforeAll(() => redis.connect())
  afterAll(async () => {
    await t.close()
    await redis.close()
  })

  it('answers token, expiresIn, keyId and user, and neither openid nor session_key', async () => {
    const alice = t.sandbox.user('alice')
    const code = alice.login()
    const reply = await t.post('/wx/login', { code })
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      token: expect.stringMatching(/^[\w-]{32}\.[\w-]{43}$/) as string,
      expiresIn: 604800,
      keyId: createHash('sha256').update(alice.sessionKey()).digest('hex').slice(0, 8),
      user: null,
    })
    expect(reply.text).not.toContain(alice.openid())
    expect(reply.text).not.toContain(alice.sessionKey())
  })

  it('is never cached and sets no cookie', async () => {
    const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers).not.toHaveProperty('set-cookie')
  })

  it('makes the user known on later requests', async () => {
    const { token } = await t.login('bob')
    const reply = await t.get('/me', token)
    expect(reply.body).toEqual({
      appid: t.sandbox.appid,
      openid: t.sandbox.user('bob').openid(),
      unionid: null,
      user: null,
    })
  })

  it('passes the unionid on where WeChat gives one', async () => {
    t.sandbox.user('uma', { unionid: true })
    const { token } = await t.login('uma')
    const { unionid } = t.sandbox.user('uma')
    expect(unionid).toBeTruthy()
    expect((await t.get('/me', token)).body).toMatchObject({ unionid })
  })

  it('gives every login its own session, also of one user', async () => {
    const [first, second] = [await t.login('carol'), await t.login('carol')]
    expect(first.token).not.toBe(second.token)
    expect((await t.get('/me', first.token)).status).toBe(200)
    expect((await t.get('/me', second.token)).status).toBe(200)
  })

  it('ends the session whose token came with the login, and only that', async () => {
    const [old, other] = [await t.login('dave'), await t.login('dave')]
    const code = t.sandbox.user('dave').login()
    const fresh = await t.post('/wx/login', { code }, old.token)
    expect((await t.get('/me', old.token)).status).toBe(401)
    expect((await t.get('/me', other.token)).status).toBe(200)
    expect((await t.get('/me', fresh.body.token as string)).status).toBe(200)
  })

  it('leaves nothing of the session that came with it in Redis', async () => {
    const redisPrefix = `test-${randomUUID()}:`
    await withTestApp({ sandbox: t.sandbox, wx: { redis, redisPrefix } }, async (other) => {
      const listed = async (): Promise<string[]> => {
        const [list] = await redis.keys(`${redisPrefix}user:*:sessions`)
        return redis.zRange(list!, 0, -1)
      }
      const old = await other.login()
      const code = t.sandbox.user('alice').login()
      const { body } = await other.post('/wx/login', { code }, old.token).expect(200)
      const { token } = body as { token: string }
      expect(await listed()).toEqual([token.slice(0, 32)])
      expect(await redis.keys(`${redisPrefix}sess:*`)).toHaveLength(1)
    })
  })

  it('ends the presented session also where it is somebody else’s', async () => {
    const erin = await t.login('erin')
    await t.post('/wx/login', { code: t.sandbox.user('frank').login() }, erin.token)
    expect((await t.get('/me', erin.token)).status).toBe(401)
  })

  it('keeps the old session where the new login fails', async () => {
    const { token } = await t.login('grace')
    const refused = await t.post('/wx/login', { code: 'nonsense' }, token)
    expect(refused.status).toBe(401)
    expect((await t.get('/me', token)).status).toBe(200)
  })

  it('takes a code once: 401 WX_CODE_USED, and WeChat is not asked again', async () => {
    const code = t.sandbox.user('alice').login()
    await t.post('/wx/login', { code }).expect(200)
    const before = t.exchanges()
    const again = await t.post('/wx/login', { code })
    expect(again.status).toBe(401)
    expect(again.body).toEqual(errorReply('WX_CODE_USED', 'login'))
    expect(t.exchanges()).toBe(before)
  })

  it('answers WX_CODE_USED also where another server used the code', async () => {
    const code = t.sandbox.user('alice').login()
    await withTestApp({ sandbox: t.sandbox }, async (other) => {
      await other.post('/wx/login', { code }).expect(200)
    })
    const again = await t.post('/wx/login', { code })
    expect(again.body).toEqual(
      errorReply('WX_CODE_USED', 'login', { errcode: 40163, rid: expect.any(String) as string }),
    )
  })

  it('exchanges a code that is posted fifty times at once a single time, and gives each its session', async () => {
    const code = t.sandbox.user('heidi').login()
    const before = t.exchanges()
    // On a busy machine it takes the fifty a while to be here.
    t.sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 1500, times: 1 })
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => t.post('/wx/login', { code })),
    )
    expect(replies.map((r) => r.status)).toEqual(Array.from({ length: 50 }, () => 200))
    expect(new Set(replies.map((r) => (r.body as { token: string }).token)).size).toBe(50)
    expect(t.exchanges()).toBe(before + 1)
  })

  it.each([
    [40029, 401, 'WX_CODE_INVALID', 'login'],
    [40163, 401, 'WX_CODE_USED', 'login'],
    [40226, 403, 'WX_USER_BLOCKED', 'none'],
    [45011, 429, 'WX_RATE_LIMITED', 'retry'],
    [40013, 500, 'WX_APP_CONFIG', 'none'],
    [40125, 500, 'WX_APP_CONFIG', 'none'],
    [40243, 500, 'WX_APP_CONFIG', 'none'],
    [41002, 500, 'WX_APP_CONFIG', 'none'],
    [41004, 500, 'WX_APP_CONFIG', 'none'],
    [-1, 503, 'WX_BUSY', 'retry'],
    [99999, 502, 'WX_UPSTREAM', 'login'],
  ])('answers errcode %i of WeChat with %i %s', async (errcode, status, code, action) => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode })
    const reply = await t.post('/wx/login', { code: t.sandbox.user('ivan').login() })
    t.sandbox.faults.clear()
    expect(reply.status).toBe(status)
    expect(reply.body).toMatchObject({ error: { code, action, errcode } })
    expect(reply.headers['cache-control']).toBe('no-store')
    expect('retry-after' in reply.headers).toBe(action === 'retry')
  })

  it('tries once more after -1, and only then', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 1 })
    const before = t.exchanges()
    await t.login('judy')
    expect(t.exchanges()).toBe(before + 2)
  })

  it('does not tell the phone what the operator did wrong', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: 40125, times: 1 })
    const reply = await t.post('/wx/login', { code: t.sandbox.user('ivan').login() })
    expect(reply.body).toMatchObject({
      error: { message: 'The server is not set up correctly.' },
    })
    expect(reply.text).not.toMatch(/secret/i)
  })

  it('answers 502 WX_UPSTREAM where WeChat cuts the line', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', drop: 'after', times: 1 })
    const reply = await t.post('/wx/login', { code: t.sandbox.user('ken').login() })
    expect(reply.status).toBe(502)
    expect(reply.body).toEqual(errorReply('WX_UPSTREAM', 'login'))
  })

  it('answers 504 WX_UPSTREAM where WeChat is silent past the deadline', async () => {
    await withTestApp(
      { sandbox: t.sandbox, wx: { wechat: { fetch: t.sandbox.fetch, timeout: 60 } } },
      async (impatient) => {
        t.sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 60_000, times: 1 })
        const reply = await impatient.post('/wx/login', { code: t.sandbox.user('ken').login() })
        expect(reply.status).toBe(504)
        expect(reply.body).toEqual(errorReply('WX_UPSTREAM', 'login'))
      },
    )
  })

  it('echoes the request id of the request in errors', async () => {
    const reply = await t.http
      .post('/wx/login')
      .set('X-Request-Id', 'req-42')
      .send({ code: 'nonsense' })
    expect(reply.body).toMatchObject({ error: { requestId: 'req-42' } })
  })

  it('makes a request id of its own where the one that came is not fit to print', async () => {
    const reply = await t.http
      .post('/wx/login')
      .set('X-Request-Id', '<script>"')
      .send({ code: 'nonsense' })
    expect(reply.body).toMatchObject({
      error: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
    })
  })
})

describe('POST /wx/login with open data', () => {
  let t: TestApp
  const events: unknown[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: { onUser: (event) => void events.push(event) },
      sandbox: { rotation: 'always' },
    })
  })
  afterAll(() => t.close())
  beforeEach(() => events.splice(0))

  it('verifies the profile with the new key before onUser sees it', async () => {
    const alice = t.sandbox.user('alice')
    const code = alice.login()
    const { rawData, signature, encryptedData, iv } = alice.userInfo()
    await t.post('/wx/login', { code, rawData, signature, encryptedData, iv }).expect(200)
    expect(events).toEqual([
      {
        appid: t.sandbox.appid,
        openid: alice.openid(),
        reason: 'login',
        profile: expect.objectContaining({
          source: 'encrypted',
          nickName: expect.any(String) as string,
        }) as object,
      },
    ])
  })

  it('refuses data of an older key with 409 and makes no session', async () => {
    const alice = t.sandbox.user('alice')
    alice.login()
    const old = alice.userInfo()
    const reply = await t.post('/wx/login', { code: alice.login(), ...old })
    expect(reply.status).toBe(409)
    expect(reply.body).toEqual(errorReply('WX_STALE_KEY', 'login'))
    expect(events).toEqual([])
  })

  it('refuses data of which a part is missing, before the code is spent', async () => {
    const alice = t.sandbox.user('alice')
    const code = alice.login()
    const { signature: _, ...unsigned } = alice.userInfo()
    const before = t.exchanges()
    const reply = await t.post('/wx/login', { code, ...unsigned })
    expect([reply.status, reply.body]).toEqual([400, errorReply('WX_BAD_REQUEST', 'none')])
    expect(t.exchanges()).toBe(before)
    await t.post('/wx/login', { code }).expect(200)
  })

  it('lets the code be posted again without the data, without a second exchange', async () => {
    const alice = t.sandbox.user('alice')
    const code = alice.login()
    await t.post('/wx/login', { code, rawData: '{}', signature: '0'.repeat(40) }).expect(409)
    const before = t.exchanges()
    await t.post('/wx/login', { code }).expect(200)
    expect(t.exchanges()).toBe(before)
  })
})

describe('POST /wx/login with a code that WeChat refuses (40029)', () => {
  let t: TestApp
  const errors: WxLoginError[] = []
  beforeAll(async () => {
    t = await startTestApp({ wx: { onError: (error) => void errors.push(error) } })
  })
  afterAll(() => t.close())
  beforeEach(() => errors.splice(0))

  const refused = (message: unknown): object =>
    errorReply('WX_CODE_INVALID', 'login', {
      errcode: 40029,
      rid: expect.any(String) as string,
      message,
    })

  it('says so where it is a code of the phone number button', async () => {
    const { code } = t.sandbox.user('alice').phoneNumber()
    const reply = await t.post('/wx/login', { code })
    expect(reply.status).toBe(401)
    expect(reply.body).toEqual(
      refused(
        expect.stringMatching(/code of the phone number button: send the code that wx.login/),
      ),
    )
    expect(JSON.stringify([reply.body, errors])).not.toContain(code)
  })

  it('does not hold the form of a code against one that WeChat accepts', async () => {
    const sessionKey = Buffer.alloc(16, 7).toString('base64')
    await withTestApp(
      { wx: { wechat: { code2Session: async () => ({ openid: 'alice', sessionKey }) } } },
      async (other) => {
        await other.post('/wx/login', { code: '0123456789abcdef'.repeat(4) }).expect(200)
      },
    )
  })

  it('says so where it is the mock code of the developer tools', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: 40029, times: 1 })
    const reply = await t.post('/wx/login', { code: 'the code is a mock one' })
    expect(reply.status).toBe(401)
    expect(reply.body).toEqual(refused(expect.stringMatching(/developer tools.*no AppID/)))
  })

  it('tells the operator, and not the phone, that it came from another mini program', async () => {
    const reply = await t.http
      .post('/wx/login')
      .set('Referer', 'https://servicewechat.com/wx3333333333333333/devtools/page-frame.html')
      .send({ code: 'of-another-app' })
    expect(reply.body).toEqual(refused('WeChat does not accept this code. Call wx.login again.'))
    expect(reply.text).not.toContain('wx3333333333333333')
    expect(errors).toMatchObject([
      {
        code: 'WX_CODE_INVALID',
        errcode: 40029,
        reason: expect.stringMatching(
          `errcode 40029.*appid mismatch: .*wx3333333333333333.*${t.sandbox.appid}`,
        ) as string,
      },
    ])
  })

  it.each([
    ['of this mini program', (own: TestApp) => own.sandbox.user('alice').referer()],
    ['of no mini program', () => 'https://evil.example/wx3333333333333333/1/page-frame.html'],
  ])('claims no mismatch with the Referer %s', async (_what, referer) => {
    const reply = await t.http
      .post('/wx/login')
      .set('Referer', referer(t))
      .send({ code: 'expired' })
    expect(reply.status).toBe(401)
    expect(errors).toHaveLength(1)
    expect(errors[0]!.reason).not.toContain('mismatch')
  })

  it('says nothing of the code where WeChat refused the login for another reason', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: 45011, times: 1 })
    const reply = await t.http
      .post('/wx/login')
      .set('Referer', 'https://servicewechat.com/wx3333333333333333/0/page-frame.html')
      .send({ code: 'the code is a mock one' })
    expect(reply.body).toMatchObject({
      error: { code: 'WX_RATE_LIMITED', message: expect.not.stringMatching(/developer tools/) },
    })
    expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(errors[0]!.reason).not.toContain('mismatch')
  })

  it('tells each of the posts that share an exchange its own Referer', async () => {
    t.sandbox.faults.add({ endpoint: 'jscode2session', errcode: 40029, delayMs: 200, times: 1 })
    const before = t.exchanges()
    const from = ['wx3333333333333333', 'wx4444444444444444']
    await Promise.all(
      from.map((appid) =>
        t.http
          .post('/wx/login')
          .set('Referer', `https://servicewechat.com/${appid}/0/page-frame.html`)
          .send({ code: 'shared' })
          .expect(401),
      ),
    )
    expect(t.exchanges()).toBe(before + 1)
    for (const appid of from) {
      expect(errors.filter(({ reason }) => reason?.includes(appid))).toHaveLength(1)
    }
  })
})
