import { gzipSync } from 'node:zlib'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { type AttackedApp, expectRefusal, expectUnsaid, startAttackedApp } from './attacked-app.js'
import { rawRequest, type RawAnswer, type RawRequest } from './raw-request.js'

const canary = 'canary-in-the-body'

let t: AttackedApp
let token: string
beforeAll(async () => {
  t = await startAttackedApp({ redis: null })
  ;({ token } = await t.login('alice'))
})
afterAll(() => t?.close())

type Headers = NonNullable<RawRequest['headers']>

/** Sends a body, which must cost no call to WeChat and change nothing. */
async function post(path: string, headers: Headers, body: string | Buffer): Promise<RawAnswer> {
  const before = t.exchanges()
  const answer = await rawRequest(t.url, {
    ...{ method: 'POST', path, body },
    headers: [['Authorization', `Bearer ${token}`], ...headers],
  })
  expect(t.exchanges()).toBe(before)
  expect(await t.me(token)).toBe(200)
  return answer
}

const json: Headers = [['Content-Type', 'application/json']]
const routes = ['/wx/login', '/wx/profile', '/wx/phone']

function expectBadBody(answer: RawAnswer, statuses: number[]): void {
  expect(statuses).toContain(answer.status)
  expectRefusal(answer, answer.status, 'WX_BAD_REQUEST', 'none')
  expect(answer.text).not.toContain(canary)
}

describe('attack 21: a body of another content type: 400 or 415', () => {
  const good = JSON.stringify({ code: canary, nickName: canary })
  const form = `code=${canary}&nickName=${canary}`
  const multipart = `--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n${canary}\r\n--x--\r\n`

  test.each<[string, Headers, string | Buffer]>([
    ['a form', [['Content-Type', 'application/x-www-form-urlencoded']], form],
    ['a form with JSON in it', [['Content-Type', 'application/x-www-form-urlencoded']], good],
    ['text', [['Content-Type', 'text/plain']], good],
    ['multipart', [['Content-Type', 'multipart/form-data; boundary=x']], multipart],
    ['XML', [['Content-Type', 'application/xml']], `<code>${canary}</code>`],
    ['none', [], good],
    ['an empty one', [['Content-Type', '']], good],
    ['nonsense', [['Content-Type', ';;;']], good],
    ['JSON’s neighbour', [['Content-Type', 'application/jsonx']], good],
    ['JSON behind a comma', [['Content-Type', 'text/plain, application/json']], good],
    ['a charset that is none', [['Content-Type', 'application/json; charset=klingon']], good],
    ['latin1', [['Content-Type', 'application/json; charset=latin1']], good],
    [
      'UTF-16 that is none',
      [['Content-Type', 'application/json; charset=utf-16le']],
      Buffer.from(good),
    ],
    ['an encoding that is none', [...json, ['Content-Encoding', 'x-canary']], good],
    ['gzip that is none', [...json, ['Content-Encoding', 'gzip']], good],
  ])('%s', async (_what, headers, body) => {
    for (const path of routes) expectBadBody(await post(path, headers, body), [400, 415])
  })
})

describe('attack 22: a body that is too large, too deep or broken: 413 or 400, and nothing of it in any output', () => {
  test.each<[string, () => [Headers, string | Buffer], number]>([
    ['200 kB', () => [json, JSON.stringify({ code: canary, pad: 'x'.repeat(200_000) })], 413],
    ['80 000 brackets', () => [json, `{"code":"${canary}","x":${'['.repeat(80_000)}`], 413],
    [
      '200 kB in chunks, of a length that is not told',
      () => {
        const chunk = `{"code":"${canary}","pad":"${'x'.repeat(200_000)}"}`
        const body = `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`
        return [[...json, ['Transfer-Encoding', 'chunked']], body]
      },
      413,
    ],
    [
      '20 MB packed into 20 kB',
      () => {
        const body = gzipSync(`{"code":"${canary}","pad":"${'x'.repeat(20_000_000)}"}`)
        return [[...json, ['Content-Encoding', 'gzip']], body]
      },
      413,
    ],
    ['30 000 brackets, open', () => [json, `{"code":"${canary}","x":${'['.repeat(30_000)}`], 400],
    [
      '15 000 brackets, closed',
      () => [json, `{"code":"${canary}","x":${'['.repeat(15_000)}${']'.repeat(15_000)}}`],
      400,
    ],
    [
      '7 000 objects in each other',
      () => [json, `${'{"a":'.repeat(5000)}"${canary}"${'}'.repeat(5000)}`],
      400,
    ],
    ['half of it', () => [json, `{"code":"${canary}"`], 400],
    ['half a word', () => [json, `{"code":"${canary}`], 400],
    ['two of them', () => [json, `{"code":"${canary}"}{}`], 400],
    ['single quotes', () => [json, `{'code':'${canary}'}`], 400],
    ['a word', () => [json, canary], 400],
    ['bytes that are no text', () => [json, Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d])], 400],
    ['a list', () => [json, JSON.stringify([canary])], 400],
    ['a text', () => [json, JSON.stringify(canary)], 400],
  ])('%s', async (_what, make, status) => {
    const [headers, body] = make()
    for (const path of routes) expectBadBody(await post(path, headers, body), [status])
    // The example app's own route is as careful.
    const own = await post('/me/notes', headers, body)
    expectRefusal(own, own.status, 'BAD_REQUEST', 'none')
    expect([400, 413]).toContain(own.status)
    expect(own.text).not.toContain(canary)
  })

  test('nothing of all this stands in stdout or stderr', () => {
    expect(t.app.log().length).toBeGreaterThan(50)
    expectUnsaid(t, canary, /x{50}/, /\[{50}/, /Unexpected (token|end)/, /^ +at /m)
  })
})

