import { exchange, listen, raw } from './support.js'
import {
  callPhone,
  detail,
  fromPhone,
  logIn,
  messages,
  read,
  reveal,
  startTarget,
  watch,
  withApp,
} from './wire-support.js'

describe('no secret', () => {
  it('is in any byte of the wire unless it was revealed', async () => {
    await withApp(async (app, sandbox) => {
      const alice = sandbox.user('alice')
      const stream = await watch(sandbox)
      const { token } = await logIn(app, sandbox)
      const bearer = { authorization: `Bearer ${token}` }
      const me = await fromPhone(sandbox, `${app.url}/me`, undefined, bearer)
      const info = await callPhone<{
        rawData: string
        signature: string
        encryptedData: string
        iv: string
      }>(sandbox, 'user-info')
      const profile = await fromPhone(sandbox, `${app.url}/wx/profile`, info, bearer)
      expect([me.status, profile.status]).toEqual([200, 200])
      const phone = await callPhone<{ code: string; encryptedData: string; iv: string }>(
        sandbox,
        'phone-number',
      )
      const number = await fromPhone(sandbox, `${app.url}/wx/phone`, { code: phone.code }, bearer)
      const { phoneNumber } = (await number.json()) as { phoneNumber: string }
      expect(phoneNumber).toMatch(/^139\d{8}$/)
      await fromPhone(sandbox, `${app.url}/wx/phone`, phone, bearer)
      await fromPhone(sandbox, `${app.url}/${token}/x?code=${phone.code}&t=${phoneNumber}`)

      const shown = await messages(sandbox)
      const codes = shown.filter(({ title }) => title === 'wx.login' || title === 'getPhoneNumber')
      const issued = await Promise.all(
        codes.map(({ id }) => reveal(sandbox, id, 'response', 'value.code')),
      )
      const secrets = [
        token,
        ...token.split('.'),
        alice.sessionKey(),
        sandbox.secret,
        phone.code,
        phoneNumber,
        phoneNumber.slice(2),
        info.signature,
        info.encryptedData,
        info.iv,
        phone.encryptedData,
        phone.iv,
        ...issued.map(String),
      ]
      await stream.next(({ data }) => data.id === shown.at(-1)!.id && data.outcome === 'answered')
      const full = await Promise.all(shown.map(({ id }) => read(sandbox, `/wire/${String(id)}`)))
      const everything = [stream.text(), await read(sandbox, '/wire/messages'), ...full].join('\n')
      stream.end()
      // They were there to be found.
      expect(shown.length).toBeGreaterThanOrEqual(11)
      expect(secrets.every((secret) => secret.length > 8)).toBe(true)
      for (const secret of secrets) {
        expect(everything).not.toContain(secret)
        expect(everything).not.toContain(encodeURIComponent(secret))
      }
    })
  })

  it.each([
    ['a code', { js_code: '0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P' }, '0a1B2c3D4e5F'],
    ['a password', { user: { password: 'hunter2hunter2' } }, 'hunter2'],
    ['a short token', { token: 'short-1' }, 'short'],
    ['a phone number in a text', { text: 'call 13912345678 now' }, '912345678'],
    ['a phone number with a country', { contact: '+44 7700900123' }, '7700900123'],
    ['a phone number that is a number', { contact: 13912345678 }, '912345678'],
    ['a JWT under another name', { data: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.a' }, 'eyJ'],
    [
      'a token half of which has letters only',
      { text: `/trLKVhybbGKpfTgZtEoxBhgULbnDwtBr.${'a1B2c3D4e5'.repeat(4)}f6G/x` },
      'trLKVhyb',
    ],
    ['hex under another name', { data: 'ab12'.repeat(10) }, 'ab12ab12'],
    ['what is in a list of secrets', { tokens: ['abcdefghi', { x: 'jklmnopqr' }] }, 'jklmnopqr'],
    ['JSON in a text', { inner: '{"session_key":"abcdefgh"}' }, 'abcdefgh'],
    ['a cookie', { header: { cookie: 'connect.sid=s%3Aabcdefgh' } }, 'abcdefgh'],
    ['a secret that is a name', { a1B2c3D4e5F6g7H8i9J0k1L2: 1 }, 'a1B2c3D4'],
  ])('is shown of an answer that holds %s', async (_, body, secret) => {
    const sandbox = await listen()
    const target = await startTarget((res) => res.end(JSON.stringify(body)))
    const response = await fromPhone(sandbox, `${target.url}/x`)
    expect(await response.text()).toContain(secret)
    const everything = [
      await read(sandbox, '/wire/messages'),
      await read(sandbox, '/wire/1'),
    ].join()
    expect(everything).toContain('***')
    expect(everything).not.toContain(secret)
  })

  it.each([
    ['plain text', 'text/plain', 'your code: abcdefgh', 'abcdefgh'],
    ['XML', 'text/xml', '<a><session_key>abcdefgh</session_key></a>', 'abcdefgh'],
    ['broken JSON', 'application/json', '{"token":"abcdefgh", ', 'abcdefgh'],
    ['HTML', 'text/html', "<input name=t value='A1b2C3d4E5f6G7h8I9j0K1'>", 'A1b2C3d4'],
  ])('is shown of %s', async (_, type, body, secret) => {
    const sandbox = await listen()
    const target = await startTarget((res) => res.setHeader('content-type', type).end(body))
    await fromPhone(sandbox, `${target.url}/x`)
    const everything = [
      await read(sandbox, '/wire/messages'),
      await read(sandbox, '/wire/1'),
    ].join()
    expect(everything).toContain('***')
    expect(everything).not.toContain(secret)
  })

  it('stands in another place because a server repeats it', async () => {
    const sandbox = await listen()
    const target = await startTarget((res, { body }) => {
      const { code } = JSON.parse(body.toString()) as { code: string }
      res.end(JSON.stringify({ error: { code: 'BAD', message: `cannot use ${code}` } }))
    })
    await fromPhone(sandbox, `${target.url}/x`, { code: 'plain words' })
    const { raw: text } = await detail(sandbox, 'POST /x')
    expect(text.response).toContain('cannot use ***')
  })

  it('is what stays readable: names, ids and errors', async () => {
    const sandbox = await listen()
    const shown = {
      errcode: 40029,
      errmsg: 'invalid code, rid: 692700c3-1a2b3c4d-5e6f7a8b',
      error: { code: 'WX_STALE_KEY', message: 'Log in again.' },
      openid: sandbox.user('a').openid(),
      appid: sandbox.appid,
      keyId: '1f2e3d4c',
      expiresIn: 604800,
      watermark: { timestamp: 1764161715, appid: sandbox.appid },
      countryCode: '86',
      when: '2026-11-26T12:00:00.000Z',
      at: 1764161715123,
      path: '/api/v1/things/with/a-long-name',
      host: 'a-service-with-a-long-name.another-part-of-a-long-name.example',
    }
    const target = await startTarget((res) => res.end(JSON.stringify(shown)))
    await fromPhone(sandbox, `${target.url}/x`)
    const { raw: text } = await detail(sandbox, 'GET /x')
    expect(JSON.parse(text.response!.split('\n\n')[1]!)).toEqual(shown)
  })
})

describe('a web page of another origin', () => {
  it.each([
    ['GET', '/__sandbox/wire'],
    ['DELETE', '/__sandbox/wire'],
    ['GET', '/__sandbox/wire/messages'],
    ['GET', '/__sandbox/wire/1'],
    ['POST', '/__sandbox/wire/1/reveal'],
    ['GET', '/__sandbox/state?user=alice'],
    ['GET', '/__sandbox/config'],
    ['GET', '/__sandbox/page/page.js'],
    ['GET', '/__sandbox/phone/'],
    ['GET', '/__sandbox/relay/http%3A%2F%2F127.0.0.1%3A1/'],
    ['OPTIONS', '/__sandbox/relay/http%3A%2F%2F127.0.0.1%3A1/'],
  ])('does not get to %s %s, nor does a rebound name', async (method, path) => {
    const sandbox = await listen()
    await exchange(sandbox, 'x')
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
    ]) {
      const { status, body, headers: answered } = await raw(sandbox, path, { method, headers })
      expect([status, JSON.parse(body).error.code]).toEqual([403, 'SANDBOX_FORBIDDEN'])
      expect(answered['access-control-allow-origin']).toBeUndefined()
    }
    expect(await messages(sandbox)).toHaveLength(1)
  })
})
