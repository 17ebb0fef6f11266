import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { exchange, listen, raw, send } from './support.js'
import {
  detail,
  fromPhone,
  logIn,
  messages,
  relayed,
  reveal,
  startTarget,
  withApp,
} from './wire-support.js'

const masked = expect.stringMatching(/^\*\*\*#[0-9a-f]{8}$/)

describe('a message in full', () => {
  it('is the HTTP that went over the wire, but for the secrets', async () => {
    await withApp(async (app, sandbox) => {
      const { token } = await logIn(app, sandbox)
      const login = await detail(sandbox, 'POST /wx/login')
      expect(login.url).toBe(`${app.url}/wx/login`)
      expect(login.raw.request).toMatch(/^POST \/wx\/login HTTP\/1\.1\nHost: 127\.0\.0\.1:\d+\n/)
      expect(login.raw.request).toMatch(/\n\n\{"code":"\*\*\*#[0-9a-f]{8}"\}$/)
      expect(login.raw.response).toMatch(/^HTTP\/1\.1 200 OK\n/)
      const hash = createHash('sha256').update(token).digest('hex').slice(0, 8)
      expect(login.raw.response).toContain(`"token":"***#${hash}"`)
      await fromPhone(sandbox, `${app.url}/me`, undefined, { authorization: `Bearer ${token}` })
      // The same value has the same fingerprint wherever it is.
      const me = await detail(sandbox, 'GET /me')
      expect(me.raw.request.toLowerCase()).toContain(`authorization: bearer ***#${hash}`)

      const session = await detail(sandbox, 'GET /sns/jscode2session')
      const { appid, secret } = sandbox
      expect(session.raw.request).toMatch(
        new RegExp(`^GET /sns/jscode2session\\?appid=${appid}&secret=\\*\\*\\*&js_code=\\*\\*\\*#`),
      )
      expect(session.raw.request).not.toContain(secret)
    })
  })

  it.each([
    ['application/x-www-form-urlencoded', 'code=secretcode0123456789&x=1', 'code=***#67f443cb&x=1'],
    ['text/plain', 'hello <b>', 'hello <b>'],
    ['application/json', '{"a": [1, {"token": "abc"}]}', '{"a":[1,{"token":"***"}]}'],
    ['application/json', '{"broken": ', '{"broken": '],
    ['application/json', '{\n    "a": 1\n}', '{\n  "a": 1\n}'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n',
      '--b\nContent-Disposition: form-data; name=""',
    ],
  ])('reads a body of %s', async (type, body, shown) => {
    const sandbox = await listen()
    const target = await startTarget()
    const url = `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(target.url)}/x`
    await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
    expect(target.received[0]!.body.toString()).toBe(body)
    const { raw: text } = await detail(sandbox, 'POST /x')
    expect(text.request.split('\n\n')[1]).toBe(shown)
  })

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: Buffer) => text],
  ])('reads an answer that came as %s', async (encoding, compress) => {
    const sandbox = await listen()
    const target = await startTarget((res) => {
      res.setHeader('Content-Encoding', encoding).end(compress(Buffer.from('{"hello":"world"}')))
    })
    const path = new URL(relayed(sandbox, `${target.url}/x`)).pathname
    await raw(sandbox, path)
    expect((await detail(sandbox, 'GET /x')).raw.response).toMatch(/\n\n\{"hello":"world"\}$/)
  })

  it.each([
    ['of an encoding nobody knows', 'zstd', Buffer.from('{}')],
    ['that is broken', 'gzip', Buffer.from('{}')],
    ['that would become large', 'gzip', gzipSync(Buffer.alloc(1024 * 1024))],
  ])('says only how long an answer is %s', async (_, encoding, bytes) => {
    const sandbox = await listen()
    const target = await startTarget((res) =>
      res.setHeader('Content-Encoding', encoding).end(bytes),
    )
    await raw(sandbox, new URL(relayed(sandbox, `${target.url}/x`)).pathname)
    const note = `(${String(bytes.length)} bytes, of no type)`
    expect((await detail(sandbox, 'GET /x')).response).toContainEqual({
      field: 'body',
      value: note,
      secret: false,
    })
  })

  it.each([
    [{ error: { code: 'WX_STALE_KEY' } }, 401, 'WX_STALE_KEY'],
    [{ code: 'E_LOGIN' }, 400, 'E_LOGIN'],
    [{ error: 'invalid_grant' }, 400, 'invalid_grant'],
    [{ error: 'Something went wrong, sorry' }, 500, null],
    [{ error: 'fine' }, 200, null],
    [[], 500, null],
  ])('reads the error in %j', async (body, status, error) => {
    const sandbox = await listen()
    const target = await startTarget((res) => res.writeHead(status).end(JSON.stringify(body)))
    await fromPhone(sandbox, target.url)
    expect(await messages(sandbox)).toMatchObject([{ status, error, errcode: null }])
  })

  it('reads an errcode that a server passes on', async () => {
    const sandbox = await listen()
    const target = await startTarget((res) =>
      res.end('{"errcode":40163,"errmsg":"code been used"}'),
    )
    await fromPhone(sandbox, target.url)
    expect(await messages(sandbox)).toMatchObject([{ status: 200, errcode: 40163 }])
  })

  it('survives any depth and any number of fields', async () => {
    const sandbox = await listen()
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, i])))
    let answer = deep
    const target = await startTarget((res) => res.end(answer))
    await fromPhone(sandbox, `${target.url}/deep`)
    const { response } = await detail(sandbox, 'GET /deep')
    expect(response!.at(-1)!.value).toBe('(nested deeper)')
    answer = many
    await fromPhone(sandbox, `${target.url}/many`)
    expect((await detail(sandbox, 'GET /many')).response).toHaveLength(500)
    expect((await messages(sandbox))[1]!.response).toHaveLength(50)
  })

  it('shows what a form with a file holds, not the file', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const form = new FormData()
    form.append('nickName', '爱丽丝')
    form.append('code', 'a secret of sixteen')
    form.append('avatar', new Blob([new Uint8Array(300)], { type: 'image/png' }), 'a.png')
    const url = `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(target.url)}/avatar`
    await fetch(url, { method: 'POST', body: form })
    expect(target.received[0]!.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    const { request } = await detail(sandbox, 'POST /avatar')
    expect(request.filter(({ field }) => field.startsWith('body.'))).toEqual([
      { field: 'body.nickName', value: '爱丽丝', secret: false },
      { field: 'body.code', value: masked, secret: true },
      { field: 'body.avatar', value: '(file "a.png", image/png, 300 bytes)', secret: false },
    ])
  })

  it('shows bytes that are no text as what they are, where a form has them without a name of a file', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const url = `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(target.url)}/bytes`
    const head = 'Content-Disposition: form-data; name="raw"'
    await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
      body: Buffer.concat([
        Buffer.from(`--b\r\n${head}\r\n\r\n`),
        Buffer.from([0xff, 0xfe, 0x00]),
        Buffer.from('\r\n--b--\r\n'),
      ]),
    })
    const { request } = await detail(sandbox, 'POST /bytes')
    expect(request.filter(({ field }) => field.startsWith('body.'))).toEqual([
      {
        field: 'body.raw',
        value: '(file "", application/octet-stream, 3 bytes)',
        secret: false,
      },
    ])
  })

  it('is not there for an id that is none', async () => {
    const sandbox = await listen()
    for (const id of ['1', '0', '-1', 'x', '1e1', '9'.repeat(30), '%00', '__proto__']) {
      const { status, json } = await send(sandbox, `/__sandbox/wire/${id}`)
      expect([id, status, json.error.code]).toEqual([id, 404, 'SANDBOX_NOT_FOUND'])
    }
    expect((await send(sandbox, '/__sandbox/wire/%ff')).status).toBe(400)
  })
})

