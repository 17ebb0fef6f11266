import { inspect } from 'node:util'
import type { WxAccessTokenSource } from '../../src/index.js'
import { WxLoginError } from '../../src/index.js'
import type { SandboxEndpoint } from '../../src/sandbox/index.js'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.js'

let t: TestApp
const start = async (options?: TestAppOptions): Promise<void> => {
  t = await startTestApp(options)
}
afterEach(() => t.close())

const times = (endpoint: SandboxEndpoint): number =>
  t.sandbox.requests.filter(({ path }) => path === endpoint).length
const tokens = (): number => times('/cgi-bin/stable_token')
const checks = (): number => times('/wxa/business/checkencryptedmsg')
const check = () => t.wx.api.checkEncryptedData({ encryptedData: 'A'.repeat(64) })
const phone = () => {
  const alice = t.sandbox.user('alice')
  return t.wx.api.getPhoneNumber(alice.phoneNumber().code, alice.openid())
}

/** Somebody else has WeChat replace the token. */
async function replaceToken(): Promise<void> {
  const { appid, secret } = t.sandbox
  await t.sandbox.fetch('https://api.weixin.qq.com/cgi-bin/stable_token', {
    method: 'POST',
    body: JSON.stringify({ grant_type: 'client_credential', appid, secret, force_refresh: true }),
  })
}

describe('the login', () => {
  it('needs no access token', async () => {
    await start()
    t.sandbox.faults.add({ endpoint: 'stable_token', errcode: 40164 })
    const { token } = await t.login()
    const data = t.sandbox.user('alice').userInfo()
    expect((await t.post('/wx/profile', data, token)).status).toBe(200)
    expect((await t.get('/wx/session', token)).status).toBe(200)
    expect((await t.post('/wx/logout', {}, token)).status).toBe(204)
    expect(tokens()).toBe(0)
  })

  it('works while calls of the API find WeChat away, and the other way round', async () => {
    await start()
    t.sandbox.faults.add({ endpoint: 'stable_token', status: 500 })
    for (let i = 0; i < 12; i++) {
      await expect(check()).rejects.toMatchObject({ code: 'WX_UPSTREAM' })
    }
    // The API asks no more.
    expect(tokens()).toBe(10)
    await t.login()
    t.sandbox.faults.clear()

    await t.close()
    await start()
    t.sandbox.faults.add({ endpoint: 'jscode2session', status: 500 })
    for (let i = 0; i < 12; i++) {
      await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
    }
    expect(t.exchanges()).toBe(10)
    await check()
  })
})

describe('an access token that WeChat does not accept', () => {
  it.each([40001, 40014, 42001])(
    'is replaced, and the call made once more (%i)',
    async (errcode) => {
      await start()
      t.sandbox.faults.add({ endpoint: 'getuserphonenumber', errcode, times: 1 })
      expect((await phone()).countryCode).toBe('86')
      expect(times('/wxa/business/getuserphonenumber')).toBe(2)
      expect(tokens()).toBe(2)
      expect(t.sandbox.paidPhoneNumbers).toBe(1)
    },
  )

  it('is not replaced twice for one call', async () => {
    await start()
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', errcode: 40001 })
    await expect(check()).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      errcode: 40001,
      reason: expect.stringContaining('WeChat does not accept the access token'),
    })
    expect(checks()).toBe(2)
    expect(tokens()).toBe(2)
  })

  it('is replaced once for a hundred calls, all of which succeed', async () => {
    await start()
    await check()
    await replaceToken()
    const all = await Promise.all(Array.from({ length: 100 }, check))
    expect(all).toHaveLength(100)
    expect(tokens()).toBe(3)
  })

  it.each([40029, 40163, 45011, 48001, 99999])(
    'is no reason to make any other call again (%i)',
    async (errcode) => {
      await start()
      t.sandbox.faults.add({ endpoint: 'getuserphonenumber', errcode })
      await expect(phone()).rejects.toMatchObject({ errcode })
      expect(times('/wxa/business/getuserphonenumber')).toBe(1)
    },
  )

  it.each([{ drop: 'after' as const }, { status: 502 }, { body: 'nonsense' }])(
    'is no reason to ask again for a code that may be spent (%j)',
    async (fault) => {
      await start()
      t.sandbox.faults.add({ endpoint: 'getuserphonenumber', ...fault })
      await expect(phone()).rejects.toMatchObject({ code: 'WX_UPSTREAM', status: 502 })
      expect(times('/wxa/business/getuserphonenumber')).toBe(1)
    },
  )
})

describe('the deadline of a call', () => {
  it('holds for the access token and all the rest together', async () => {
    await start({
      wx: { wechat: { timeout: 150, fetch: (url, init) => t.sandbox.fetch(url, init) } },
    })
    const late = { code: 'WX_UPSTREAM', status: 504 }
    t.sandbox.faults.add({ endpoint: 'stable_token', delayMs: 10_000 })
    await expect(check()).rejects.toMatchObject(late)
    t.sandbox.faults.clear()
    t.sandbox.faults.add({ endpoint: 'stable_token', delayMs: 100 })
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', delayMs: 100 })
    await expect(check()).rejects.toMatchObject(late)
  })
})

