import type { Express } from 'express'
import type { RequestOptions, WxLoginOptions } from '../../client/src/index.js'
import { outcome, start } from './support.js'

const authorization = (header: Record<string, string>): string | undefined =>
  header['Authorization']

describe('the token goes to the server of baseUrl only', () => {
  /** Sends to one URL with a session there is; answers the URL it went to and the token that went with it. */
  async function sendTo(
    baseUrl: WxLoginOptions['baseUrl'],
    url: string,
  ): Promise<{ url: string; token: boolean }> {
    const { client, phone } = await start()
    phone.wx.request = (options) => {
      phone.sent.push(options as never)
      const data = { token: 'the token', expiresIn: 3600, keyId: '', user: null }
      options.success?.({ statusCode: 200, data, header: {} })
    }
    const login = client({ baseUrl })
    await login.ready()
    phone.sent.length = 0
    await login.request({ url })
    expect(phone.sent).toHaveLength(1)
    const [sent] = phone.sent
    expect([undefined, 'Bearer the token']).toContain(authorization(sent!.header ?? {}))
    return { url: sent!.url, token: authorization(sent!.header ?? {}) !== undefined }
  }

  it.each([
    ['/me', 'https://api.example.com/me'],
    ['me', 'https://api.example.com/me'],
    ['', 'https://api.example.com/'],
    ['?page=1', 'https://api.example.com/?page=1'],
    ['https://api.example.com/me', 'https://api.example.com/me'],
    ['https://api.example.com', 'https://api.example.com'],
    ['https://api.example.com?page=1', 'https://api.example.com?page=1'],
    ['https://api.example.com#top', 'https://api.example.com#top'],
    ['/me?next=https://evil.example/', 'https://api.example.com/me?next=https://evil.example/'],
    // What looks like another host stays a path of this one.
    ['//evil.example/me', 'https://api.example.com/evil.example/me'],
    ['.evil.example/me', 'https://api.example.com/.evil.example/me'],
    ['@evil.example/me', 'https://api.example.com/@evil.example/me'],
    [':80@evil.example/me', 'https://api.example.com/:80@evil.example/me'],
    ['\\\\evil.example/me', 'https://api.example.com/\\\\evil.example/me'],
  ])('%j goes to %s with it', async (url, full) => {
    expect(await sendTo('https://api.example.com', url)).toEqual({ url: full, token: true })
    expect(new URL(full).host).toBe('api.example.com')
  })

  it.each([
    'https://evil.example/me',
    'HTTPS://EVIL.EXAMPLE/me',
    'https://api.example.com.evil.example/me',
    'https://api.example.community/me',
    'https://api.example.com@evil.example/me',
    'https://api.example.com:443@evil.example/me',
    'https://api.example.com\\@evil.example/me',
    'https://api.example.com\t.evil.example/me',
    'https://api.example.com:8443/me',
    'https://user@api.example.com/me',
    'http://api.example.com/me',
    'https://evil.example/https://api.example.com/me',
    'https://evil.example?https://api.example.com/',
    'https://evil.example#https://api.example.com/',
    'wss://api.example.com/me',
    // The same server, but not as baseUrl has it: better without a token than sorry.
    'HTTPS://API.EXAMPLE.COM/me',
  ])('%s goes without it', async (url) => {
    expect(await sendTo('https://api.example.com', url)).toEqual({ url, token: false })
  })

  it.each([
    ['/orders', true],
    ['/orders/..hidden', true],
    ['/orders?from=/../x', true],
    ['https://example.com/shop/orders', true],
    ['https://example.com/shop', true],
    ['https://example.com/shopping', false],
    ['https://example.com/SHOP/orders', false],
    ['https://example.com/shop/../admin', false],
    ['https://example.com/shop/%2e%2E/admin', false],
    ['https://example.com/shop/.%2e', false],
    ['https://example.com/shop/x\\..\\..\\admin', false],
    ['/../admin', false],
    ['../admin', false],
    ['/x/../../admin?a', false],
  ])('with a baseUrl that has a path, %s: %s', async (url, token) => {
    expect((await sendTo('https://example.com/shop', url)).token).toBe(token)
  })

  it('a slash at the end of baseUrl makes no difference', async () => {
    expect(await sendTo('https://api.example.com//', '/me')).toEqual({
      url: 'https://api.example.com/me',
      token: true,
    })
  })

  it('a request to another server starts no login, whatever it answers', async () => {
    const { client, phone, app } = await start()
    const login = client({ baseUrl: 'https://api.example.com' })
    const reply = await login.request({ url: `${app.url}/me` })
    expect(reply.statusCode).toBe(401)
    expect(phone.logins).toBe(0)
  })
})

describe('auth', () => {
  it('required is the default: logs in first', async () => {
    const { login, phone } = await start()
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    expect((await login.request({ url: '/me', auth: 'required' })).statusCode).toBe(200)
    expect(phone.logins).toBe(1)
  })

  it('optional sends the token there is and never logs in', async () => {
    const { login, phone, forget } = await start()
    const openid = async (): Promise<unknown> =>
      (await login.request<{ openid: string }>({ url: '/public', auth: 'optional' })).data.openid
    expect(await openid()).toBeNull()
    await login.ready()
    expect(await openid()).toEqual(expect.any(String))
    await forget()
    expect(await openid()).toBeNull()
    expect((await login.request({ url: '/me', auth: 'optional' })).statusCode).toBe(401)
    expect(phone.logins).toBe(1)
  })

  it('none sends no token, and a 401 is a reply like any other', async () => {
    const { login, phone } = await start()
    await login.ready()
    expect((await login.request({ url: '/me', auth: 'none' })).statusCode).toBe(401)
    expect(authorization(phone.to('/me')[0]!.header)).toBeUndefined()
    expect(phone.logins).toBe(1)
  })
})

