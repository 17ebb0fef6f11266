import expressSession from 'express-session'
import type * as Settings from '../src/settings.js'
import type { WxLoginOptions } from '../src/option-types.js'
import { settingsOf } from '../src/settings.js'

const app = { appid: 'wx1111111111111111', secret: 'appsecret0123456789abcdef01234567' }
const other = { appid: 'wx2222222222222222', secret: 'othersecret456789abcdef0123456789' }
const secret = 'a session secret of the tests, long enough'
const good = { ...app, session: { secret } }

const environment = process.env['NODE_ENV']
let emitWarning: jest.SpyInstance
beforeEach(() => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterEach(() => {
  emitWarning.mockRestore()
  process.env['NODE_ENV'] = environment
})
const inProduction = (): void => {
  process.env['NODE_ENV'] = 'production'
}

describe('settingsOf', () => {
  test('fills in every default', () => {
    const { hooks, ...settings } = settingsOf(good)
    expect(settings).toStrictEqual({
      apps: new Map([[app.appid, app]]),
      resolver: undefined,
      session: {
        secrets: [secret],
        ttl: 7 * 24 * 3600,
        absoluteTtl: 90 * 24 * 3600,
        name: 'wx.sid',
        cookie: { httpOnly: true, secure: 'auto', sameSite: 'lax', path: '/' },
        store: undefined,
      },
      redisPrefix: 'wx:',
      storeTimeout: 1000,
      maxPerUser: 100,
      transport: { header: 'authorization', scheme: 'Bearer', cookie: false },
      routes: {
        login: '/wx/login',
        logout: '/wx/logout',
        session: '/wx/session',
        profile: '/wx/profile',
        phone: '/wx/phone',
        messagePush: '/wx/push',
      },
      hookTimeout: 5000,
      wechat: {
        baseUrl: 'https://api.weixin.qq.com',
        timeout: 5000,
        fetch: expect.any(Function) as unknown,
        code2Session: undefined,
        accessToken: undefined,
        checkEncryptedData: true,
      },
      watermarkMaxAge: 3600,
      keyHistory: { size: 5, window: 600 },
      cloudHosting: undefined,
      messagePush: undefined,
      keySecrets: [secret],
    })
    expect(hooks.onUser).toBeUndefined()
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('takes undefined for absent', () => {
    const settings = settingsOf({
      ...app,
      session: {
        secret,
        ttl: undefined,
        absoluteTtl: undefined,
        name: undefined,
        maxPerUser: undefined,
        cookie: undefined,
      },
      ...{ redisPrefix: undefined, storeTimeout: undefined, hookTimeout: undefined },
      transport: { header: undefined, scheme: undefined, cookie: undefined },
      wechat: { baseUrl: undefined, timeout: undefined, fetch: undefined },
    })
    const { hooks: _, ...rest } = settings
    const { hooks: __, ...defaults } = settingsOf(good)
    expect(JSON.stringify(rest)).toBe(JSON.stringify(defaults))
  })

  test('takes undefined for absent in the flags of the cookie', () => {
    const cookie = { httpOnly: undefined, secure: undefined, sameSite: undefined, path: undefined }
    expect(settingsOf({ ...app, session: { secret, cookie } }).session!.cookie).toEqual(
      settingsOf(good).session!.cookie,
    )
  })

  test('keeps what is given', () => {
    const store = new expressSession.MemoryStore()
    const onUser = (): string => 'user'
    const ownFetch = async (): Promise<Response> => Response.json({})
    const code2Session = async (): Promise<{ openid: string; sessionKey: string }> => ({
      openid: 'o',
      sessionKey: 'k',
    })
    const settings = settingsOf({
      apps: [app, other],
      session: {
        ...{ secret: [secret, 'older'], ttl: 60, absoluteTtl: 90, name: 'sid', maxPerUser: 5 },
        store,
        cookie: { sameSite: 'none', domain: 'example.org' },
      },
      ...{ redisPrefix: '', storeTimeout: 1, hookTimeout: 2, watermarkMaxAge: 3 },
      transport: { header: 'X-Token', scheme: '', cookie: true },
      routes: { login: '/in', logout: false },
      onUser,
      wechat: { baseUrl: 'https://example.org', timeout: 4, fetch: ownFetch, code2Session },
      keySecret: 'key secret',
    })
    expect(settings).toMatchObject({
      resolver: undefined,
      session: {
        ...{ secrets: [secret, 'older'], ttl: 60, absoluteTtl: 90, name: 'sid', store },
        cookie: { httpOnly: true, sameSite: 'none', path: '/', domain: 'example.org' },
      },
      ...{ redisPrefix: '', storeTimeout: 1, hookTimeout: 2, watermarkMaxAge: 3, maxPerUser: 5 },
      transport: { header: 'x-token', scheme: '', cookie: true },
      routes: { login: '/in', logout: false, session: '/wx/session', profile: '/wx/profile' },
      wechat: { baseUrl: 'https://example.org', timeout: 4, fetch: ownFetch, code2Session },
      keySecrets: ['key secret'],
    })
    expect([...settings.apps!]).toEqual([
      [app.appid, app],
      [other.appid, other],
    ])
    expect(settings.hooks.onUser).toBe(onUser)
  })

  test.each([
    ['90 days', 60, 90 * 24 * 3600],
    ['90 days', 90 * 24 * 3600, 90 * 24 * 3600],
    ['as long as unused, where that is longer', 365 * 24 * 3600, 365 * 24 * 3600],
  ])('lets a session live for %s at the longest', (_, ttl, absoluteTtl) => {
    expect(settingsOf({ ...app, session: { secret, ttl } }).session).toMatchObject({
      ttl,
      absoluteTtl,
    })
  })

  test('leaves the session to the server where none is given', () => {
    expect(settingsOf(app)).toMatchObject({ session: undefined, maxPerUser: 100 })
  })

  test.each<[string, WxLoginOptions, string[]]>([
    [
      'the secrets of the session',
      { ...app, session: { secret: [secret, 'older'] } },
      [secret, 'older'],
    ],
    ['the AppSecret', app, [app.secret]],
    ['the AppSecrets', { apps: [app, other] }, [app.secret, other.secret]],
    ['keySecret, before all others', { ...app, session: { secret }, keySecret: 'k' }, ['k']],
    ['a list of keySecrets', { apps: () => app, keySecret: ['k', 'l'] }, ['k', 'l']],
    [
      'the secret of the session, with a resolver',
      { apps: () => app, session: { secret } },
      [secret],
    ],
  ])('seals keys with %s', (_, options, secrets) => {
    expect(settingsOf(options).keySecrets).toEqual(secrets)
  })

  test('keeps the function that finds apps', () => {
    const resolver = (): typeof app => app
    expect(settingsOf({ apps: resolver, session: { secret } })).toMatchObject({
      apps: undefined,
      resolver,
    })
  })

  test.each([
    ['no headers where it is off', false, undefined],
    ['those of this mini program', true, { resourceSharing: false }],
    ['those of this mini program, unless told more', {}, { resourceSharing: false }],
    [
      'those of others that share the service',
      { resourceSharing: true },
      { resourceSharing: true },
    ],
  ])('believes cloud hosting %s', (_, cloudHosting, believed) => {
    expect(settingsOf({ ...good, cloudHosting }).cloudHosting).toEqual(believed)
  })

  test('asks the global fetch of the moment of the call', async () => {
    const { wechat } = settingsOf(good)
    const replaced = jest.spyOn(globalThis, 'fetch').mockResolvedValue(Response.json({}))
    try {
      await wechat.fetch('https://example.org', { method: 'GET' })
      expect(replaced.mock.calls).toEqual([['https://example.org', { method: 'GET' }]])
    } finally {
      replaced.mockRestore()
    }
  })
})

describe('what works but should not stay so', () => {
  const cookieOff = { secure: false } as const

  /** The codes of the warnings of a process that starts with these options. */
  async function warnings(...started: WxLoginOptions[]): Promise<unknown[]> {
    await jest.isolateModulesAsync(async () => {
      const fresh: typeof Settings = await import('../src/settings.js')
      for (const options of started) fresh.settingsOf(options)
    })
    return emitWarning.mock.calls.map(([, { code }]) => code as unknown)
  }

  test('is told once: WeChat over http', async () => {
    const options = { ...good, wechat: { baseUrl: 'http://sandbox:3900' } }
    await expect(warnings(options, options)).resolves.toEqual(['WX_HTTP'])
  })

  test('is told in production: a session cookie in the clear', async () => {
    inProduction()
    const transport = { cookie: true }
    await expect(
      warnings({ ...app, session: { secret, cookie: cookieOff }, transport }),
    ).resolves.toEqual(['WX_COOKIE_INSECURE'])
  })

  test('is not told where it is not so', async () => {
    const session = { secret, cookie: cookieOff }
    await expect(
      warnings(
        { ...app, session, transport: { cookie: true } },
        { ...good, wechat: { baseUrl: 'http://localhost:3900' } },
        { ...good, wechat: { baseUrl: 'http://[::1]:3900' } },
      ),
    ).resolves.toEqual([])
    inProduction()
    await expect(
      warnings(
        { ...good, transport: { cookie: true } },
        { ...app, session },
        { ...good, wechat: { baseUrl: 'https://example.org' } },
      ),
    ).resolves.toEqual([])
  })

  test('cookies are secure in production unless they are told otherwise', () => {
    inProduction()
    expect(settingsOf(good).session!.cookie.secure).toBe(true)
    expect(
      settingsOf({ ...app, session: { secret, cookie: cookieOff } }).session!.cookie.secure,
    ).toBe(false)
  })
})
