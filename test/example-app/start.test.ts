import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type App, http, login, startApp } from './spawn-app.js'

const shell = promisify(execFile)

let app: App
let sandboxUrl: string
let walk: string[]

beforeAll(async () => {
  app = await startApp()
  walk = app
    .output()
    .split('\n')
    .filter((line) => /^(code=|token=|curl )/.test(line))
  sandboxUrl = /(http:\S+)\/__sandbox/.exec(walk[0] ?? '')?.[1] ?? ''
}, 60_000)

afterAll(async () => {
  await app?.stop()
})

describe('started without any configuration', () => {
  test('prints one URL first, then the modes and what is not for production', () => {
    expect(/http:\S+/.exec(app.output())?.[0]).toBe(app.url)
    for (const warning of ['SANDBOX', 'MEMORY SESSIONS', 'RANDOM SECRET', 'EMBEDDED DATABASE'])
      expect(app.output()).toMatch(new RegExp(`^ *! ${warning}: `, 'm'))
    expect(app.output()).not.toContain('\x1b[')
  })

  test('the three printed lines, pasted into bash, show the user', async () => {
    expect(walk).toHaveLength(3)
    const { stdout } = await shell('bash', ['-c', walk.join('\n')])
    expect(JSON.parse(stdout)).toEqual({
      appid: expect.stringMatching(/^wx/),
      openid: expect.any(String),
      unionid: null,
      user: {
        id: expect.any(Number),
        nickname: null,
        avatarUrl: null,
        createdAt: expect.any(String),
        lastLoginAt: expect.any(String),
      },
    })
  })

  test('the start page shows the same walk and needs nothing from elsewhere', async () => {
    const { status, headers, body } = await http(app.url)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/html')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    const text = (body as string).replace(/&#(\d+);/g, (_, point: string) =>
      String.fromCodePoint(Number(point)),
    )
    expect(text).toContain(walk.join('\n'))
    for (const link of ['/healthz', '/metrics', `${sandboxUrl}/__sandbox`])
      expect(text).toContain(`href="${link}"`)
    expect(body).not.toMatch(/<script|src=|@import|url\(/)
  })

  test('two more lines of the start page, in the same shell, show her phone number', async () => {
    const page = ((await http(app.url)).body as string).replace(/&#(\d+);/g, (_, point: string) =>
      String.fromCodePoint(Number(point)),
    )
    const lines = page.split('\n').map((line) => line.replace(/^<pre>|<\/pre>$/g, ''))
    const more = lines.slice(lines.findIndex((line) => line.startsWith('tap='))).slice(0, 2)
    const { stdout } = await shell('bash', ['-c', [...walk, ...more].join('\n')])
    const [me = '', phone = ''] = stdout.trim().split('\n')
    const { phoneNumber } = JSON.parse(phone)
    expect(JSON.parse(phone)).toEqual({
      phoneNumber: expect.stringMatching(/^139\d{8}$/),
      purePhoneNumber: phoneNumber,
      countryCode: '86',
      user: { ...JSON.parse(me).user, phone: phoneNumber },
    })
  })

  test('a login answers what the phone may see and never the openid', async () => {
    const { status, body } = await login(app, sandboxUrl, 'bob')
    expect(status).toBe(200)
    const me = await http(`${app.url}/me`, { token: body.token })
    expect(me.headers.get('cache-control')).toBe('no-store')
    expect(body.user).toEqual(me.body.user)
    expect(JSON.stringify(body)).not.toContain(me.body.openid)
  })

  test('the second login is the same user', async () => {
    const first = (await login(app, sandboxUrl, 'carol')).body.user
    const second = (await login(app, sandboxUrl, 'carol')).body.user
    expect(second).toMatchObject({ id: first.id, createdAt: first.createdAt })
    expect(Date.parse(second.lastLoginAt)).toBeGreaterThan(Date.parse(first.lastLoginAt))
  })
})

