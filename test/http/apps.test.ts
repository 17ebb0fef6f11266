import type { WxAppResolver, WxLoginError } from '../../src/index.js'
import { errorReply, startTestApp, type TestApp, withTestApp } from '../support/test-app.js'

const one = { appid: 'wx1111111111111111', secret: 'secret-of-one' }
const two = { appid: 'wx2222222222222222', secret: 'secret-of-two' }
const referer = (appid: string): string => `https://servicewechat.com/${appid}/12/page-frame.html`

describe('several apps', () => {
  let t: TestApp
  beforeAll(async () => {
    t = await startTestApp({
      sandbox: { apps: [one, two] },
      wx: { appid: undefined, secret: undefined, apps: [one, two] } as object,
    })
  })
  afterAll(() => t.close())

  const codeOf = (app: { appid: string }): string => t.sandbox.user('alice').login(app)

  it('are told apart by the appid in the body', async () => {
    for (const { appid } of [one, two]) {
      const { body } = await t.post('/wx/login', { code: codeOf({ appid }), appid })
      const me = await t.get('/me', (body as { token: string }).token)
      expect(me.body).toMatchObject({ appid, openid: t.sandbox.user('alice').openid(appid) })
    }
  })

  it('are told apart by the Referer where the body names none', async () => {
    const reply = await t.http
      .post('/wx/login')
      .set('Referer', referer(two.appid))
      .send({ code: codeOf(two) })
    const me = await t.get('/me', (reply.body as { token: string }).token)
    expect(me.body).toMatchObject({ appid: two.appid })
  })

  it('prefer the body to the Referer', async () => {
    await t.http
      .post('/wx/login')
      .set('Referer', referer(one.appid))
      .send({ code: codeOf(two), appid: two.appid })
      .expect(200)
  })

  it.each([undefined, referer('wx3333333333333333'), `https://evil.example/${one.appid}/1/`])(
    'answer WX_APP_UNKNOWN where nothing names one (Referer %s), before the code is spent',
    async (from) => {
      const before = t.exchanges()
      const code = codeOf(one)
      const test = t.http.post('/wx/login')
      if (from !== undefined) void test.set('Referer', from)
      expect((await test.send({ code })).body).toEqual(errorReply('WX_APP_UNKNOWN', 'none'))
      expect(t.exchanges()).toBe(before)
      await t.post('/wx/login', { code, appid: one.appid }).expect(200)
    },
  )

  it('keep their users apart: one person is two users', async () => {
    const ids = [one, two].map(({ appid }) => t.sandbox.user('alice').openid(appid))
    expect(ids[0]).not.toBe(ids[1])
    const user = { appid: one.appid, openid: ids[1]! }
    await expect(t.wx.sessions.list(user)).resolves.toEqual([])
  })
})

describe('one app', () => {
  it('needs no naming, whatever the Referer says', async () => {
    await withTestApp({}, async (t) => {
      await t.http
        .post('/wx/login')
        .set('Referer', referer('wx3333333333333333'))
        .send({ code: t.sandbox.user('alice').login() })
        .expect(200)
    })
  })
})

