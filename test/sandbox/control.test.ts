import fc from 'fast-check'
import { appA, appB, decrypt, exchange, listen, raw, send } from './support.js'

describe('POST /__sandbox/users', () => {
  it('makes or changes a user and answers its ids', async () => {
    const sandbox = await listen()
    const first = await send(sandbox, '/__sandbox/users', { name: 'alice' })
    expect(first.status).toBe(200)
    expect(first.type).toMatch(/^application\/json/)
    expect(first.json).toEqual({
      name: 'alice',
      openids: {
        [appA.appid]: sandbox.user('alice').openid(),
        [appB.appid]: sandbox.user('alice').openid(appB.appid),
      },
      unionid: null,
    })
    const changes = { name: 'alice', unionid: true, blocked: true }
    const second = await send(sandbox, '/__sandbox/users', changes)
    expect(second.json.unionid).toBe(sandbox.user('alice').unionid)
    expect(sandbox.user('alice').blocked).toBe(true)
  })

  it.each<[unknown, RegExp]>([
    ['', /^name: is missing$/],
    [{}, /^name: is missing$/],
    [{ name: '' }, /name: must be 1 to 64 printable/],
    [{ name: 'x\u0007' }, /name: must be 1 to 64 printable/],
    [
      { name: 5, unionid: 'yes', blocked: 1, admin: true },
      /name: must .*; unionid: must be true or false; blocked: must .*; admin: is no field/,
    ],
    [[], /^name: is missing$/],
    ['5', /^the body must be a JSON object$/],
    ['null', /the body must be a JSON object/],
    ['{"name":', /the body is not JSON/],
  ])('refuses %j', async (body, message) => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, '/__sandbox/users', body)
    expect([status, json.error.code]).toEqual([400, 'SANDBOX_BAD_REQUEST'])
    expect(json.error.message).toMatch(message)
  })
})

describe('POST /__sandbox/users/:name/…', () => {
  it('login: a code, with or without a body', async () => {
    const sandbox = await listen()
    const first = await send(sandbox, '/__sandbox/users/alice/login', '')
    expect(first.json).toEqual({ code: expect.stringMatching(/^0sbx/) })
    expect((await exchange(sandbox, first.json.code)).json).toEqual({
      openid: sandbox.user('alice').openid(),
      session_key: sandbox.user('alice').sessionKey(),
    })
    const second = await send(sandbox, '/__sandbox/users/alice/login', { appid: appB.appid })
    expect((await exchange(sandbox, second.json.code, { ...appB })).json.openid).toBe(
      sandbox.user('alice').openid(appB.appid),
    )
  })

  it('user-info: signed and encrypted data', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const { json } = await send(sandbox, '/__sandbox/users/alice/user-info', '')
    expect(decrypt(json, alice.sessionKey())).toMatchObject({ openId: alice.openid() })
    const changed = await send(sandbox, '/__sandbox/users/alice/user-info', {
      appid: appB.appid,
      profile: { nickName: '爱丽丝🌸' },
      variant: 'bad-watermark',
      openId: false,
      anonymous: true,
    })
    const data = decrypt(changed.json, alice.sessionKey(appB.appid))
    expect(data).toMatchObject({ nickName: '爱丽丝🌸' })
    expect(data).not.toHaveProperty('openId')
    expect(data['watermark']).not.toMatchObject({ appid: appB.appid })
  })

  it('phone-number: a code and encrypted data', async () => {
    const sandbox = await listen()
    const { json } = await send(sandbox, '/__sandbox/users/alice/phone-number', '')
    expect(json.code).toMatch(/^[0-9a-f]{64}$/)
    const data = decrypt(json, sandbox.user('alice').sessionKey())
    expect(data).toMatchObject({ countryCode: '86', purePhoneNumber: expect.any(String) })
  })

  it.each<[string, unknown, number, RegExp]>([
    ['login', { appid: 'wx-unknown' }, 400, /appid: this sandbox knows only/],
    ['user-info', { appid: 'wx-unknown' }, 400, /appid: this sandbox knows only/],
    ['phone-number', { appid: 'wx-unknown' }, 400, /appid: this sandbox knows only/],
    ['login', { appid: 5, code: 'x' }, 400, /appid: must be a string; code: is no field/],
    [
      'user-info',
      { profile: 'x', variant: 'odd' },
      400,
      /variant: must be .*; profile: must be an/,
    ],
    ['phone-number', { profile: {} }, 400, /profile: is no field of this request/],
    ['logout', '', 404, /There is nothing here/],
    ['constructor', '', 404, /There is nothing here/],
  ])('%s %j is refused', async (action, body, status, message) => {
    const sandbox = await listen()
    const answer = await send(sandbox, `/__sandbox/users/alice/${action}`, body)
    expect(answer.status).toBe(status)
    expect(answer.json.error.message).toMatch(message)
  })

  it.each(['%ff', '%00', 'x'.repeat(65), '%20'])('refuses the name %s', async (name) => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, `/__sandbox/users/${name}/login`, '')
    expect(status).toBe(400)
    expect(json.error.message).toMatch(/^name: /)
  })
})