describe('attack 23: __proto__ and constructor in a body: no prototype is changed, no option either', () => {
  let own: TestApp
  const seen: object[] = []
  beforeAll(async () => {
    own = await startTestApp({
      wx: {
        onUser(event) {
          seen.push(event)
          return { id: 1 }
        },
      },
      routes(app) {
        app.get('/probe', (req, res) => {
          const probes = [{}, [], () => 1, req.query, Object.create(null) as object]
          res.json({
            polluted: probes.map((o) => (o as { polluted?: unknown }).polluted ?? null),
            isAdmin: probes.map((o) => (o as { isAdmin?: unknown }).isAdmin ?? null),
          })
        })
      },
    })
  })
  afterAll(() => own?.close())

  const payloads = [
    '"__proto__":{"polluted":1,"isAdmin":true}',
    '"__proto__":null',
    '"__proto__":{"__proto__":{"polluted":1}}',
    '"constructor":{"prototype":{"polluted":1,"isAdmin":true}}',
    '"prototype":{"polluted":1}',
    '"constructor":null,"hasOwnProperty":1,"toString":1,"valueOf":1,"toJSON":1',
    '"x":[{"__proto__":{"polluted":1}}]',
    '"__proto__.polluted":1,"constructor.prototype.polluted":1',
    '"__defineGetter__":1,"__lookupSetter__":1',
  ]

  test.each(payloads)('%s', async (payload) => {
    const send = (path: string, field: string, as?: string) => {
      const test = own.http.post(`${path}?__proto__[polluted]=1&constructor[prototype][polluted]=1`)
      if (as !== undefined) void test.set('Authorization', `Bearer ${as}`)
      return test.type('json').send(`{${field},${payload}}`)
    }
    const code = own.sandbox.user('alice').login()
    const login = await send('/wx/login', `"code":"${code}"`)
    expect([200, 400]).toContain(login.status)
    // Refused before the code was spent, or of no effect at all.
    const { body } =
      login.status === 200 ? login : await own.post('/wx/login', { code }).expect(200)
    const mine = (body as { token: string }).token
    expect([200, 400]).toContain((await send('/wx/profile', '"nickName":"x"', mine)).status)

    const probe = await own.http.get('/probe?__proto__[isAdmin]=1').expect(200)
    const nothing = [null, null, null, null, null]
    expect(probe.body).toEqual({ polluted: nothing, isAdmin: nothing })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    // No option has another value: the same user, the same app, the same lifetime.
    expect((await own.get('/me', mine)).body).toEqual({
      appid: own.sandbox.appid,
      openid: own.sandbox.user('alice').openid(),
      unionid: null,
      user: { id: 1 },
    })
    const session = await own.get('/wx/session', mine).expect(200)
    expect(session.body).toMatchObject({ user: { id: 1 }, expiresIn: 7 * 24 * 3600 })
  })

  test('the hook was given nothing but what the contract names', () => {
    expect(seen.length).toBeGreaterThan(payloads.length)
    for (const event of seen) {
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype)
      const names = Object.keys(event)
      expect(['appid', 'openid', 'unionid', 'reason', 'profile', 'phone']).toEqual(
        expect.arrayContaining(names),
      )
    }
  })
})
