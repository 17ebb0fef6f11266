import type { WxApiRequest } from '../../src/index.js'
import { listen } from '../support/listen.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'

describe('wx.api.request', () => {
  let wechat: LocalWeChat
  let t: TestApp
  let bodies: { type: string | undefined; text: string }[] = []

  beforeAll(async () => {
    wechat = await startLocalWeChat()
    t = await startTestApp({
      wx: { wechat: { baseUrl: `${wechat.baseUrl}/`, accessToken: () => 'a+b/c' } },
    })
  })
  afterAll(async () => {
    await t.close()
    await wechat.close()
  })
  beforeEach(() => {
    bodies = []
    wechat.answer((req, res) => {
      let text = ''
      req.on('data', (chunk: Buffer) => (text += chunk.toString()))
      req.on('end', () => {
        bodies.push({ type: req.headers['content-type'], text })
        res.end('{"errcode":0,"errmsg":"ok","result":{"suggest":"pass"}}')
      })
    })
  })

  it('posts a body as JSON, with the access token, and answers what WeChat said', async () => {
    const body = { version: 2, content: '你好' }
    const reply = await t.wx.api.request<{ result: { suggest: string } }>('/wxa/msg_sec_check', {
      body,
    })
    expect(reply.result.suggest).toBe('pass')
    expect(wechat.requests).toEqual(['POST /wxa/msg_sec_check?access_token=a%2Bb%2Fc'])
    expect(bodies).toEqual([{ type: 'application/json', text: JSON.stringify(body) }])
  })

  it('is traced with its path and app, and without its query', async () => {
    const ear = listen()
    await t.wx.api.request('/wxa/x', { query: { a: 1 } })
    ear.stop()
    const { appid } = t.sandbox
    expect(ear.of('wechat:asyncEnd')).toMatchObject([{ endpoint: '/wxa/x', appid, errcode: 0 }])
  })

  it('gets without a body, with a query', async () => {
    const query = { a: 'ä&b', n: 1, yes: true }
    await t.wx.api.request('/wxa/x', { query })
    await t.wx.api.request('/wxa/x', { query, method: 'GET' })
    const asked = 'GET /wxa/x?a=%C3%A4%26b&n=1&yes=true&access_token=a%2Bb%2Fc'
    expect(wechat.requests).toEqual([asked, asked])
    const none = { type: undefined, text: '' }
    expect(bodies).toEqual([none, none])
  })

  it('posts without a body where that is asked for', async () => {
    await t.wx.api.request('/cgi-bin/clear_quota', { method: 'POST' })
    expect(wechat.requests).toEqual(['POST /cgi-bin/clear_quota?access_token=a%2Bb%2Fc'])
  })

  it.each([
    [40003, 'WX_UPSTREAM'],
    [45009, 'WX_RATE_LIMITED'],
    [45011, 'WX_RATE_LIMITED'],
    [48001, 'WX_APP_CONFIG'],
    [48004, 'WX_APP_CONFIG'],
    [50002, 'WX_UPSTREAM'],
    [61007, 'WX_APP_CONFIG'],
    [87009, 'WX_UPSTREAM'],
  ])('fails with errcode %i as %s, with the rid, and is not tried again', async (errcode, code) => {
    wechat.say({ errcode, errmsg: 'no, secret things rid: 5e8f-1-2' })
    const failure = await t.wx.api.request('/x', { body: {} }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code, errcode, rid: '5e8f-1-2' })
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain(
      'secret things',
    )
    expect(wechat.requests).toHaveLength(1)
  })

  it('is made once more where WeChat is busy', async () => {
    wechat.say({ errcode: -1 }, { errcode: 0 })
    expect(await t.wx.api.request('/x')).toEqual({ errcode: 0 })
    wechat.say({ errcode: -1 })
    await expect(t.wx.api.request('/x')).rejects.toMatchObject({ code: 'WX_BUSY', status: 503 })
    expect(wechat.requests).toHaveLength(2)
  })

  it('has a deadline of its own', async () => {
    wechat.answer(() => undefined)
    // Long enough for the request to get there on a slow machine.
    await expect(t.wx.api.request('/x', { timeout: 500 })).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
    })
    expect(wechat.requests).toHaveLength(1)
  })

  it.each([1, 2 ** 31 - 1])('may have a deadline of %i ms', async (timeout) => {
    wechat.answer((_req, res) => void setTimeout(() => res.end('{}'), 20))
    const outcome = await t.wx.api.request('/x', { timeout }).catch((error: unknown) => error)
    expect(outcome).toEqual(timeout === 1 ? expect.objectContaining({ status: 504 }) : {})
  })

  it('reads no answer of more than 64 kB, and none that is no JSON object', async () => {
    for (const answer of ['x'.repeat(65 * 1024), '[]', 'no JSON', '']) {
      wechat.say(answer)
      await expect(t.wx.api.request('/x')).rejects.toMatchObject({
        code: 'WX_UPSTREAM',
        status: 502,
      })
    }
  })

  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const path = 'path: must start with one / and have no query, no .. and nothing to decode'

  it.each<[string, unknown, unknown, string]>([
    ['no path', undefined, undefined, path],
    ['a path of another type', 7, undefined, path],
    ['a path in a list', ['/x'], undefined, path],
    ['an empty path', '', undefined, path],
    ['only a slash', '/', undefined, path],
    ['a path without a slash', 'wxa/x', undefined, path],
    ['another server', '//evil.example/x', undefined, path],
    ['a whole URL', 'https://evil.example/x', undefined, path],
    ['a path with an @', '@evil.example/x', undefined, path],
    ['a query in the path', '/x?a=1', undefined, path],
    ['a fragment', '/x#a', undefined, path],
    ['a way up', '/wxa/../sns/x', undefined, path],
    ['an encoded way up', '/wxa/%2e%2e/x', undefined, path],
    ['a backslash', '/\\evil.example', undefined, path],
    ['a control character', '/x\r\nHost: evil', undefined, path],
    ['a blank', '/x y', undefined, path],
    ['a request that is none', '/x', 'body', 'must be called with an object'],
    ['a list', '/x', [], 'must be called with an object'],
    [
      'an unknown option',
      '/x',
      { data: {} },
      'data: unknown, there are appid, method, query, body, timeout',
    ],
    ['another method', '/x', { method: 'DELETE' }, 'method: must be GET or POST'],
    ['a method in small letters', '/x', { method: 'get' }, 'method: must be GET or POST'],
    ['a query of another type', '/x', { query: 'a=1' }, 'query: must be an object'],
    [
      'an access token of its own',
      '/x',
      { query: { access_token: 'x' } },
      'query.access_token: is added, leave it out',
    ],
    [
      'an object in the query',
      '/x',
      { query: { a: {} } },
      'query.a: must be a string, a number or a boolean',
    ],
    [
      'a hole in the query',
      '/x',
      { query: { a: undefined } },
      'query.a: must be a string, a number or a boolean',
    ],
    ['a text as body', '/x', { body: '{}' }, 'body: must be an object that JSON can hold'],
    ['null as body', '/x', { body: null }, 'body: must be an object that JSON can hold'],
    ['a body in circles', '/x', { body: circular }, 'body: must be an object that JSON can hold'],
    [
      'a body of big numbers',
      '/x',
      { body: { n: 1n } },
      'body: must be an object that JSON can hold',
    ],
    [
      'a body that is nothing in JSON',
      '/x',
      { body: { toJSON: () => undefined } },
      'body: must be an object that JSON can hold',
    ],
    ['a GET with a body', '/x', { method: 'GET', body: {} }, 'body: a GET has none'],
    ['no time at all', '/x', { timeout: 0 }, 'timeout: must be a whole number of ms, at least 1'],
    ['half a ms', '/x', { timeout: 0.5 }, 'timeout: must be a whole number of ms, at least 1'],
    [
      'a time without end',
      '/x',
      { timeout: Infinity },
      'timeout: must be a whole number of ms, at least 1',
    ],
    [
      'more time than a timer has',
      '/x',
      { timeout: 2 ** 31 },
      'timeout: must be a whole number of ms, at least 1',
    ],
    ['an appid of another type', '/x', { appid: 7 }, 'the app must be { appid }, appid a string'],
  ])('refuses %s, without a call', async (_, given, request, fault) => {
    await expect(t.wx.api.request(given as string, request as WxApiRequest)).rejects.toMatchObject({
      code: 'WX_BAD_REQUEST',
      status: 400,
      message: expect.stringContaining(fault),
    })
    expect(wechat.requests).toEqual([])
  })

  it('names every fault at once', async () => {
    const request = { method: 'PUT', query: 1, timeout: -1 } as unknown as WxApiRequest
    await expect(t.wx.api.request('x', request)).rejects.toMatchObject({
      message: `wx.api.request: ${path}; method: must be GET or POST; query: must be an object; timeout: must be a whole number of ms, at least 1.`,
    })
  })

  it('refuses an app that is none, in every method', async () => {
    const { api } = t.wx
    const app = 'wx_other' as unknown as { appid: string }
    for (const call of [
      api.accessToken(app),
      api.getPhoneNumber('code', 'openid', app),
      api.checkEncryptedData({ encryptedData: 'A'.repeat(64) }, app),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'WX_BAD_REQUEST',
        message: 'wx.api: the app must be { appid }, appid a string.',
      })
    }
    expect(wechat.requests).toEqual([])
  })
})

