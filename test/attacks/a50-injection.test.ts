import { type AttackedApp, startAttackedApp } from './attacked-app.js'
import { picture } from './picture.js'
import { rawRequest } from './raw-request.js'

let t: AttackedApp
let token: string
beforeAll(async () => {
  t = await startAttackedApp({ redis: null, env: { LOG_LEVEL: 'trace' } })
  ;({ token } = await t.login('alice'))
})
afterAll(() => t?.close())

/** Every field of JSON of the example app, by its route, and what must be beside it to come to it. */
const fields: [path: string, field: string, beside?: object][] = [
  ['/wx/login', 'code'],
  ['/wx/login', 'rawData', { code: 'x', signature: '0'.repeat(40) }],
  ['/wx/login', 'signature', { code: 'x', rawData: '{}' }],
  ['/wx/login', 'encryptedData', { code: 'x', iv: `${'A'.repeat(22)}==` }],
  ['/wx/login', 'iv', { code: 'x', encryptedData: 'A'.repeat(64) }],
  ['/wx/profile', 'nickName'],
  ['/wx/profile', 'avatarUrl'],
  ['/wx/profile', 'rawData', { signature: '0'.repeat(40) }],
  ['/wx/profile', 'signature', { rawData: '{}' }],
  ['/wx/profile', 'encryptedData', { iv: `${'A'.repeat(22)}==` }],
  ['/wx/profile', 'iv', { encryptedData: 'A'.repeat(64) }],
  ['/wx/phone', 'code'],
  ['/wx/phone', 'encryptedData', { iv: `${'A'.repeat(22)}==` }],
  ['/wx/phone', 'iv', { encryptedData: 'A'.repeat(64) }],
  ['/me/notes', 'text'],
]

/** One refused piece of data may be the twentieth of its session. */
async function freshToken(): Promise<string> {
  ;({ token } = await t.login('alice'))
  return token
}

const post = async (path: string, body: unknown) => t.ask(path, { body, token: await freshToken() })