describe('revealing', () => {
  it('gives one value of one message, as it was', async () => {
    await withApp(async (app, sandbox) => {
      const { token } = await logIn(app, sandbox)
      const login = await detail(sandbox, 'POST /wx/login')
      expect(login.response).toContainEqual({ field: 'body.token', value: masked, secret: true })
      expect(await reveal(sandbox, login.id, 'response', 'body.token')).toBe(token)
      const session = await detail(sandbox, 'GET /sns/jscode2session')
      const key = await reveal(sandbox, session.id, 'response', 'body.session_key')
      expect(key).toBe(sandbox.user('alice').sessionKey())
      expect(await reveal(sandbox, session.id, 'request', 'query.secret')).toBe(sandbox.secret)
    })
  })

  it.each([
    [{ part: 'request', field: 'body.nothing' }, 404],
    [{ part: 'response', field: '__proto__' }, 404],
    [{ part: 'decoded', field: '0.0' }, 404],
    [{ part: 'decoded', field: 'x' }, 404],
    [{ part: 'everything', field: 'a' }, 400],
    [{ part: 'request' }, 400],
    [{ part: 'request', field: '' }, 400],
    [{ part: 'request', field: 7 }, 400],
    [{ part: 'request', field: 'a', more: 1 }, 400],
    ['[', 400],
    ['"x"', 400],
  ])('refuses %j', async (body, status) => {
    const sandbox = await listen()
    await exchange(sandbox, 'x')
    const answer = await send(sandbox, '/__sandbox/wire/1/reveal', body)
    expect(answer.status).toBe(status)
    expect(answer.json.error.code).toMatch(/^SANDBOX_/)
  })

  it('is only for callers on this machine', async () => {
    const { createWireActions } = await import('../../src/sandbox/control/wire-routes.js')
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const actions = createWireActions(createWire({ now: () => 0 }), {} as never)
    expect(() => actions.reveal('1', '{"part":"request","field":"a"}', false)).toThrow(
      expect.objectContaining({ code: 'SANDBOX_FORBIDDEN' }),
    )
  })
})

describe('a command to a store', () => {
  it('is shown with what it holds, but for the secrets', async () => {
    const { createRenderer } = await import('../../src/sandbox/wire/render.js')
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const wire = createWire({ now: () => 0 })
    const record = JSON.stringify({ openid: 'o123', session_key: 'tiihtNczf5v6AKRyjwEUhQ==', n: 1 })
    wire
      .begin({
        from: 'server',
        to: 'redis',
        title: 'SET wx:sess:a1B2c3D4e5F6g7H8i9J0k1L2',
        request: { kind: 'command', args: ['SET', 'wx:x', record, 'EX', '60'] },
      })
      .end({ outcome: 'answered', response: { kind: 'value', value: 'OK' } })
    const { detail: show, reveal: open } = createRenderer({ secrets: [] } as never)
    const kept = wire.find(1)!
    const shown = show(kept)
    expect(shown.title).toMatch(/^SET wx:sess:\*\*\*#[0-9a-f]{8}$/)
    expect(shown.raw.request).toMatch(
      /^SET wx:x "\{\\"openid\\":\\"o123\\",\\"session_key\\":\\"\*\*\*#[0-9a-f]{8}\\",\\"n\\":1\}" EX 60$/,
    )
    expect(shown.raw.response).toBe('OK')
    expect(shown.url).toBeNull()
    expect(open(kept, 'request', 'arg.2')).toEqual({ value: record })
  })
})
