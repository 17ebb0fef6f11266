import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { wechatDefaults } from '../../src/settings.js'
import { nextTurn } from '../../src/turn.js'
import { code2Session } from '../../src/wechat/code2session.js'
import { connectionsTo } from '../../src/wechat/connections.js'
import { askWeChat } from '../../src/wechat/http.js'
import { type LocalWeChat, startLocalWeChat, trustOfLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

const app = { appid: 'wx1111111111111111', secret: 'canary-app-secret-0123456789abcdef' }
const good = { openid: 'oAlice', session_key: bytesFor('key') }
const session = { openid: good.openid, sessionKey: good.session_key }

// Another one each time: nobody has a connection to it.
let wechat: LocalWeChat
beforeEach(async () => {
  wechat = await startLocalWeChat()
})
afterEach(() => wechat.close())

let codes = 0
const logIn = async (
  baseUrl = wechat.baseUrl,
  timeout?: number,
): ReturnType<typeof code2Session> => {
  try {
    return await code2Session({ ...app, code: `code ${codes++}`, baseUrl, timeout })
  } finally {
    // A connection is free again a turn after its answer.
    await nextTurn()
  }
}

const post = (body?: object): Promise<Record<string, unknown>> =>
  askWeChat(
    wechatDefaults.fetch,
    `${wechat.baseUrl}/wxa/any`,
    {
      method: 'POST',
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    },
    AbortSignal.timeout(5000),
  )

const many = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, () => work()))

const answered = (res: ServerResponse, headers: OutgoingHttpHeaders = {}): void => {
  res.writeHead(200, headers).end(JSON.stringify(good))
}

/** WeChat that answers the first request of a connection, and does this to all that follow on it. */
function thenOnKept(handle: (req: IncomingMessage, res: ServerResponse) => void): void {
  const seen = new WeakSet<Socket>()
  wechat.answer((req, res) => {
    if (seen.has(req.socket)) handle(req, res)
    else answered(res)
    seen.add(req.socket)
  })
}

const away = { code: 'WX_UPSTREAM', status: 502 }

describe.each(['http', 'https'])('connections over %s', (scheme) => {
  let own: LocalWeChat
  beforeAll(async () => {
    own = await startLocalWeChat({ tls: scheme === 'https' })
    connectionsTo(own.baseUrl, trustOfLocalWeChat)
  })
  afterAll(() => own.close())

  test('one carries any number of logins, one after the other', async () => {
    own.say(good)
    for (let i = 0; i < 30; i++) await expect(logIn(own.baseUrl)).resolves.toEqual(session)
    expect([own.requests.length, own.connections]).toEqual([30, 1])
  })

  test('fifty carry rounds of fifty at the same time', async () => {
    own.say(good)
    for (let round = 0; round < 5; round++) await many(50, () => logIn(own.baseUrl))
    expect(own.requests).toHaveLength(250)
    expect(own.connections).toBeLessThanOrEqual(50)
  })
})