describe('routes', () => {
  test('health, readiness and the public route need no session', async () => {
    expect(await http(`${app.url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await http(`${app.url}/readyz`)).toMatchObject({
      status: 200,
      body: { status: 'ok', redis: 'memory', database: 'ok' },
    })
    expect(await http(`${app.url}/public`)).toMatchObject({ status: 200 })
  })

  test.each(['/me', '/me/notes'])('%s without a session is 401 and says: log in', async (path) => {
    const { status, body } = await http(app.url + path)
    expect(status).toBe(401)
    expect(body.error).toMatchObject({ code: 'WX_SESSION_REQUIRED', action: 'login' })
  })

  test.each([
    ['GET', '/nothing'],
    ['DELETE', '/public'],
    ['GET', '/me/nothing/../../nothing'],
  ])('%s %s is 404 in the shape of every error', async (method, path) => {
    const { status, headers, body } = await http(app.url + path, { method })
    expect(status).toBe(404)
    expect(body).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: expect.any(String),
        action: 'none',
        requestId: headers.get('x-request-id'),
      },
    })
  })

  test('answers carry the headers of helmet and not the name of the framework', async () => {
    const { headers } = await http(`${app.url}/public`)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBeTruthy()
    expect(headers.get('x-powered-by')).toBeNull()
  })

  test('a sane request id is taken over: in the reply, in errors of the plugin too, and in the log', async () => {
    const id = 'phone-42.request_7'
    const { headers, body } = await http(`${app.url}/me`, { headers: { 'x-request-id': id } })
    expect(headers.get('x-request-id')).toBe(id)
    expect(body.error.requestId).toBe(id)
    await app.saw(new RegExp(`"requestId":"${id}".*"path":"/me","status":401`))
  })

  test.each(['a b', 'x'.repeat(129), '<script>alert(1)</script>'])(
    'the request id %j is replaced',
    async (id) => {
      const { headers } = await http(`${app.url}/public`, { headers: { 'x-request-id': id } })
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})

describe('notes', () => {
  let token: string
  beforeAll(async () => {
    token = (await login(app, sandboxUrl, 'dora')).body.token
  })
  const post = (body: unknown, headers?: Record<string, string>) =>
    http(`${app.url}/me/notes`, { body, token, ...(headers && { headers }) })

  test('are kept, newest first, for their user only', async () => {
    const first = await post({ text: 'buy 🥬' })
    expect(first).toMatchObject({
      status: 201,
      body: { note: { id: expect.any(Number), text: 'buy 🥬' } },
    })
    const second = await post({ text: '写信给妈妈', ignored: true })
    const { body } = await http(`${app.url}/me/notes`, { token })
    expect(body).toEqual({ notes: [second.body.note, first.body.note] })

    const other = (await login(app, sandboxUrl, 'erin')).body.token
    expect((await http(`${app.url}/me/notes`, { token: other })).body).toEqual({ notes: [] })
  })

  test('have up to 500 characters, an emoji being one', async () => {
    expect((await post({ text: '😀'.repeat(500) })).status).toBe(201)
    expect((await post({ text: '😀'.repeat(501) })).status).toBe(400)
  })

  test.each([
    ['no body', undefined, 400],
    ['no text', {}, 400],
    ['a list', [], 400],
    ['null', 'null', 400],
    ['a number', { text: 1 }, 400],
    ['an empty text', { text: '' }, 400],
    ['a blank text', { text: ' \n ' }, 400],
    ['a NUL', { text: 'a\0b' }, 400],
    ['half an emoji', '{"text":"\\ud83d"}', 400],
    ['broken JSON', '{"text":', 400],
    ['17 kB', { text: 'x'.repeat(17_000) }, 413],
  ])('refuse %s', async (_name, body, status) => {
    const before = (await http(`${app.url}/me/notes`, { token })).body
    const answer = await http(`${app.url}/me/notes`, { method: 'POST', body, token })
    expect(answer.status).toBe(status)
    expect(answer.body.error).toEqual({
      code: 'BAD_REQUEST',
      message: expect.any(String),
      action: 'none',
      requestId: answer.headers.get('x-request-id'),
    })
    expect((await http(`${app.url}/me/notes`, { token })).body).toEqual(before)
  })
})

describe('metrics', () => {
  test('have the latency by route, the logins, the errors by code and the process', async () => {
    const value = async (series: string) => {
      const text = (await http(`${app.url}/metrics`)).body as string
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(series))
          ?.split(' ')
          .at(-1) ?? 0,
      )
    }
    const series = {
      login: 'wx_logins_total',
      error: 'app_errors_total{code="WX_SESSION_REQUIRED"}',
      notFound: 'app_errors_total{code="NOT_FOUND"}',
      me: 'http_request_duration_seconds_count{method="GET",route="/me",status="200"}',
      wxLogin: 'http_request_duration_seconds_count{method="POST",route="/wx/login",status="200"}',
    }
    const read = async () => ({
      login: await value(series.login),
      error: await value(series.error),
      notFound: await value(series.notFound),
      me: await value(series.me),
      wxLogin: await value(series.wxLogin),
    })
    const before = await read()
    const { token } = (await login(app, sandboxUrl, 'fred')).body
    await http(`${app.url}/me`, { token })
    await http(`${app.url}/me`)
    await http(`${app.url}/nothing/${Math.random()}`)
    expect(await read()).toEqual({
      login: before.login + 1,
      error: before.error + 1,
      notFound: before.notFound + 1,
      me: before.me + 1,
      wxLogin: before.wxLogin + 1,
    })
    const text = (await http(`${app.url}/metrics`)).body as string
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).toContain('nodejs_eventloop_lag_seconds')
    expect(text).not.toContain('/nothing')
  })
})