describe('what the caller gives', () => {
  it('goes to wx.request as it is, without auth', async () => {
    const { login, phone } = await start()
    await login.ready()
    const given: RequestOptions = {
      url: '/me',
      method: 'POST',
      data: { a: 1 },
      header: { 'X-Mine': '1' },
      timeout: 5000,
      dataType: 'json',
      responseType: 'text',
      enableHttp2: true,
      redirect: 'manual',
      auth: 'required',
    }
    let received: object = {}
    phone.wx.request = (options) => {
      received = options
      options.success?.({ statusCode: 200, data: {}, header: {} })
    }
    await login.request({ ...given, later: 'option' } as RequestOptions)
    const { auth: _, ...rest } = given
    expect(received).toEqual({
      ...rest,
      later: 'option',
      url: expect.stringMatching(/^http:.*\/me$/) as string,
      header: { 'X-Mine': '1', Authorization: expect.stringMatching(/^Bearer /) as string },
      success: expect.any(Function) as unknown,
      fail: expect.any(Function) as unknown,
    })
  })

  it('is never changed, not even by a second try', async () => {
    const { login, forget, phone } = await start()
    await login.ready()
    await forget()
    const deepFreeze = <T extends object>(value: T): T => {
      for (const part of Object.values(value)) {
        if (typeof part === 'object') deepFreeze(part as object)
      }
      return Object.freeze(value)
    }
    const options = deepFreeze({
      url: '/me',
      data: { list: [1, 2], deep: { a: 1 } },
      header: { 'X-Mine': '1' },
    })
    const copy = structuredClone(options)
    expect((await login.request(options)).statusCode).toBe(200)
    expect(options).toEqual(copy)
    expect(phone.to('/me').map(({ header }) => header['X-Mine'])).toEqual(['1', '1'])
  })

  it('a header of the same name in other letters gives way to the token: never two', async () => {
    const { login, phone } = await start()
    const header = { authorization: 'Bearer mine', AUTHORIZATION: 'Basic mine' }
    expect((await login.request({ url: '/me', header })).statusCode).toBe(200)
    expect(Object.keys(phone.to('/me')[0]!.header)).toEqual(['Authorization'])
  })

  it('a header of the same name stays where no token goes', async () => {
    const { login, phone } = await start()
    const header = { authorization: 'Basic mine' }
    await login.request({ url: '/public', header, auth: 'none' })
    expect(phone.to('/public')[0]!.header).toEqual(header)
  })
})

describe('options', () => {
  it('header and scheme are those of the server', async () => {
    const transport = { header: 'x-session', scheme: '' }
    const { client, phone } = await start({ app: { wx: { transport } } })
    const login = client({ header: 'X-Session', scheme: '' })
    const { token } = await login.ready()
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.to('/me')[0]!.header).toEqual({ 'X-Session': token })
  })

  it('isUnauthorized finds an expired session in the body of a 200', async () => {
    let calls = 0
    const before = (app: Express): void => {
      app.get('/old-style', (_req, res) => void res.json({ code: ++calls === 1 ? -1 : 0 }))
    }
    const { login, phone } = await start({
      app: { before },
      isUnauthorized: ({ data }) => (data as { code?: number }).code === -1,
    })
    const reply = await login.request<{ code: number }>({ url: '/old-style' })
    expect(reply.data.code).toBe(0)
    expect(phone.logins).toBe(2)
    expect((await login.request({ url: '/nowhere' })).statusCode).toBe(404)
  })

  it('loginData goes with the code, but not in its place', async () => {
    const appid = 'wx000000000000cccc'
    const { login, phone } = await start({
      loginData: () => ({ appid, code: 'mine', channel: 'poster' }),
    })
    expect(await outcome(login.ready())).toBe('REJECTED')
    const { data } = phone.to('/wx/login')[0]!
    expect(data).toMatchObject({ appid, channel: 'poster' })
    expect(data).not.toMatchObject({ code: 'mine' })
  })

  it('routes can have other paths', async () => {
    const routes = { login: '/auth/in', logout: '/auth/out', profile: '/auth/me' }
    const { login, phone } = await start({ app: { wx: { routes } }, routes })
    await login.profile({ nickName: '爱丽丝' })
    await login.logout()
    expect(phone.sent.map(({ path }) => path)).toEqual(['/auth/in', '/auth/me', '/auth/out'])
  })

  it.each([
    ['develop', 'https://dev.example.com'],
    ['trial', 'https://trial.example.com'],
    ['release', 'https://api.example.com'],
    [undefined, 'https://api.example.com'],
  ])('baseUrl by version: %s has %s', async (envVersion, base) => {
    const { client, phone } = await start()
    phone.wx.getAccountInfoSync = () => ({ miniProgram: envVersion ? { envVersion } : {} })
    phone.wx.request = (options) => {
      phone.sent.push(options as never)
      options.success?.({ statusCode: 200, data: {}, header: {} })
    }
    const login = client({
      baseUrl: {
        develop: 'https://dev.example.com',
        trial: 'https://trial.example.com',
        release: 'https://api.example.com',
      },
    })
    await login.request({ url: '/public', auth: 'none' })
    expect(phone.sent[0]!.url).toBe(`${base}/public`)
  })

  it('a phone that cannot tell its version has the released one', async () => {
    const { client, phone } = await start()
    const { getAccountInfoSync: _, ...old } = phone.wx
    const baseUrl = { develop: 'x', trial: 'x', release: 'https://api.example.com' }
    expect(() => client({ wx: old, baseUrl })).not.toThrow()
  })
})
