import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { WxLoginError } from '../../src/errors.js'
import type { WxFetch } from '../../src/option-types.js'
import { checkCodeSession, code2Session, isCode } from '../../src/wechat/code2session.js'
import { listen } from '../support/listen.js'
import { type LocalWeChat, startLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

const app = { appid: 'wx1111111111111111', secret: 'canary-app-secret-0123456789abcdef' }
const code = 'canaryCode0123456789abcdefABCDEF'
const good = { openid: 'oAlice', session_key: bytesFor('key') }

let wechat: LocalWeChat
beforeAll(async () => {
  wechat = await startLocalWeChat()
})
afterAll(() => wechat.close())

type Asked = Parameters<typeof code2Session>[0]
const ask = (d: Partial<Asked> = {}): ReturnType<typeof code2Session> =>
  code2Session({ ...app, code, baseUrl: wechat.baseUrl, ...d })

/** The error of an exchange; has looked that nothing of the request stands in it, however it is shown. */
async function failure(asked: Promise<unknown>): Promise<WxLoginError> {
  const error: unknown = await asked.then(
    (session) => {
      throw new Error(`succeeded: ${JSON.stringify(session)}`)
    },
    (thrown: unknown) => thrown,
  )
  if (!WxLoginError.is(error)) throw new Error('no WxLoginError', { cause: error })
  const shown = [
    inspect(error, { depth: Infinity, showHidden: true }),
    error.message,
    error.stack,
    JSON.stringify(error),
    String(error),
  ].join('\n')
  for (const secret of [
    app.secret,
    code,
    'jscode2session',
    new URL(wechat.baseUrl).host,
    good.session_key,
  ]) {
    expect(shown).not.toContain(secret)
    expect(shown).not.toContain(encodeURIComponent(secret))
  }
  expect(error.cause).toBeUndefined()
  return error
}

describe('the request', () => {
  test('is a GET with appid, secret, js_code and grant_type, and nothing else', async () => {
    wechat.say(good)
    await ask()
    expect(wechat.requests).toEqual([
      `GET /sns/jscode2session?appid=${app.appid}&secret=${app.secret}&js_code=${code}&grant_type=authorization_code`,
    ])
  })

  test.each([
    'a&appid=EVIL&js_code=b#',
    'a%26appid=EVIL',
    '?secret=x;js_code=y',
    '../../cgi-bin/token',
    'the code is a mock one',
    '+ +',
    '%',
    '~!@$^*()_=|\\"<>',
  ])('carries the code %j as one parameter, whole', async (odd) => {
    wechat.say(good)
    await ask({ code: odd })
    expect(wechat.requests).toHaveLength(1)
    const url = new URL(wechat.requests[0]!.slice('GET '.length), wechat.baseUrl)
    expect([url.pathname, url.hash]).toEqual(['/sns/jscode2session', ''])
    expect([...url.searchParams]).toEqual([
      ['appid', app.appid],
      ['secret', app.secret],
      ['js_code', odd],
      ['grant_type', 'authorization_code'],
    ])
  })

  test('says with every code exactly that code', async () => {
    const seen: URLSearchParams[] = []
    const fetch: WxFetch = async (url) => {
      seen.push(new URL(url).searchParams)
      return new Response(JSON.stringify(good))
    }
    const printable = fc
      .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)) })
      .filter(isCode)
    await fc.assert(
      fc.asyncProperty(printable, async (any) => {
        seen.length = 0
        await ask({ code: any, fetch })
        expect(seen.map((query) => query.getAll('js_code'))).toEqual([[any]])
        expect(seen[0]!.getAll('appid')).toEqual([app.appid])
        expect(seen[0]!.getAll('grant_type')).toEqual(['authorization_code'])
      }),
      { numRuns: 1000 },
    )
  })

  test('goes to WeChat where no other place is named, through the global fetch of the moment', async () => {
    const fetch = jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation(async () => Response.json(good))
    try {
      await code2Session({ ...app, code })
      const [url, init] = fetch.mock.calls[0]!
      expect(url).toMatch(/^https:\/\/api\.weixin\.qq\.com\/sns\/jscode2session\?appid=/)
      expect(init).toMatchObject({ method: 'GET', redirect: 'manual' })
    } finally {
      fetch.mockRestore()
    }
  })

  test.each([
    undefined,
    null,
    '',
    '   ',
    'x'.repeat(513),
    'a\r\nb',
    'a\u0000b',
    'a\u007fb',
    'ä',
    '😀',
    5,
    true,
    {},
    ['a'],
    { toString: () => 'a' },
  ])('is not made for %j, which is no code', async (odd) => {
    wechat.say(good)
    const error = await failure(ask({ code: odd as string }))
    expect(error).toMatchObject({ code: 'WX_BAD_REQUEST', status: 400 })
    expect(error.message).toMatch(/^code: /)
    expect(wechat.requests).toEqual([])
  })

  test('takes codes of 1 and of 512 characters', () => {
    expect([isCode('x'), isCode('x'.repeat(512)), isCode('x'.repeat(513))]).toEqual([
      true,
      true,
      false,
    ])
  })
})

