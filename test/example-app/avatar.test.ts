import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type PostgresServer, startPostgres } from '../support/postgres.js'
import { type Answer, type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

const base64 = (text: string): Buffer => Buffer.from(text, 'base64')
const png = base64(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
)
const gif = base64('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7')
const webp = base64('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==')
const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(64)])
const megabyte = 1024 * 1024

let sandbox: Sandbox
let app: App
let postgres: PostgresServer
let token: string

const login = async (name: string): Promise<Answer['body']> =>
  (await http(`${app.url}/wx/login`, { body: { code: sandbox.user(name).login() } })).body

/** A form; a Buffer in it is a file, as `wx.uploadFile` sends it. */
function form(fields: [name: string, value: string | Buffer][]): FormData {
  const data = new FormData()
  for (const [name, value] of fields) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, new Blob([new Uint8Array(value)]), 'tmp_4f1d.png')
  }
  return data
}

async function upload(
  body: FormData | string,
  headers: Record<string, string> = { authorization: `Bearer ${token}` },
): Promise<Omit<Answer, 'text'>> {
  const response = await fetch(`${app.url}/me/avatar`, { method: 'POST', headers, body })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

async function picture(path: string): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(app.url + path)
  return { response, bytes: Buffer.from(await response.arrayBuffer()) }
}

beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0 })
  await sandbox.listen(0, '127.0.0.1')
})

afterAll(async () => {
  await sandbox?.close()
})

describe.each(['PostgreSQL', 'the embedded database'])('an avatar, in %s', (kind) => {
  beforeAll(async () => {
    if (kind === 'PostgreSQL') postgres = await startPostgres()
    app = await startApp({
      WX_API_BASE: sandbox.baseUrl,
      ...(kind === 'PostgreSQL' && { DATABASE_URL: postgres.url }),
    })
    ;({ token } = await login('alice'))
  })

  afterAll(async () => {
    await app?.stop()
    if (kind === 'PostgreSQL') await postgres?.stop()
  })

  test('is kept with the nickname, for this session and the next login', async () => {
    const before = (await http(`${app.url}/me`, { token })).body.user
    const saved = await upload(
      form([
        ['nickName', ' 小明 😀 '],
        ['avatar', png],
      ]),
    )
    expect(saved).toMatchObject({
      status: 200,
      body: { user: { id: before.id, nickname: '小明 😀', lastLoginAt: before.lastLoginAt } },
    })
    expect(saved.body.user.avatarUrl).toMatch(/^\/avatars\/[\w-]{22}$/)
    expect((await http(`${app.url}/me`, { token })).body.user).toEqual(saved.body.user)
    const { user } = await login('alice')
    expect(user).toEqual({ ...saved.body.user, lastLoginAt: user.lastLoginAt })
  })

  test.each([
    ['PNG', png, 'image/png'],
    ['JPEG', jpeg, 'image/jpeg'],
    ['WebP', webp, 'image/webp'],
    ['GIF', gif, 'image/gif'],
  ])('may be a %s, and comes back as it was sent', async (_, sent, type) => {
    const { avatarUrl } = (await upload(form([['avatar', sent]]))).body.user
    const { response, bytes } = await picture(avatarUrl)
    expect(response.status).toBe(200)
    expect(bytes).toEqual(sent)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'public, max-age=31536000, immutable',
    })
  })

  test('without a nickname leaves the name as it was, as does WeChat’s stand-in', async () => {
    for (const fields of [[], [['nickName', '']], [['nickName', '微信用户']]] as [
      string,
      string,
    ][][]) {
      const saved = await upload(form([...fields, ['avatar', png]]))
      expect(saved.body.user.nickname).toBe('小明 😀')
    }
  })

  test('has a new address with every picture, and the old one leads nowhere', async () => {
    const first = (await upload(form([['avatar', png]]))).body.user.avatarUrl
    const second = (await upload(form([['avatar', gif]]))).body.user.avatarUrl
    expect(second).not.toBe(first)
    expect((await http(app.url + first)).status).toBe(404)
    expect((await picture(second)).bytes).toEqual(gif)
  })

  test('of one user is not touched by another’s', async () => {
    const mine = (await upload(form([['avatar', png]]))).body.user
    const bob = await login('bob')
    const his = await upload(form([['avatar', gif]]), { authorization: `Bearer ${bob.token}` })
    expect(his.body.user.id).not.toBe(mine.id)
    expect((await picture(mine.avatarUrl)).bytes).toEqual(png)
  })

  test('ten uploads at once end with one picture, and it is the one in the user’s row', async () => {
    const uploads = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        upload(form([['avatar', Buffer.concat([png, Buffer.from([i])])]])),
      ),
    )
    expect(uploads.map(({ status }) => status)).toEqual(Array(10).fill(200))
    const { avatarUrl } = (await login('alice')).user
    const found = await Promise.all(uploads.map(({ body }) => picture(body.user.avatarUrl)))
    expect(found.filter(({ response }) => response.status === 200)).toHaveLength(1)
    expect((await picture(avatarUrl)).response.status).toBe(200)
  })

  test('of one megabyte is taken, and one byte more is a 413', async () => {
    const filled = (size: number): Buffer => Buffer.concat([png, Buffer.alloc(size - png.length)])
    expect((await upload(form([['avatar', filled(megabyte)]]))).status).toBe(200)
    expect(await upload(form([['avatar', filled(megabyte + 1)]]))).toMatchObject({
      status: 413,
      body: { error: { code: 'BAD_REQUEST', message: 'The picture must have at most 1 MB.' } },
    })
  })
})

