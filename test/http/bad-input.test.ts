import { once } from 'node:events'
import { connect } from 'node:net'
import express from 'express'
import { errorReply, startTestApp, type TestApp, withTestApp } from '../support/test-app.js'

const json = { 'Content-Type': 'application/json' }

describe('bad input', () => {
  let t: TestApp
  const users: unknown[] = []
  beforeAll(async () => {
    t = await startTestApp({ wx: { onUser: (event) => void users.push(event) } })
  })
  afterAll(() => t.close())

  /** The documented 4xx, no WeChat call, no user, no session. */
  async function refuses(
    send: () => PromiseLike<{ status: number; body: unknown; headers: object }>,
    status: number,
    code = 'WX_BAD_REQUEST',
    action = 'none',
  ): Promise<string> {
    const before = { exchanges: t.exchanges(), users: users.length }
    const reply = await send()
    expect(reply.status).toBe(status)
    expect(reply.body).toEqual(errorReply(code, action))
    expect(t.exchanges()).toBe(before.exchanges)
    expect(users).toHaveLength(before.users)
    return (reply.body as { error: { message: string } }).error.message
  }

  it.each([
    ['no body', () => t.http.post('/wx/login'), 400],
    ['not JSON', () => t.http.post('/wx/login').set(json).send('{"code":'), 400],
    ['a form', () => t.http.post('/wx/login').type('form').send({ code: 'abc' }), 415],
    ['text', () => t.http.post('/wx/login').type('text/plain').send('{"code":"abc"}'), 415],
    [
      'an unknown charset',
      () =>
        t.http
          .post('/wx/login')
          .set('Content-Type', 'application/json; charset=klingon')
          .send('{}'),
      415,
    ],
    [
      'an unknown encoding',
      () => t.http.post('/wx/login').set(json).set('Content-Encoding', 'x-zip').send('{}'),
      415,
    ],
    ['an array', () => t.http.post('/wx/login').send([{ code: 'abc' }]), 400],
    ['a number', () => t.http.post('/wx/login').set(json).send('5'), 400],
    ['null', () => t.http.post('/wx/login').set(json).send('null'), 400],
    [
      '33 kB',
      () => t.http.post('/wx/login').send({ code: 'abc', pad: 'x'.repeat(33 * 1024) }),
      413,
    ],
    [
      'deep nesting',
      () =>
        t.http
          .post('/wx/login')
          .set(json)
          .send('['.repeat(15_000) + ']'.repeat(15_000)),
      400,
    ],
    [
      'deep nesting beside a code',
      () =>
        t.http
          .post('/wx/login')
          .set(json)
          .send(`{"code":"abc","x":${'['.repeat(12_000)}${']'.repeat(12_000)}}`),
      400,
    ],
    [
      'a __proto__ key beside a code',
      () => t.http.post('/wx/login').set(json).send('{"code":"abc","__proto__":{"admin":true}}'),
      400,
    ],
    [
      'a __proto__ key further down',
      () => t.http.post('/wx/login').set(json).send('{"code":"abc","x":[{"__proto__":{}}]}'),
      400,
    ],
    [
      'a __proto__ key instead of fields',
      () => t.http.post('/wx/login').set(json).send('{"__proto__":{"code":"abc"}}'),
      400,
    ],
  ] as const)('POST /wx/login with %s', async (_what, send, status) => {
    await refuses(() => send(), status)
    expect(({} as { code?: unknown }).code).toBeUndefined()
  })

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['blank', '   '],
    ['10 kB long', 'x'.repeat(10_240)],
    ['513 characters long', 'x'.repeat(513)],
    ['with a line break', 'abc\r\nSet-Cookie: a=b'],
    ['with NUL', 'abc\u0000'],
    ['not ASCII', '登录'],
    ['a number', 5],
    ['an array', ['abc']],
    ['an object', { toString: 'abc' }],
    ['null', null],
  ])('POST /wx/login with a code that is %s', async (_what, code) => {
    const message = await refuses(() => t.post('/wx/login', { code }), 400)
    expect(message).toMatch(/^code: /)
  })

  it('takes a body of 32 kB, and not a byte more', async () => {
    const code = t.sandbox.user('alice').login()
    const body = (bytes: number): string => {
      const empty = JSON.stringify({ code, pad: '' }).length
      return JSON.stringify({ code, pad: 'x'.repeat(bytes - empty) })
    }
    const post = (text: string) => t.http.post('/wx/login').set(json).send(text)
    await refuses(() => post(body(32 * 1024 + 1)), 413)
    await post(body(32 * 1024)).expect(200)
  })

  it('takes sixteen levels under the body, and not seventeen', async () => {
    const code = t.sandbox.user('alice').login()
    const post = (depth: number) =>
      t.http
        .post('/wx/login')
        .set(json)
        .send(`{"code":"${code}","x":${'['.repeat(depth)}${']'.repeat(depth)}}`)
    expect(await refuses(() => post(17), 400)).toBe('The body is nested too deeply.')
    await post(16).expect(200)
  })

  it('looks for __proto__ in everything, and takes null where it looks', async () => {
    const code = t.sandbox.user('alice').login()
    await t.post('/wx/login', { code, x: [null, { y: null }] }).expect(200)
    const post = (x: string) => t.http.post('/wx/login').set(json).send(`{"code":"abc","x":${x}}`)
    for (const x of ['[{"a":1},{"__proto__":1}]', '{"a":{"b":{"__proto__":null}}}']) {
      expect(await refuses(() => post(x), 400)).toBe('__proto__: is not allowed.')
    }
  })

  it('names every wrong field at once', async () => {
    const message = await refuses(() => t.post('/wx/login', { code: 1, appid: 2 }), 400)
    expect(message).toBe('code: must be the code from wx.login; appid: must be a string.')
    const missing = await refuses(() => t.post('/wx/login', {}), 400)
    expect(missing).toBe('code: is missing.')
  })

  it('POST /wx/login with an appid that is not served', async () => {
    const code = t.sandbox.user('alice').login()
    await refuses(
      () => t.post('/wx/login', { code, appid: 'wx4f4bc4dec97d474b' }),
      400,
      'WX_APP_UNKNOWN',
    )
    await t.post('/wx/login', { code }).expect(200)
  })

  it.each([
    ['rawData as an object', { rawData: {}, signature: 'a'.repeat(40) }, /^rawData: /],
    ['rawData without signature', { rawData: '{}' }, /^signature: /],
    ['a signature that is too short', { rawData: '{}', signature: 'abc' }, /^signature: /],
    ['a signature in an array', { rawData: '{}', signature: ['a'.repeat(40)] }, /^signature: /],
    ['encryptedData without iv', { encryptedData: 'A'.repeat(64) }, /^iv: /],
    ['half a block', { encryptedData: 'AAAA', iv: `${'A'.repeat(22)}==` }, /^encryptedData: /],
    ['junk in base64', { encryptedData: '!'.repeat(64), iv: `${'A'.repeat(22)}==` }, /^encrypted/],
    [
      'a Buffer in JSON',
      { encryptedData: { type: 'Buffer', data: [] }, iv: 'A' },
      /^encryptedData/,
    ],
    ['an iv of 15 bytes', { encryptedData: 'A'.repeat(64), iv: 'A'.repeat(20) }, /^iv: /],
  ])('open data with %s, at login and at profile', async (_what, data, message) => {
    const { token } = await t.login()
    const code = t.sandbox.user('alice').login()
    expect(await refuses(() => t.post('/wx/login', { code, ...data }), 400)).toMatch(message)
    expect(await refuses(() => t.post('/wx/profile', data, token), 400)).toMatch(message)
  })

  it.each([
    ['nothing', {}],
    ['an empty name', { nickName: '' }],
    ['a long name', { nickName: 'x'.repeat(65) }],
    ['a name with a line break', { nickName: 'a\nb' }],
    ['a number', { nickName: 5 }],
    ['an avatar in an array', { avatarUrl: ['x'] }],
    ['an empty avatar', { avatarUrl: '' }],
    ['a long avatar', { avatarUrl: 'x'.repeat(2049) }],
    ['a name with DEL', { nickName: 'a\u007f' }],
    ['half of signed data', { rawData: '{}' }],
  ])('POST /wx/profile with %s', async (_what, body) => {
    const { token } = await t.login()
    await refuses(() => t.post('/wx/profile', body, token), 400)
  })

  it('POST /wx/profile with a name of 64 characters is fine', async () => {
    const { token } = await t.login()
    await t.post('/wx/profile', { nickName: '名'.repeat(64) }, token).expect(200)
  })

  it('POST /wx/profile with a form beside signed data, of which one would be lost', async () => {
    const { token } = await t.login()
    const body = { ...t.sandbox.user('alice').userInfo(), nickName: '小明' }
    expect(await refuses(() => t.post('/wx/profile', body, token), 400)).toMatch(/not both/)
  })

  it.each([
    'wxfile://tmp_0123456789abcdef.jpg',
    'http://tmp/0123456789abcdef.jpeg',
    'http://usr/avatar.png',
    'http://127.0.0.1:47692/__tmp__/cover.jpeg',
    'http://127.0.0.1/__tmp__/cover.jpeg',
    'HTTPS://TMP/0123456789abcdef.jpeg',
  ])('POST /wx/profile with an avatar that is a file of the phone: %s', async (avatarUrl) => {
    const { token } = await t.login()
    const message = await refuses(() => t.post('/wx/profile', { avatarUrl }, token), 400)
    expect(message).toMatch(/^avatarUrl: .*temporary file.*wx\.uploadFile/)
  })

  it.each([
    'https://cdn.example/tmp/1.png',
    'https://cdn.example/?from=http://tmp/1.png',
    'https://cdn.example/'.padEnd(2048, 'x'),
    '/avatars/1.png',
    'cloud://env.bucket/1.png',
  ])('POST /wx/profile with an avatar at %s is fine', async (avatarUrl) => {
    const { token } = await t.login()
    await t.post('/wx/profile', { avatarUrl }, token).expect(200)
  })

  describe('POST /wx/phone', () => {
    const iv = `${'A'.repeat(22)}==`
    const encryptedData = 'A'.repeat(64)
    const twoForms = /^Send code, or encryptedData and iv, but not both/
    const noForm =
      /^Send the code that the phone number button gave, or its encryptedData and iv\.$/
    const noCode = /^code: must be the code from the phone number button\.$/
    const badCode = /^code: must be 1 to 512 printable ASCII characters, not only blanks\.$/

    it.each([
      ['nothing', {}, noForm],
      ['other fields only', { phoneNumber: '13912345678', openid: 'x' }, noForm],
      ['both forms', { code: 'a', encryptedData, iv }, twoForms],
      ['a code and half of the other form', { code: 'a', iv }, twoForms],
      ['a code that is a number', { code: 5 }, noCode],
      ['a code that is null', { code: null }, noCode],
      ['a code in an array', { code: ['a'] }, noCode],
      ['a code that is an object', { code: { toString: 'a' } }, noCode],
      ['an empty code', { code: '' }, badCode],
      ['a blank code', { code: '  ' }, badCode],
      ['a code of 513 characters', { code: 'x'.repeat(513) }, badCode],
      ['a code with a line break', { code: 'a\r\nb' }, badCode],
      ['a code with NUL', { code: 'a\u0000' }, badCode],
      ['a code that is not ASCII', { code: '手机' }, badCode],
      ['encryptedData without iv', { encryptedData }, /^iv: must be base64 of 16 bytes\.$/],
      [
        'iv without encryptedData',
        { iv },
        /^encryptedData: must be base64 of whole 16-byte blocks/,
      ],
      ['half a block', { encryptedData: 'AAAA', iv }, /^encryptedData: /],
      ['junk in base64', { encryptedData: '!'.repeat(64), iv }, /^encryptedData: /],
      ['encryptedData that is an object', { encryptedData: {}, iv }, /^encryptedData: /],
      ['an iv of 15 bytes', { encryptedData, iv: 'A'.repeat(20) }, /^iv: /],
      ['two wrong fields', { encryptedData: 1, iv: null }, /^encryptedData: .*; iv: /],
    ])('with %s: nothing is asked, nothing is counted', async (_what, body, expected) => {
      const { token } = await t.login()
      const before = t.sandbox.requests.length
      for (let i = 0; i < 21; i++) {
        expect(await refuses(() => t.post('/wx/phone', body, token), 400)).toMatch(expected)
      }
      expect(t.sandbox.requests).toHaveLength(before)
      await t.post('/wx/profile', t.sandbox.user('alice').userInfo(), token).expect(200)
    })

    it.each([
      ['no body', () => t.http.post('/wx/phone'), 400],
      ['not JSON', () => t.http.post('/wx/phone').set(json).send('{"code":'), 400],
      ['a form', () => t.http.post('/wx/phone').type('form').send({ code: 'abc' }), 415],
      ['an array', () => t.http.post('/wx/phone').send([{ code: 'abc' }]), 400],
      ['33 kB', () => t.http.post('/wx/phone').send({ pad: 'x'.repeat(33 * 1024) }), 413],
      [
        'a __proto__ key',
        () => t.http.post('/wx/phone').set(json).send('{"__proto__":{"code":"abc"}}'),
        400,
      ],
    ] as const)('with %s', async (_what, send, status) => {
      const { token } = await t.login()
      const before = t.sandbox.requests.length
      await refuses(() => send().set('Authorization', `Bearer ${token}`), status)
      expect(t.sandbox.requests).toHaveLength(before)
    })
  })

  it('POST /wx/logout with something else than true or false', async () => {
    const { token } = await t.login()
    await refuses(() => t.post('/wx/logout', { everywhere: 'yes' }, token), 400)
    await t.get('/me', token).expect(200)
  })

  it('unknown fields are ignored', async () => {
    const code = t.sandbox.user('alice').login()
    await t.post('/wx/login', { code, openid: 'oSomebodyElse', userId: 1 }).expect(200)
  })

  it('an openid in body, query or header changes nothing', async () => {
    const { token } = await t.login('alice')
    const reply = await t
      .get(`/me?openid=${t.sandbox.user('bob').openid()}`, token)
      .set('X-WX-OPENID', t.sandbox.user('bob').openid())
    expect(reply.body).toMatchObject({ openid: t.sandbox.user('alice').openid() })
  })

  it('headers of 64 kB are refused by Node, and the next request is answered', async () => {
    const { hostname, port } = new URL(t.url)
    const socket = connect(Number(port), hostname)
    socket.write(`POST /wx/login HTTP/1.1\r\nHost: x\r\nX-Pad: ${'x'.repeat(64 * 1024)}\r\n\r\n`)
    socket.on('error', () => undefined)
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toMatch(/^HTTP\/1\.1 431 /)
    socket.destroy()
    await t.get('/public').expect(200)
  })

  it('a body the app has parsed before is read, and held to the same rules', async () => {
    await withTestApp(
      {
        sandbox: t.sandbox,
        before(app) {
          app.use(express.json({ limit: '1mb' }), express.urlencoded({ extended: true }))
        },
      },
      async (parsed) => {
        await parsed.login()
        await parsed.http.post('/wx/login').type('form').send({ code: 'abc' }).expect(415)
        await parsed.post('/wx/login', { code: 'a', pad: 'x'.repeat(33 * 1024) }).expect(413)
        await parsed.post('/wx/login', { code: ['a'] }).expect(400)
      },
    )
  })

  it.each([
    ['by the plugin', undefined],
    ['by the app, which takes more', express.json({ limit: '1mb' })],
  ])('a body of untold length is held to 32 kB too, read %s', async (_who, parser) => {
    const before = (app: express.Express): void => void (parser && app.use(parser))
    await withTestApp({ sandbox: t.sandbox, before }, async (parsed) => {
      const code = t.sandbox.user('alice').login()
      const post = (pad: string): Promise<Response> =>
        fetch(`${parsed.url}/wx/login`, {
          method: 'POST',
          headers: json,
          body: new Blob([JSON.stringify({ code, pad })]).stream(),
          duplex: 'half',
        } as RequestInit)
      const refused = await post('x'.repeat(33 * 1024))
      expect([refused.status, await refused.json()]).toEqual([
        413,
        errorReply('WX_BAD_REQUEST', 'none'),
      ])
      expect((await post('x')).status).toBe(200)
    })
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('%s /wx/login does nothing', async (method) => {
    const before = t.exchanges()
    const reply = await fetch(`${t.url}/wx/login?code=abc`, {
      method,
      headers: { 'X-HTTP-Method-Override': 'POST' },
    })
    expect(reply.status).toBe(404)
    expect(t.exchanges()).toBe(before)
  })

  it.each(['//me', '/ME', '/me/', '/%6de', '/public/../me', '/./me'])(
    'no spelling of a guarded path gets around the guard: %s',
    async (path) => {
      const { hostname, port } = new URL(t.url)
      const socket = connect(Number(port), hostname)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const [data] = (await once(socket, 'data')) as [Buffer]
      expect(data.toString()).toMatch(/^HTTP\/1\.1 40[14] /)
      socket.destroy()
    },
  )
})