describe('wx.api with several apps', () => {
  const apps = [
    { appid: 'wx1111111111111111', secret: 'secret-of-one' },
    { appid: 'wx2222222222222222', secret: 'secret-of-two' },
  ]
  const several = (given: unknown) =>
    startTestApp({
      sandbox: { apps },
      wx: { appid: undefined, secret: undefined, apps: given } as object,
    })

  it('has a token for each, and wants to know which', async () => {
    const t = await several(apps)
    const [one, two] = await Promise.all(apps.map(({ appid }) => t.wx.api.accessToken({ appid })))
    expect(one).not.toBe(two)
    await expect(t.wx.api.accessToken()).rejects.toMatchObject({ code: 'WX_APP_UNKNOWN' })
    const { appid } = apps[1]!
    const alice = t.sandbox.user('alice')
    const { code } = alice.phoneNumber({ appid })
    const phone = await t.wx.api.getPhoneNumber(code, alice.openid(appid), { appid })
    expect(phone.countryCode).toBe('86')
    await t.close()
  })

  it('asks the function for the app, outside of a request', async () => {
    const calls: unknown[][] = []
    const t = await several(async (...args: unknown[]) => {
      calls.push(args)
      return apps.find(({ appid }) => appid === args[0]) ?? null
    })
    await t.wx.api.accessToken({ appid: apps[0]!.appid })
    expect(calls).toEqual([[apps[0]!.appid, undefined]])
    await expect(t.wx.api.accessToken({ appid: 'wx3' })).rejects.toMatchObject({
      code: 'WX_APP_UNKNOWN',
    })
    await t.close()
  })
})