describe('/__sandbox/faults', () => {
  it('POST queues, GET lists, DELETE clears', async () => {
    const sandbox = await listen()
    const fault = { endpoint: 'jscode2session', errcode: 45011, times: 2 }
    const listed = [{ endpoint: '/sns/jscode2session', errcode: 45011, times: 2 }]
    expect((await send(sandbox, '/__sandbox/faults', fault)).json).toEqual(listed)
    expect((await send(sandbox, '/__sandbox/faults')).json).toEqual(listed)
    expect((await exchange(sandbox, 'x')).json.errcode).toBe(45011)
    const cleared = await send(sandbox, '/__sandbox/faults', undefined, 'DELETE')
    expect([cleared.status, cleared.json]).toEqual([200, []])
    expect(sandbox.faults.list()).toEqual([])
  })

  it.each([{}, { endpoint: 'nothing', status: 1 }, [], '5', '{'])('refuses %j', async (body) => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, '/__sandbox/faults', body)
    expect([status, json.error.code]).toEqual([400, 'SANDBOX_BAD_REQUEST'])
    expect(sandbox.faults.list()).toEqual([])
  })
})

describe('/__sandbox/clock', () => {
  it('POST advances, GET reads', async () => {
    const sandbox = await listen({ now: () => 1000 })
    const code = sandbox.user('alice').login()
    expect((await send(sandbox, '/__sandbox/clock')).json).toEqual({ now: 1000 })
    const advanced = await send(sandbox, '/__sandbox/clock', { advanceMs: 300_000 })
    expect(advanced.json).toEqual({ now: 301_000 })
    expect((await exchange(sandbox, code)).json.errcode).toBe(40029)
  })

  it.each<[unknown]>([
    [''],
    [{}],
    [{ advanceMs: -1 }],
    [{ advanceMs: '5' }],
    [{ advanceMs: 0.5 }],
    [{ advanceMs: 9e15 }],
    ['{"advanceMs":1e999}'],
    [{ advanceMs: 1, now: 2 }],
  ])('refuses %j', async (body) => {
    const sandbox = await listen({ now: () => 1000 })
    const { status, json } = await send(sandbox, '/__sandbox/clock', body)
    expect([status, json.error.code]).toEqual([400, 'SANDBOX_BAD_REQUEST'])
    expect(sandbox.clock.now()).toBe(1000)
  })

  it('in process refuses the same', async () => {
    const { clock } = await listen({ now: () => 1000 })
    expect(() => clock.advance(-1)).toThrow(/advanceMs: .*time does not run backwards/)
    expect(() => clock.advance(8.7e15)).toThrow(/past the last date/)
    expect(clock.advance(0)).toBe(1000)
  })
})