describe('a kept connection', () => {
  test('that WeChat has closed between two logins costs nothing', async () => {
    wechat.say(good)
    await many(10, logIn)
    wechat.closeIdle()
    await expect(many(10, logIn)).resolves.toHaveLength(10)
    expect(wechat.requests).toHaveLength(20)
  })

  test.each<[string, (req: IncomingMessage) => void]>([
    ['closes', (req) => req.socket.destroy()],
    ['resets', (req) => req.socket.resetAndDestroy()],
  ])(
    'that WeChat %s while the next login is on its way costs one more request',
    async (_, close) => {
      thenOnKept(close)
      await logIn()
      await expect(logIn()).resolves.toEqual(session)
      expect(wechat.requests).toHaveLength(3)
      expect(wechat.requests[2]).toBe(wechat.requests[1])
      expect(wechat.connections).toBe(2)
    },
  )

  test('that WeChat closes is not followed by another one that it may be closing too', async () => {
    thenOnKept((req) => req.socket.destroy())
    await many(10, logIn)
    await expect(logIn()).resolves.toEqual(session)
    expect(wechat.requests).toHaveLength(12)
  })

  test('that WeChat closes while fifty logins are on their way fails none of them', async () => {
    thenOnKept((req) => req.socket.destroy())
    await many(50, logIn)
    await expect(many(50, logIn)).resolves.toEqual(Array.from({ length: 50 }, () => session))
  })

  test('is tried once only: where the new one is closed too, that is 502', async () => {
    let open = 1
    wechat.answer((req, res) => {
      if (open-- > 0) answered(res)
      else req.socket.destroy()
    })
    await logIn()
    await expect(logIn()).rejects.toMatchObject({
      ...away,
      reason: 'WeChat could not be reached: UND_ERR_SOCKET',
    })
    expect(wechat.requests).toHaveLength(3)
  })

  test('that WeChat closes before it answers a POST: 502, and not sent again', async () => {
    thenOnKept((req) => req.socket.destroy())
    await logIn()
    await expect(post({ code: 'x' })).rejects.toMatchObject(away)
    expect(wechat.requests).toHaveLength(2)
  })

  test('that was never used before and is closed: 502, and not asked again', async () => {
    wechat.answer((req) => req.socket.destroy())
    await expect(logIn()).rejects.toMatchObject(away)
    expect(wechat.requests).toHaveLength(1)
  })

  test('that WeChat closes in the middle of an answer fails the login: 502, once', async () => {
    thenOnKept((req, res) => {
      res.writeHead(200, { 'content-length': 1000 })
      res.write('{', () => req.socket.destroy())
    })
    await logIn()
    await expect(logIn()).rejects.toMatchObject(away)
    expect(wechat.requests).toHaveLength(2)
  })

  test('that WeChat keeps for hardly any time is not kept at all', async () => {
    wechat.answer((_req, res) => {
      res.setHeader('Keep-Alive', 'timeout=1')
      res.end(JSON.stringify(good))
    })
    await logIn()
    await expect(logIn()).resolves.toEqual(session)
    expect(wechat.connections).toBe(2)
  })

  test('that WeChat resets in the middle of an answer fails the login: 502, once', async () => {
    thenOnKept((req, res) => {
      res.writeHead(200, { 'content-length': 1000 }).write('{')
      setTimeout(() => req.socket.resetAndDestroy(), 20)
    })
    await logIn()
    await expect(logIn()).rejects.toMatchObject(away)
    expect(wechat.requests).toHaveLength(2)
  })

  test.each([300, 404, 500])('is not used again after an answer of HTTP %i', async (status) => {
    wechat.answer((_req, res) => res.writeHead(status).end(JSON.stringify(good)))
    const failed = { ...away, reason: `WeChat answered HTTP ${String(status)}` }
    await expect(logIn()).rejects.toMatchObject(failed)
    await expect(logIn()).rejects.toMatchObject(failed)
    expect(wechat.connections).toBeGreaterThan(1)
  })

  test('carries an answer that others of 1xx come before', async () => {
    wechat.answer((_req, res) => {
      res.writeEarlyHints({ link: '</a>; rel=preload' })
      answered(res)
    })
    await expect(many(2, logIn)).resolves.toEqual([session, session])
  })

  test('carries any answer of success', async () => {
    wechat.answer((_req, res) => res.writeHead(299).end(JSON.stringify(good)))
    await expect(many(2, logIn)).resolves.toEqual([session, session])
  })

  test('is not used again after an answer that was not read to its end', async () => {
    wechat.say(' '.repeat(65 * 1024))
    await expect(logIn()).rejects.toMatchObject(away)
    await expect(logIn()).rejects.toMatchObject(away)
    expect(wechat.connections).toBeGreaterThan(1)
  })

  test('is not used again where its answer came too late', async () => {
    thenOnKept(() => undefined)
    await logIn()
    await expect(logIn(wechat.baseUrl, 50)).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
    })
    await expect(logIn()).resolves.toEqual(session)
    expect(wechat.connections).toBeGreaterThan(1)
  })
})