async function upload(nickName: string): Promise<number> {
  const form = new FormData()
  form.set('nickName', nickName)
  form.set('avatar', new Blob([picture]))
  const reply = await fetch(`${t.url}/me/avatar`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${await freshToken()}` },
  })
  await reply.text()
  return reply.status
}

describe('attack 50: line breaks and control characters in any field forge no line of the log and no header', () => {
  const forged = '{"level":"fatal","msg":"forged"}'
  const payloads = [
    `x\n${forged}\n`,
    `x\r\n${forged}\r\n`,
    `x\r${forged}`,
    `x\u2028${forged}\u2029`,
    `x\u0085${forged}`,
    `x\u0000${forged}`,
    `\u001b[2J\u001b]0;forged\u0007${forged}`,
    `","level":"fatal","msg":"forged`,
    'x\r\nSet-Cookie: forged=1\r\n\r\nforged',
    '\u202eforged\ufeff',
    '%s%d%o%j forged',
  ]
  let from = 0
  let sent = 0
  beforeAll(() => {
    from = t.app.output().length
  })

  test.each(fields)('in the body of POST %s, in %s', async (path, field, beside = {}) => {
    for (const payload of payloads) {
      const answer = await post(path, { ...beside, [field]: payload })
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers.get('set-cookie')).toBeNull()
      sent += 2
    }
  })

  test('as the name of a field, and in a form', async () => {
    for (const payload of payloads) {
      for (const path of ['/wx/login', '/wx/logout', '/wx/profile', '/wx/phone', '/me/notes']) {
        expect((await post(path, { [payload]: payload })).status).toBeLessThan(500)
        sent += 2
      }
      expect(await upload(payload)).toBeLessThan(500)
      sent += 2
    }
  })

  test('in the path, the query and the headers', async () => {
    for (const payload of payloads) {
      const encoded = encodeURIComponent(payload)
      for (const path of [
        `/${encoded}`,
        `/me?x=${encoded}`,
        `/avatars/${encoded}`,
        `/wx/${encoded}`,
      ]) {
        expect((await t.ask(path)).status).toBeLessThan(500)
        sent++
      }
      for (const name of [
        ...['Authorization', 'X-Request-Id', 'User-Agent', 'Referer', 'X-Forwarded-For'],
        ...['Cookie', 'Content-Type', 'Origin', 'Accept', 'X-WX-OPENID', 'traceparent'],
      ]) {
        // As UTF-8 bytes. Line breaks end the header: what follows is a header of its own, or a bad request.
        const value = Buffer.from(payload).toString('latin1')
        const answer = await rawRequest(t.url, { path: '/wx/session', headers: [[name, value]] })
        expect(answer.status).toBeLessThan(500)
        expect(answer.headers.get('set-cookie')).toBeNull()
        expect(answer.headers.get('x-request-id') ?? '').toMatch(/^[\w.:-]{0,128}$/)
        sent++
      }
      const raw = await rawRequest(t.url, { path: `/${payload.replaceAll(/[\r\n ]/g, '\u000b')}` })
      expect(raw.status).toBeLessThan(500)
      sent++
    }
  })

  test('all that was logged is one JSON object a line, one line a request, and none of it is forged', () => {
    const text = t.app.output().slice(from)
    // oxlint-disable-next-line no-control-regex -- what a terminal would obey, or take for the end of a line
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    const lines = text.trimEnd().split('\n')
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const record of records) {
      expect(Object.prototype.toString.call(record)).toBe('[object Object]')
      expect(['trace', 'debug', 'info', 'warn']).toContain(record['level'])
      expect(record['msg']).not.toBe('forged')
    }
    const requests = records.filter(({ msg }) => msg === 'request')
    expect(requests.length).toBeGreaterThan(sent / 2)
    // Where Node itself refuses a request there is none.
    expect(requests.length).toBeLessThanOrEqual(sent)
  })
})

describe('attack 50: 100 kB in any field: 400 or 413, and others are answered meanwhile', () => {
  /** Sends something large, and asks for something small at the same time. */
  async function beside<T>(large: Promise<T>): Promise<T> {
    const small = Array.from({ length: 5 }, async () => (await t.ask('/public')).status)
    expect(await Promise.all(small)).toEqual([200, 200, 200, 200, 200])
    return large
  }
  const size = 100_000

  test.each(fields)('POST %s, %s', async (path, field, others = {}) => {
    for (const value of ['A'.repeat(size), ['A'.repeat(size)], { A: 'A'.repeat(size) }]) {
      const answer = await beside(post(path, { ...others, [field]: value }))
      expect([400, 413]).toContain(answer.status)
      expect(JSON.stringify(answer.body).length).toBeLessThan(1000)
    }
  })

  test.each(fields)(
    'as much as a body may have, of what a pattern may choke on: POST %s, %s',
    async (path, field, others = {}) => {
      const most = 15_000
      for (const value of [
        ...['A', '=', ' ', '\t', '-', '0', '%', '\\', 'a@', '\u3000', '/'].map((s) =>
          s.repeat(most / s.length),
        ),
        `${'A'.repeat(most)}!`,
        `${' '.repeat(most)}x`,
        `${'A='.repeat(most / 2)}!`,
        `http://${'a.'.repeat(most / 3)}`,
        `wxfile:${'/'.repeat(most)}\n`,
      ]) {
        const answer = await beside(post(path, { ...others, [field]: value }))
        // Only a note may be any text.
        expect(answer.status).toBeGreaterThanOrEqual(path === '/me/notes' ? 201 : 400)
        expect(answer.status).toBeLessThan(500)
      }
    },
  )

  test('a form, a name of a field, a query and a header of 100 kB', async () => {
    const large = 'A'.repeat(size)
    expect([400, 413]).toContain(await beside(upload(large)))
    for (const path of ['/wx/login', '/wx/logout', '/wx/profile', '/wx/phone', '/me/notes']) {
      expect([400, 413]).toContain((await beside(post(path, { [large]: 1 }))).status)
    }
    // Node's own limit: 16 kB for all of the head.
    for (const path of [`/me?x=${large}`, `/${large}`]) {
      expect((await beside(t.ask(path))).status).toBe(431)
    }
    for (const name of ['Authorization', 'Cookie', 'X-Request-Id', 'X-Forwarded-For']) {
      const answer = await beside(rawRequest(t.url, { headers: [[name, large]] }))
      expect(answer.status).toBe(431)
    }
    expect(await t.me(await freshToken())).toBe(200)
  })
})