describe('the surface', () => {
  it.each([
    ['GET', '/__sandbox/users', 'POST'],
    ['PUT', '/__sandbox/faults', 'GET, POST, DELETE'],
    ['DELETE', '/__sandbox/requests', 'GET'],
    ['GET', '/__sandbox/users/alice/login', 'POST'],
    ['OPTIONS', '/__sandbox/clock', 'GET, POST'],
    ['POST', '/__sandbox', 'GET, HEAD'],
  ])('answers %s %s with 405 and Allow', async (method, path, allow) => {
    const sandbox = await listen()
    const { status, headers, body } = await raw(sandbox, path, { method })
    expect([status, headers.allow]).toEqual([405, allow])
    expect(JSON.parse(body).error.code).toBe('SANDBOX_METHOD_NOT_ALLOWED')
  })

  it.each(['/__sandbox/nothing', '/__sandbox/users/alice', '/__sandbox/__proto__'])(
    'has nothing at %s',
    async (path) => {
      const sandbox = await listen()
      const { status, json } = await send(sandbox, path)
      expect([status, json.error.code]).toEqual([404, 'SANDBOX_NOT_FOUND'])
    },
  )

  it('does not mind a slash at the end or a query', async () => {
    const sandbox = await listen()
    expect((await send(sandbox, '/__sandbox/clock/?x=1')).status).toBe(200)
  })

  it('reads at most 64 kB', async () => {
    const sandbox = await listen()
    const body = JSON.stringify({ name: 'x', pad: 'x'.repeat(64 * 1024) })
    const { status, json } = await send(sandbox, '/__sandbox/users', body)
    expect([status, json.error.code]).toEqual([413, 'SANDBOX_TOO_LARGE'])
  })

  it('survives nesting as deep as a body can hold', async () => {
    const sandbox = await listen()
    const deep = '['.repeat(30_000) + ']'.repeat(30_000)
    const profile = `{"profile":{"nickName":${deep}}}`
    const info = await send(sandbox, '/__sandbox/users/a/user-info', profile)
    // Newer versions of Node write what older ones find too deep.
    expect([200, 400]).toContain(info.status)
    const fault = `{"endpoint":"token","body":${deep}}`
    expect([200, 400]).toContain((await send(sandbox, '/__sandbox/faults', fault)).status)
    const token = await send(sandbox, '/cgi-bin/stable_token', `{"phone_info":${deep}}`)
    expect(token.json.errcode).toBe(40002)
    expect(sandbox.requests).toHaveLength(1)
  })

  it('answers any JSON at all with a 200 or a 400', async () => {
    const sandbox = await listen()
    const paths = ['users', 'users/a/login', 'users/a/user-info', 'faults', 'clock']
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.json(), async (path, body) => {
        const url = `http://x/__sandbox/${path}`
        const response = await sandbox.fetch(url, { method: 'POST', body })
        expect([200, 400]).toContain(response.status)
        expect(await response.json()).toBeDefined()
      }),
      { numRuns: 100 },
    )
  })
})

describe('a web page that wants to use it', () => {
  const own = (baseUrl: string): string => baseUrl.replace('http://', '')
  const portOf = (baseUrl: string): string => new URL(baseUrl).port

  it.each([
    ['a rebound name', 'evil.example'],
    ['a rebound name with our port', 'evil.example:PORT'],
    ['a name that begins like ours', '127.0.0.1.evil.example'],
    ['a name that begins like localhost', 'localhost.evil.example'],
    ['an address that is not ours', '10.0.0.1'],
    ['credentials', 'user@127.0.0.1'],
    ['nonsense', 'a b'],
  ])('is refused under %s', async (_, host) => {
    const sandbox = await listen()
    const headers = { host: host.replace('PORT', portOf(sandbox.baseUrl)) }
    const { status, body } = await raw(sandbox, '/__sandbox/clock', { headers })
    expect([status, JSON.parse(body).error.code]).toEqual([403, 'SANDBOX_FORBIDDEN'])
  })

  it.each([
    'localhost',
    'localhost:PORT',
    'LOCALHOST:PORT',
    '127.0.0.1',
    '127.1.2.3:80',
    '[::1]:1',
  ])('is answered under %s', async (host) => {
    const sandbox = await listen()
    const headers = { host: host.replace('PORT', portOf(sandbox.baseUrl)) }
    expect((await raw(sandbox, '/__sandbox/clock', { headers })).status).toBe(200)
  })

  it.each([
    'http://evil.example',
    'null',
    'https://OWN',
    'http://OWN.evil.example',
    'http://127.0.0.1:1',
  ])('is refused from the origin %s, and changes nothing', async (origin) => {
    const sandbox = await listen()
    const headers = { origin: origin.replace('OWN', own(sandbox.baseUrl)) }
    const method = 'POST'
    const login = await raw(sandbox, '/__sandbox/users/alice/login', { method, headers })
    expect([login.status, JSON.parse(login.body).error.message]).toEqual([
      403,
      expect.stringMatching(/^Origin: /),
    ])
    expect(login.headers['access-control-allow-origin']).toBeUndefined()
    for (const path of ['/__sandbox', '/__sandbox/requests', '/__sandbox/events']) {
      expect((await raw(sandbox, path, { headers })).status).toBe(403)
    }
  })

  it('is answered from its own origin', async () => {
    const sandbox = await listen()
    const headers = { origin: sandbox.baseUrl }
    const { status } = await raw(sandbox, '/__sandbox/clock', { headers })
    expect(status).toBe(200)
  })

  it('WeChat’s own endpoints do not care who asks: they ask for the secret', async () => {
    const sandbox = await listen()
    const headers = { host: 'api.weixin.qq.com' }
    const { status, body } = await raw(sandbox, '/sns/jscode2session', { headers })
    expect([status, JSON.parse(body).errcode]).toEqual([200, 41002])
  })
})