test('a login that was given up before it had a connection is not sent: its code stays good', async () => {
  const own = await startLocalWeChat({ tls: true })
  own.say(good)
  let letThrough!: () => void
  const open = new Promise<void>((resolve) => (letThrough = resolve))
  const gate = createServer(async (socket) => {
    socket.on('error', () => undefined)
    await open
    socket.pipe(connect(Number(new URL(own.baseUrl).port), '127.0.0.1')).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const baseUrl = `https://127.0.0.1:${String((gate.address() as AddressInfo).port)}`
  const { pool } = connectionsTo(baseUrl, trustOfLocalWeChat)

  try {
    await expect(logIn(baseUrl, 50)).rejects.toMatchObject({ code: 'WX_UPSTREAM', status: 504 })
    letThrough()
    await expect(logIn(baseUrl)).resolves.toEqual(session)
    expect(own.requests).toEqual([expect.stringContaining(`js_code=code+${String(codes - 1)}`)])
  } finally {
    await pool.destroy()
    gate.close()
    await own.close()
  }
})

test('an IPv6 address of WeChat is asked without its brackets', async () => {
  // Nobody is there; with the brackets it would be a name that is not known.
  await expect(logIn('http://[::1]:9')).rejects.toMatchObject({
    reason: expect.stringMatching(/: (ECONNREFUSED|EADDRNOTAVAIL|EAFNOSUPPORT)$/) as string,
  })
})

describe('what is sent', () => {
  const seen: { headers: IncomingMessage['headers']; body: string }[] = []
  beforeEach(() => {
    seen.length = 0
    wechat.answer(async (req, res) => {
      let body = ''
      req.setEncoding('utf8').on('data', (text: string) => (body += text))
      await once(req, 'end')
      seen.push({ headers: req.headers, body })
      answered(res)
    })
  })

  test('asks for an answer that is not compressed, and to keep the connection', async () => {
    await logIn()
    expect(seen).toEqual([
      {
        headers: {
          host: new URL(wechat.baseUrl).host,
          connection: 'keep-alive',
          accept: '*/*',
          'accept-encoding': 'identity',
          'user-agent': 'node',
        },
        body: '',
      },
    ])
  })

  test('is a body whole, and how long it is in bytes', async () => {
    const body = { name: '汉字😀'.repeat(5000) }
    await post(body)
    expect(seen[0]).toMatchObject({
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(JSON.stringify(body))),
      },
      body: JSON.stringify(body),
    })
  })

  test('is a POST without a body as one of no bytes', async () => {
    await post()
    expect(seen[0]).toMatchObject({ headers: { 'content-length': '0' }, body: '' })
  })
})

describe('a compressed answer, which nobody asked for', () => {
  const reply = JSON.stringify({ note: '汉字😀', ...good })

  test.each<[string, Buffer]>([
    ['gzip', gzipSync(reply)],
    ['GZIP', gzipSync(reply)],
    ['x-gzip', gzipSync(reply)],
    ['deflate', deflateSync(reply)],
    ['br', brotliCompressSync(reply)],
  ])('is read (%s)', async (coding, bytes) => {
    wechat.answer((_req, res) => res.setHeader('content-encoding', coding).end(bytes))
    await expect(logIn()).resolves.toEqual(session)
  })

  test.each<[string, Buffer]>([
    ['gzip', gzipSync(reply + ' '.repeat(64 * 1024))],
    ['br', brotliCompressSync(' '.repeat(5_000_000))],
  ])('of more than 64 kB is not read to its end (%s)', async (coding, bytes) => {
    expect(bytes.length).toBeLessThan(1000)
    wechat.answer((_req, res) => res.setHeader('content-encoding', coding).end(bytes))
    await expect(logIn()).rejects.toMatchObject({
      ...away,
      reason: 'WeChat answered more than 64 kB',
    })
  })

  test.each<[string, Buffer, RegExp]>([
    ['gzip', Buffer.from(reply), /: Z_DATA_ERROR$/],
    ['gzip', gzipSync(reply).subarray(0, -9), /: Z_BUF_ERROR$/],
    ['zstd', gzipSync(reply), /no JSON object$/],
    ['constructor', gzipSync(reply), /no JSON object$/],
    ['gzip', Buffer.alloc(0), /: Z_BUF_ERROR$|no JSON object$/],
  ])('that is none is 502 (%s)', async (coding, bytes, reason) => {
    wechat.answer((_req, res) => res.setHeader('content-encoding', coding).end(bytes))
    await expect(logIn()).rejects.toMatchObject({
      ...away,
      reason: expect.stringMatching(reason) as string,
    })
  })
})