describe('what is no avatar', () => {
  beforeAll(async () => {
    app = await startApp({ WX_API_BASE: sandbox.baseUrl })
    ;({ token } = await login('carol'))
  })

  afterAll(async () => {
    // A refusal leaves nothing behind.
    expect((await http(`${app.url}/me`, { token })).body.user.avatarUrl).toBeNull()
    expect(app.output()).not.toMatch(/"level":"(error|fatal)"/)
    await app?.stop()
  })

  test('without a session is a 401, before the file is read', async () => {
    const answer = await upload(form([['avatar', png]]), {})
    expect(answer).toMatchObject({
      status: 401,
      body: { error: { code: 'WX_SESSION_REQUIRED', action: 'login' } },
    })
  })

  const html = Buffer.from('<script>alert(1)</script>')
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')

  test.each<[string, number, string, [string, string | Buffer][]]>([
    [
      'HTML that is called a picture',
      415,
      'The picture must be a PNG, JPEG, WebP or GIF.',
      [['avatar', html]],
    ],
    [
      'SVG, which can run scripts',
      415,
      'The picture must be a PNG, JPEG, WebP or GIF.',
      [['avatar', svg]],
    ],
    [
      'an empty file',
      415,
      'The picture must be a PNG, JPEG, WebP or GIF.',
      [['avatar', Buffer.alloc(0)]],
    ],
    ['no file', 400, 'The picture is missing: the field avatar.', [['nickName', '小明']]],
    [
      'text instead of a file',
      400,
      'The picture is missing: the field avatar.',
      [['avatar', 'wxfile://tmp']],
    ],
    ['a file in another field', 400, 'Send one file, in the field avatar.', [['file', png]]],
    [
      'two files',
      400,
      'Send one file, in the field avatar.',
      [
        ['avatar', png],
        ['avatar', png],
      ],
    ],
    [
      'a nickname of 65 characters',
      400,
      'nickName must be at most 64 characters.',
      [
        ['nickName', 'a'.repeat(65)],
        ['avatar', png],
      ],
    ],
    [
      'a nickname with control characters',
      400,
      'nickName must have no control characters.',
      [
        ['nickName', 'a\0b'],
        ['avatar', png],
      ],
    ],
    [
      'two nicknames',
      400,
      'nickName must be sent once, as text.',
      [
        ['nickName', 'a'],
        ['nickName', 'b'],
        ['avatar', png],
      ],
    ],
    [
      'a field without end',
      400,
      'The form is not as wanted: field value too long.',
      [
        ['nickName', 'a'.repeat(2000)],
        ['avatar', png],
      ],
    ],
  ])('%s is a %i that says so', async (_, status, message, fields) => {
    const answer = await upload(form(fields))
    expect(answer.status).toBe(status)
    expect(answer.body.error).toEqual({
      code: 'BAD_REQUEST',
      message,
      action: 'none',
      requestId: expect.any(String),
    })
  })

  test.each([
    [
      'JSON',
      415,
      'Send multipart/form-data with the picture in the field avatar.',
      'application/json',
      '{}',
    ],
    [
      'a form that ends too early',
      400,
      'The multipart body is broken.',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\nabc',
    ],
    [
      'a form without a boundary',
      400,
      'The multipart body is broken.',
      'multipart/form-data',
      'abc',
    ],
  ])('%s is a %i that says so', async (_, status, message, type, body) => {
    const answer = await upload(body, { authorization: `Bearer ${token}`, 'content-type': type })
    expect(answer).toMatchObject({ status, body: { error: { code: 'BAD_REQUEST', message } } })
  })

  test.each([
    ['a number', '1'],
    ['of the right form', 'x'.repeat(22)],
    ['with a way out', '../me'],
    ['with a NUL', '\0'],
    ['very long', 'a'.repeat(5000)],
  ])('an address that nobody was given, %s, is a 404', async (_, id) => {
    const answer = await http(`${app.url}/avatars/${encodeURIComponent(id)}`)
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  })
})