test('who traces the requests to WeChat sees each with its endpoint, app and errcode', async () => {
  const ear = listen()
  try {
    wechat.say({ errcode: -1 }, good)
    await ask()
    const call = { endpoint: '/sns/jscode2session', appid: app.appid }
    expect(ear.of('wechat:asyncEnd')).toMatchObject([
      { ...call, errcode: -1 },
      { ...call, errcode: 0 },
    ])
  } finally {
    ear.stop()
  }
})

describe('an answer that is a session', () => {
  test.each<[string, string | object, object]>([
    ['openid and session_key', good, {}],
    ['errcode 0 with it', { ...good, errcode: 0, errmsg: 'ok' }, {}],
    ['errcode "0" with it', { ...good, errcode: '0' }, {}],
    ['errcode null with it', { ...good, errcode: null }, {}],
    ['a unionid', { ...good, unionid: 'uAlice' }, { unionid: 'uAlice' }],
    ['an empty unionid, which is none', { ...good, unionid: '' }, {}],
    ['a unionid that is no string, which is none', { ...good, unionid: 5 }, {}],
    ['more fields than it needs', { ...good, expires_in: 7200, sex: 1 }, {}],
    [
      'an openid of 128 characters',
      { ...good, openid: 'x'.repeat(128) },
      { openid: 'x'.repeat(128) },
    ],
    ['a byte order mark in front', `\ufeff${JSON.stringify(good)}`, {}],
    ['space around it', `\r\n ${JSON.stringify(good)}\n`, {}],
    [
      'a raw line feed in a string',
      JSON.stringify({ ...good, errmsg: '@' }).replace('@', '\n'),
      {},
    ],
    [
      'raw control characters',
      JSON.stringify({ ...good, x: '@' }).replace('@', '\u0000\u0008\u001f\t'),
      {},
    ],
  ])('is taken with %s', async (_, body, more) => {
    wechat.say(body)
    await expect(ask()).resolves.toStrictEqual({
      openid: good.openid,
      sessionKey: good.session_key,
      ...more,
    })
    expect(wechat.requests).toHaveLength(1)
  })

  test.each(['application/json', 'text/html', 'image/png', ''])('is taken as %j', async (type) => {
    wechat.answer((_req, res) => res.setHeader('content-type', type).end(JSON.stringify(good)))
    await expect(ask()).resolves.toHaveProperty('openid', good.openid)
  })

  test('is read whole where it comes in pieces that cut characters', async () => {
    const bytes = Buffer.from(JSON.stringify({ note: '汉字😀', ...good }))
    wechat.answer(async (_req, res) => {
      for (const byte of bytes) {
        res.write(Buffer.of(byte))
        await new Promise(setImmediate)
      }
      res.end()
    })
    await expect(ask()).resolves.toHaveProperty('openid', good.openid)
  })
})