describe('the error of an exchange that failed', () => {
  test.each<[string, (base: URL) => string, RegExp]>([
    ['TLS where none is spoken', ({ host }) => `https://${host}`, /: (ERR_SSL_[A-Z_]+|EPROTO)$/],
    ['no such host', () => 'http://canary.invalid', /: (ENOTFOUND|EAI_AGAIN)$/],
    ['no such port', () => 'http://127.0.0.1:99999', /: ERR_INVALID_URL$/],
    ['no such scheme', ({ host }) => `ftp://${host}`, /: network error$/],
    ['a password', ({ host }) => `http://canary:canary@${host}`, /: network error$/],
    ['a user', ({ host }) => `http://canary@${host}`, /: network error$/],
    ['only a password', ({ host }) => `http://:canary@${host}`, /: network error$/],
  ])('names what it was and quotes nothing (%s)', async (_, place, reason) => {
    wechat.answer((_req, res) => answered(res))
    const error: unknown = await logIn(place(new URL(wechat.baseUrl))).catch((e: unknown) => e)
    expect(error).toMatchObject({ ...away, reason: expect.stringMatching(reason) as string })
    const shown = inspect(error, { depth: Infinity, showHidden: true })
    for (const canary of [app.secret, 'jscode2session', 'canary', '127.0.0.1']) {
      expect(shown).not.toContain(canary)
    }
    expect(wechat.requests).toEqual([])
  })

  test('says so where WeChat wants to speak something else, and waits for nothing', async () => {
    wechat.answer((req) =>
      req.socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    )
    await expect(logIn()).rejects.toMatchObject({
      ...away,
      reason: 'WeChat could not be reached: UND_ERR_SOCKET',
    })
  })

  test('is the same for what is no HTTP', async () => {
    wechat.answer((req) => req.socket.end('-ERR canary\r\n'))
    await expect(logIn()).rejects.toMatchObject({
      ...away,
      reason: 'WeChat could not be reached: network error',
    })
  })

  test('is 504 where the time was up before it began, and nothing is asked', async () => {
    wechat.answer((_req, res) => answered(res))
    const asked = askWeChat(
      wechatDefaults.fetch,
      wechat.baseUrl,
      { method: 'GET' },
      AbortSignal.abort(),
    )
    await expect(asked).rejects.toMatchObject({ code: 'WX_UPSTREAM', status: 504 })
    expect(wechat.requests).toEqual([])
  })

  test('makes nothing listen to a signal that many share', async () => {
    const { signal } = new AbortController()
    const [add, remove] = [
      jest.spyOn(signal, 'addEventListener'),
      jest.spyOn(signal, 'removeEventListener'),
    ]
    const ask = (url = wechat.baseUrl): Promise<unknown> =>
      askWeChat(wechatDefaults.fetch, url, { method: 'GET' }, signal).catch(() => undefined)
    wechat.say(good)
    await ask()
    wechat.say('x'.repeat(65 * 1024))
    await ask()
    wechat.answer((req) => req.socket.destroy())
    await ask()
    expect(add).toHaveBeenCalledTimes(3)
    for (const [name, listener] of add.mock.calls) {
      expect(remove).toHaveBeenCalledWith(name, listener)
    }
  })
})