describe('an app resolver', () => {
  const withResolver = (
    apps: WxAppResolver,
    body: (t: TestApp) => Promise<void>,
    more: object = {},
  ): Promise<void> =>
    withTestApp(
      {
        sandbox: { apps: [one, two] },
        wx: { appid: undefined, secret: undefined, apps, ...more } as object,
      },
      body,
    )

  it('is asked with the appid that the phone named', async () => {
    const asked: unknown[] = []
    await withResolver(
      (appid) => {
        asked.push(appid)
        return Promise.resolve([one, two].find((app) => app.appid === (appid ?? one.appid)) ?? null)
      },
      async (t) => {
        const alice = t.sandbox.user('alice')
        await t.post('/wx/login', { code: alice.login(two), appid: two.appid }).expect(200)
        await t.post('/wx/login', { code: alice.login(one) }).expect(200)
        const unknown = await t.post('/wx/login', { code: alice.login(one), appid: 'wx3' })
        expect(unknown.body).toEqual(errorReply('WX_APP_UNKNOWN', 'none'))
        expect(asked).toEqual([two.appid, undefined, 'wx3'])
      },
    )
  })

  it('is asked with the appid of the Referer where the body names none', async () => {
    const asked: unknown[] = []
    await withResolver(
      (appid) => {
        asked.push(appid)
        return appid === two.appid ? two : null
      },
      async (t) => {
        await t.http
          .post('/wx/login')
          .set('Referer', referer(two.appid))
          .send({ code: t.sandbox.user('alice').login(two) })
          .expect(200)
        expect(asked).toEqual([two.appid])
      },
    )
  })

  it('that answers another app than asked for is not believed', async () => {
    await withResolver(
      () => one,
      async (t) => {
        const code = t.sandbox.user('alice').login(two)
        const reply = await t.post('/wx/login', { code, appid: two.appid })
        expect(reply.body).toEqual(errorReply('WX_APP_UNKNOWN', 'none'))
      },
    )
  })

  it('that fails or hangs is answered before the code is spent, and the operator reads which hook it was', async () => {
    let hang = false
    const errors: WxLoginError[] = []
    await withResolver(
      () => {
        if (hang) return new Promise(() => undefined)
        throw new Error('canary-database')
      },
      async (t) => {
        const code = t.sandbox.user('alice').login(one)
        const failed = await t.post('/wx/login', { code })
        expect(failed.status).toBe(500)
        const message = expect.stringContaining('mini program') as string
        expect(failed.body).toEqual(errorReply('WX_USER_HOOK_FAILED', 'retry', { message }))
        expect(failed.text).not.toContain('canary')
        hang = true
        expect((await t.post('/wx/login', { code })).status).toBe(503)
        expect(t.exchanges()).toBe(0)
        expect(errors).toMatchObject([
          { reason: 'apps failed', cause: new Error('canary-database') },
          { reason: expect.stringMatching(/^apps gave/) as string },
        ])
      },
      { hookTimeout: 50, onError: (error: WxLoginError) => void errors.push(error) },
    )
  })
})

describe('wechat.code2Session', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('canary-secret')
      },
    ],
    ['rejects', () => Promise.reject(new Error('canary-secret'))],
    ['answers no openid', () => Promise.resolve({ sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==' })],
    ['answers a short key', () => Promise.resolve({ openid: 'o1', sessionKey: 'AAAA' })],
    ['answers nothing', () => Promise.resolve(undefined)],
  ])('that %s is 502 WX_UPSTREAM', async (_how, code2Session) => {
    await withTestApp({ wx: { wechat: { code2Session: code2Session as never } } }, async (t) => {
      const reply = await t.post('/wx/login', { code: 'abc' })
      expect(reply.status).toBe(502)
      expect(reply.body).toEqual(errorReply('WX_UPSTREAM', 'login'))
      expect(reply.text).not.toContain('canary')
    })
  })

  it('is given the app, the code and a signal', async () => {
    const session = { openid: 'o1', sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==' }
    const code2Session = jest.fn(async (_asked: object) => session)
    await withTestApp({ wx: { wechat: { code2Session } } }, async (t) => {
      await t.post('/wx/login', { code: 'abc' }).expect(200)
      const { appid, secret } = t.sandbox
      const signal = expect.any(AbortSignal) as AbortSignal
      expect(code2Session.mock.calls).toEqual([[{ appid, secret, code: 'abc', signal }]])
    })
  })

  it('that never answers is 504 past the deadline', async () => {
    const code2Session = (): Promise<never> => new Promise(() => undefined)
    await withTestApp({ wx: { wechat: { code2Session, timeout: 50 } } }, async (t) => {
      expect((await t.post('/wx/login', { code: 'abc' })).status).toBe(504)
    })
  })
})