describe('an answer that says no', () => {
  test.each([
    [40029, 'WX_CODE_INVALID', 401, 'login'],
    [40163, 'WX_CODE_USED', 401, 'login'],
    [40226, 'WX_USER_BLOCKED', 403, 'none'],
    [45011, 'WX_RATE_LIMITED', 429, 'retry'],
    [40013, 'WX_APP_CONFIG', 500, 'none'],
    [40125, 'WX_APP_CONFIG', 500, 'none'],
    [40243, 'WX_APP_CONFIG', 500, 'none'],
    [41002, 'WX_APP_CONFIG', 500, 'none'],
    [41004, 'WX_APP_CONFIG', 500, 'none'],
    [41008, 'WX_APP_CONFIG', 500, 'none'],
    [61003, 'WX_APP_CONFIG', 500, 'none'],
    [-1000, 'WX_UPSTREAM', 502, 'login'],
    [1, 'WX_UPSTREAM', 502, 'login'],
    [40001, 'WX_UPSTREAM', 502, 'login'],
    [99999, 'WX_UPSTREAM', 502, 'login'],
  ])('%i becomes %s, %i, %s', async (errcode, expected, status, action) => {
    for (const said of [errcode, String(errcode)]) {
      wechat.say({ errcode: said, errmsg: `invalid ${code} ${app.secret}, rid: 5f1b-3a2c-9d` })
      const error = await failure(ask())
      expect(error).toMatchObject({ code: expected, status, action, errcode, rid: '5f1b-3a2c-9d' })
      expect(error.retryAfter !== undefined).toBe(action === 'retry')
      expect(error.reason).toContain(String(errcode))
      expect(wechat.requests).toHaveLength(1)
    }
  })

  test('wins over an openid in the same answer', async () => {
    wechat.say({ ...good, errcode: 40163 })
    await expect(failure(ask())).resolves.toHaveProperty('code', 'WX_CODE_USED')
  })

  test.each([
    ['invalid code, hints: [ req_id: kpjGJa-1 ]', 'kpjGJa-1'],
    ['code been used, rid: 60c9a0e1-2d4a6b1c-0f1e2d3c', '60c9a0e1-2d4a6b1c-0f1e2d3c'],
    ['code been used rid:60c9a0e1', '60c9a0e1'],
    ['rid: abc', undefined],
    ['no id', undefined],
    ['', undefined],
    [undefined, undefined],
    [5, undefined],
    [{ rid: 'x' }, undefined],
  ])('keeps WeChat’s request id out of %j', async (errmsg, rid) => {
    wechat.say({ errcode: 40029, errmsg })
    const error = await failure(ask())
    expect(error.rid).toBe(rid)
    expect('rid' in error).toBe(rid !== undefined)
  })
})

describe('WeChat that is busy (-1)', () => {
  test.each([-1, '-1'])('%j is asked once more and then answers', async (errcode) => {
    wechat.say({ errcode, errmsg: 'system error' }, good)
    await expect(ask()).resolves.toEqual({ openid: good.openid, sessionKey: good.session_key })
    expect(wechat.requests).toHaveLength(2)
    expect(wechat.requests[1]).toBe(wechat.requests[0])
  })

  test('twice is WX_BUSY, after exactly two requests', async () => {
    wechat.say({ errcode: -1, errmsg: 'system error, rid: 60c9a0e1-1' })
    const error = await failure(ask())
    expect(error).toMatchObject({
      code: 'WX_BUSY',
      status: 503,
      action: 'retry',
      errcode: -1,
      rid: '60c9a0e1-1',
    })
    expect(error.retryAfter).toBeGreaterThan(0)
    expect(wechat.requests).toHaveLength(2)
  })

  test('once, and then no, is that no', async () => {
    wechat.say({ errcode: -1 }, { errcode: 40029 })
    await expect(failure(ask())).resolves.toHaveProperty('code', 'WX_CODE_INVALID')
    expect(wechat.requests).toHaveLength(2)
  })

  test('gets no second request once the deadline of the whole exchange is past', async () => {
    wechat.say({ errcode: -1 })
    // Before it would be asked again, which is after 100 ms.
    await expect(failure(ask({ timeout: 80 }))).resolves.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
    })
    expect(wechat.requests).toHaveLength(1)
  })
})