describe('an error', () => {
  it('says no access token, secret, session key, code or phone number', async () => {
    await start()
    await t.login()
    const alice = t.sandbox.user('alice')
    const user = { appid: t.sandbox.appid, openid: alice.openid() }
    const { code } = alice.phoneNumber()
    const { phoneNumber } = await phone()
    const token = await t.wx.api.accessToken()
    const canaries = [token, t.sandbox.secret, alice.sessionKey(), code, phoneNumber]
    const body = { errmsg: canaries.join(), phone_info: { phoneNumber }, session_key: token }
    const errors: string[] = []
    for (const fault of [
      { errcode: 40001 },
      { errcode: 87008 },
      { status: 500 },
      { drop: 'before' as const },
      { body: canaries.join() },
      { body: { ...body, errcode: 0 } },
      { body: { ...body, errcode: 40003 } },
    ]) {
      for (const endpoint of ['getuserphonenumber', 'resetusersessionkey', 'checkencryptedmsg']) {
        t.sandbox.faults.add({ endpoint, ...fault })
      }
      for (const call of [
        t.wx.api.getPhoneNumber(code, user.openid),
        t.wx.api.resetUserSessionKey(user),
        check(),
        t.wx.api.request('/wxa/business/getuserphonenumber', { body: { code, phoneNumber } }),
      ]) {
        const outcome = await Promise.allSettled([call])
        const failure = outcome[0].status === 'rejected' ? (outcome[0].reason as Error) : undefined
        if (failure) errors.push(inspect(failure, { depth: Infinity, showHidden: true }))
      }
      t.sandbox.faults.clear()
    }
    expect(errors.length).toBeGreaterThan(20)
    for (const error of errors) {
      for (const canary of canaries) expect(error).not.toContain(canary)
    }
  })
})

describe('wechat.accessToken', () => {
  let source: jest.Mock<string | Promise<string>, Parameters<WxAccessTokenSource>>
  const withSource = (answer: WxAccessTokenSource, timeout = 5000) => {
    source = jest.fn(answer)
    return start({
      sandbox: {},
      wx: {
        wechat: {
          accessToken: source,
          timeout,
          fetch: (url, init) => t.sandbox.fetch(url, init),
        },
      },
    })
  }
  const asked = () => source.mock.calls.map(([{ appid, invalid }]) => ({ appid, invalid }))

  /** Of a central token service. */
  let central = ''
  const fetchCentral = async (): Promise<void> => {
    const { appid, secret } = t.sandbox
    const query = new URLSearchParams({ grant_type: 'client_credential', appid, secret })
    const reply = await t.sandbox.fetch(
      `https://api.weixin.qq.com/cgi-bin/token?${query.toString()}`,
    )
    central = ((await reply.json()) as { access_token: string }).access_token
  }

  it('is asked at every call, and stable_token never', async () => {
    await withSource(async () => central)
    await fetchCentral()
    await check()
    await phone()
    expect(await t.wx.api.accessToken()).toBe(central)
    const { appid } = t.sandbox
    expect(asked()).toEqual(Array.from({ length: 3 }, () => ({ appid, invalid: undefined })))
    expect(source.mock.calls[0]![0].signal).toBeInstanceOf(AbortSignal)
    expect(tokens()).toBe(0)
  })

  it('is told which token WeChat has not accepted, once', async () => {
    await withSource(async ({ invalid }) => {
      if (invalid !== undefined) await fetchCentral()
      return central
    })
    await fetchCentral()
    const old = central
    t.sandbox.clock.advance(2 * 3600_000)
    await check()
    const { appid } = t.sandbox
    expect(asked()).toEqual([
      { appid, invalid: undefined },
      { appid, invalid: old },
    ])
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a blank', ' '],
    ['an object', { access_token: 'canary' }],
    ['a number', 7],
  ])('that gives %s is an error that says so', async (_, answer) => {
    await withSource(() => answer as string)
    await expect(check()).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 502,
      reason: 'wechat.accessToken gave no access token',
    })
    expect(t.sandbox.requests).toEqual([])
  })

  it('that fails is an error that quotes nothing of it', async () => {
    await withSource(() => {
      throw new TypeError('canary https://tokens.internal/?key=canary')
    })
    const failure = await check().catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'WX_UPSTREAM',
      status: 502,
      reason: 'wechat.accessToken failed: TypeError',
    })
    expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain('canary')
    expect(t.sandbox.requests).toEqual([])
  })

  it('that fails with something else than an error is no error of ours', async () => {
    await withSource(() => Promise.reject('canary'))
    await expect(check()).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      reason: 'wechat.accessToken failed',
    })
  })

  it('may say itself what is wrong', async () => {
    const own = new WxLoginError('WX_APP_CONFIG', { reason: 'the mini program has left us' })
    await withSource(() => Promise.reject(own))
    await expect(check()).rejects.toBe(own)
  })

  it('that does not answer has the deadline of the call', async () => {
    const aborted = jest.fn()
    await withSource(({ signal }) => {
      signal.addEventListener('abort', aborted)
      return new Promise(() => undefined)
    }, 50)
    await expect(check()).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
      reason: 'wechat.accessToken did not answer in time',
    })
    expect(aborted).toHaveBeenCalledTimes(1)
  })
})