describe('an answer that is none', () => {
  test.each<[string, string | object]>([
    ['nothing', ''],
    ['an empty object', {}],
    ['no openid', { session_key: good.session_key }],
    ['errcode 0 without openid', { errcode: 0, errmsg: 'ok' }],
    ['an errcode in words', { errcode: 'busy' }],
    ['an errcode in words beside a session', { ...good, errcode: 'system error' }],
    ['an errcode that is a list, beside a session', { ...good, errcode: [40029] }],
    ['an empty errcode beside a session', { ...good, errcode: '' }],
    ['an empty openid', { ...good, openid: '' }],
    ['an openid that is a number', { ...good, openid: 5 }],
    ['an openid that is a list', { ...good, openid: ['o'] }],
    ['an openid with a brace', { ...good, openid: 'o}' }],
    ['an openid with an opening brace', { ...good, openid: '{o' }],
    ['an openid with a space', { ...good, openid: 'o o' }],
    ['an openid with a line feed', { ...good, openid: 'o\n' }],
    ['an openid of 129 characters', { ...good, openid: 'x'.repeat(129) }],
    ['no session_key', { openid: 'o' }],
    ['a session_key of 15 bytes', { ...good, session_key: Buffer.alloc(15).toString('base64') }],
    ['a session_key of 17 bytes', { ...good, session_key: Buffer.alloc(17).toString('base64') }],
    ['a session_key with more before it', { ...good, session_key: `a${good.session_key}` }],
    ['a session_key with more behind it', { ...good, session_key: `${good.session_key}a` }],
    ['a session_key of 24 letters', { ...good, session_key: 'a'.repeat(24) }],
    ['a session_key that is a list', { ...good, session_key: [good.session_key] }],
    ['a session_key that is null', { ...good, session_key: null }],
    ['null', 'null'],
    ['a number', '5'],
    ['a string', '"ok"'],
    ['a list', JSON.stringify([good])],
    ['half of one', JSON.stringify(good).slice(0, -1)],
    ['two of them', JSON.stringify(good).repeat(2)],
    ['a page', '<!doctype html><title>502 Bad Gateway</title>'],
    ['bytes that are no text', '\ufffd\u0000\u0001'],
  ])('%s is WX_UPSTREAM', async (_, body) => {
    wechat.say(body)
    const error = await failure(ask())
    expect(error).toMatchObject({ code: 'WX_UPSTREAM', status: 502, action: 'login' })
    expect(error.reason).toMatch(/WeChat|answer/)
    expect(wechat.requests).toHaveLength(1)
  })

  test.each([201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503, 504])(
    'HTTP %i without JSON is WX_UPSTREAM, and not asked again',
    async (status) => {
      wechat.answer((_req, res) => res.writeHead(status).end())
      await expect(failure(ask())).resolves.toMatchObject({ code: 'WX_UPSTREAM', status: 502 })
      expect(wechat.requests).toHaveLength(1)
    },
  )

  test('HTTP 500 is no session though its body looks like one', async () => {
    wechat.answer((_req, res) => res.writeHead(500).end(JSON.stringify(good)))
    const error = await failure(ask())
    expect(error).toMatchObject({ code: 'WX_UPSTREAM', reason: 'WeChat answered HTTP 500' })
  })

  test('a redirect is not followed: nobody else gets the secret', async () => {
    const elsewhere = await startLocalWeChat()
    try {
      elsewhere.say(good)
      for (const status of [301, 302, 303, 307, 308]) {
        wechat.answer((req, res) =>
          res.writeHead(status, { location: `${elsewhere.baseUrl}${req.url!}` }).end(),
        )
        await expect(failure(ask())).resolves.toHaveProperty('code', 'WX_UPSTREAM')
      }
      expect(elsewhere.requests).toEqual([])
    } finally {
      await elsewhere.close()
    }
  })

  test('more than 64 kB is not read to its end', async () => {
    let written = 0
    const cut = new Promise<void>((resolve) => {
      wechat.answer((_req, res) => {
        const chunk = Buffer.alloc(16 * 1024, ' ')
        const more = (): void => {
          while (!res.destroyed && written < 50_000_000) {
            written += chunk.length
            if (!res.write(chunk)) return
          }
          res.end()
        }
        res.on('drain', more)
        res.once('close', resolve)
        more()
      })
    })
    const error = await failure(ask())
    expect(error).toMatchObject({
      code: 'WX_UPSTREAM',
      status: 502,
      reason: 'WeChat answered more than 64 kB',
    })
    await cut
    expect(written).toBeLessThan(50_000_000)
  })

  test('64 kB are still read', async () => {
    const text = JSON.stringify(good)
    wechat.say(text + ' '.repeat(64 * 1024 - text.length))
    await expect(ask()).resolves.toHaveProperty('openid', good.openid)
    wechat.say(text + ' '.repeat(64 * 1024 - text.length + 1))
    await expect(failure(ask())).resolves.toHaveProperty('code', 'WX_UPSTREAM')
  })
})

describe('the deadline', () => {
  test.each([
    ['an answer', good, 'openid'],
    ['no answer', 'nonsense', 'code'],
  ])('leaves no timer behind after %s', async (_, said, name) => {
    const set = jest.spyOn(globalThis, 'setTimeout')
    const clear = jest.spyOn(globalThis, 'clearTimeout')
    try {
      wechat.say(said)
      const outcome: unknown = await ask({ timeout: 54_321 }).catch((error: unknown) => error)
      expect(outcome).toHaveProperty(name)
      const own = set.mock.calls.findIndex(([, ms]) => ms === 54_321)
      expect(clear).toHaveBeenCalledWith(set.mock.results[own]!.value)
    } finally {
      set.mockRestore()
      clear.mockRestore()
    }
  })
})

describe('WeChat out of reach', () => {
  const late = { code: 'WX_UPSTREAM', status: 504, action: 'login' }
  const away = { code: 'WX_UPSTREAM', status: 502, action: 'login' }

  test('never answering is 504', async () => {
    wechat.answer(() => undefined)
    await expect(failure(ask({ timeout: 50 }))).resolves.toMatchObject(late)
    expect(wechat.requests).toHaveLength(1)
  })

  test('answering drop by drop is 504: the deadline counts for the body too', async () => {
    wechat.answer((_req, res) => {
      res.write('{')
      const drip = setInterval(() => res.write(' '), 5)
      res.once('close', () => clearInterval(drip))
    })
    await expect(failure(ask({ timeout: 100 }))).resolves.toMatchObject(late)
  })

  test('sending the headers only is 504', async () => {
    wechat.answer((_req, res) => res.flushHeaders())
    await expect(failure(ask({ timeout: 50 }))).resolves.toMatchObject(late)
  })

  test('refusing the connection is 502 and says so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const error = await failure(ask({ baseUrl: `http://127.0.0.1:${port}` }))
    expect(error).toMatchObject({ ...away, reason: 'WeChat could not be reached: ECONNREFUSED' })
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(String(port))
  })

  test('a reset before the answer is 502', async () => {
    // On a connection that was used before it would be asked again: wire.test.ts.
    const fresh = await startLocalWeChat()
    fresh.answer((req) => req.socket.resetAndDestroy())
    await expect(failure(ask({ baseUrl: fresh.baseUrl }))).resolves.toMatchObject(away)
    expect(fresh.requests).toHaveLength(1)
    await fresh.close()
  })

  test('a reset in the middle of the body is 502', async () => {
    wechat.answer((req, res) => {
      res.writeHead(200, { 'content-length': 1000 })
      res.write(JSON.stringify(good), () => req.socket.resetAndDestroy())
    })
    await expect(failure(ask())).resolves.toMatchObject(away)
  })

  test('a body shorter than announced is 502', async () => {
    wechat.answer((req, res) => {
      res.writeHead(200, { 'content-length': 1000 })
      res.write(JSON.stringify(good), () => req.socket.end())
    })
    await expect(failure(ask())).resolves.toMatchObject(away)
  })

  test('something that does not speak HTTP is 502', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('-ERR unknown command\r\n'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await expect(failure(ask({ baseUrl: `http://127.0.0.1:${port}` }))).resolves.toMatchObject(away)
    server.close()
    await once(server, 'close')
  })

  // fetch quotes the whole URL, the secret in it, when it cannot make sense of it.
  test.each([
    'not a url',
    'http://',
    'http://127.0.0.1:99999',
    'ftp://127.0.0.1',
    'http://user:pw@127.0.0.1',
  ])('a base URL like %j is 502 and quotes nothing', async (baseUrl) => {
    const error = await failure(ask({ baseUrl }))
    expect(error).toMatchObject(away)
    expect(error.reason).toMatch(/^WeChat could not be reached: [A-Za-z_ ]+$/)
  })
})

describe('another fetch', () => {
  test('that ignores the signal does not hold up the answer', async () => {
    const fetch: WxFetch = () => new Promise(() => undefined)
    await expect(failure(ask({ fetch, timeout: 20 }))).resolves.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
    })
  })

  test('whose body ignores the signal does not hold up the answer', async () => {
    const fetch: WxFetch = async () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
    await expect(failure(ask({ fetch, timeout: 20 }))).resolves.toMatchObject({ status: 504 })
  })

  test('that fails after the deadline makes no unhandled rejection', async () => {
    let fail!: (error: Error) => void
    const fetch: WxFetch = () => new Promise((_resolve, reject) => (fail = reject))
    await failure(ask({ fetch, timeout: 20 }))
    fail(new Error('late'))
    await new Promise(setImmediate)
  })

  test.each<[string, unknown]>([
    ['an error that quotes the URL', new Error(`fetch ${app.secret} ${code} failed`)],
    ['an error whose cause quotes it', new Error('x', { cause: { code: app.secret, url: code } })],
    [
      'an error with a bare code',
      Object.assign(new Error(code), { cause: { code: 'ECONNRESET' } }),
    ],
    ['an error with a cause that is null', new Error(code, { cause: null })],
    ['an error with a numeric code', new Error(code, { cause: { code: 5 } })],
    ['a string', `failed: ${app.secret}`],
    ['a number', 5],
    ['an object', { url: code }],
    ['undefined', undefined],
    ['null', null],
  ])('that throws %s is 502 and quotes nothing', async (_, thrown) => {
    const later: WxFetch = () => Promise.reject(thrown)
    const atOnce: WxFetch = () => {
      throw thrown
    }
    for (const fetch of [later, atOnce]) {
      await expect(failure(ask({ fetch }))).resolves.toMatchObject({
        code: 'WX_UPSTREAM',
        status: 502,
      })
    }
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an object that is no response', {}],
    ['a response without a body', new Response(null, { status: 200 })],
    ['a string', JSON.stringify(good)],
    ['a response that was read before', null],
  ])('that answers %s is 502', async (label, answer) => {
    let answered = answer as Response
    if (label.includes('read before')) {
      answered = Response.json(good)
      await answered.text()
    }
    await expect(failure(ask({ fetch: async () => answered }))).resolves.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 502,
    })
  })

  test.each([200, 500])(
    'whose body (HTTP %i) cannot be cancelled makes no unhandled rejection',
    async (status) => {
      const endless = new ReadableStream({
        pull: (controller) => controller.enqueue(Buffer.alloc(16 * 1024, ' ')),
        cancel: () => Promise.reject(new Error(app.secret)),
      })
      const fetch: WxFetch = async () => new Response(endless, { status })
      await expect(failure(ask({ fetch }))).resolves.toMatchObject({ status: 502 })
      await new Promise(setImmediate)
    },
  )

  test('may throw a WxLoginError of its own, which is passed on', async () => {
    const own = new WxLoginError('WX_BUSY', { reason: 'circuit breaker is open' })
    await expect(ask({ fetch: () => Promise.reject(own) })).rejects.toBe(own)
  })

  test('is asked once, with a signal', async () => {
    const fetch = jest.fn<ReturnType<WxFetch>, Parameters<WxFetch>>(async () => Response.json(good))
    await ask({ fetch })
    expect(fetch).toHaveBeenCalledTimes(1)
    const [url, init] = fetch.mock.calls[0]!
    expect(typeof url).toBe('string')
    expect(init).toMatchObject({ method: 'GET', redirect: 'manual' })
    expect(init.signal).toBeInstanceOf(AbortSignal)
  })
})

describe('checkCodeSession', () => {
  test('makes a session of what an exchange of the app’s own found', () => {
    const found = { openid: 'o', sessionKey: bytesFor(1), unionid: 'u' }
    expect(checkCodeSession({ ...found, more: 1 } as typeof found)).toStrictEqual(found)
  })

  test.each([
    {},
    { openid: 'o' },
    { sessionKey: bytesFor(1) },
    { openid: 'o', session_key: bytesFor(1) },
  ])('refuses %j', (found) => {
    expect(() => checkCodeSession(found)).toThrow(
      expect.objectContaining({ code: 'WX_UPSTREAM', status: 502 }),
    )
  })
})
