import { createDecipheriv, createHash } from 'node:crypto'
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSandbox, type SandboxMessage } from '../../src/sandbox/index.js'
import { appB, listen, send } from './support.js'

const now = (): number => 1_700_000_000_000
const token = 'tokenOfTheTests'
const encodingAESKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'

interface Received {
  method: string
  query: Record<string, string>
  type: string | undefined
  body: string
}

type Answer = (received: Received, count: number) => [status: number, body: string] | null

const servers: http.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** A server under test that remembers what it was sent; null cuts the connection. */
async function serverUnderTest(
  answer: Answer = () => [200, 'success'],
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const read = async (req: IncomingMessage): Promise<Received> => {
    let body = ''
    for await (const chunk of req) body += String(chunk)
    const { searchParams } = new URL(req.url!, 'http://x')
    const query = Object.fromEntries(searchParams)
    return { method: req.method!, query, type: req.headers['content-type'], body }
  }
  const server = http.createServer((req, res) => {
    void read(req).then((one) => {
      received.push(one)
      const reply = answer(one, received.length)
      if (!reply) return res.destroy()
      return res.writeHead(reply[0], { Location: '/elsewhere' }).end(reply[1])
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${String(port)}/push?own=1`, received }
}

/** As any backend checks it, with nothing of the sandbox. */
const signature = (...texts: string[]): string =>
  createHash('sha1').update(texts.sort().join('')).digest('hex')

/** As any backend decrypts it. */
function decryptMessage(encrypted: string): { message: string; appid: string } {
  const key = Buffer.from(`${encodingAESKey}=`, 'base64')
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const bytes = Buffer.concat([decipher.update(Buffer.from(encrypted, 'base64')), decipher.final()])
  const end = 20 + bytes.readUInt32BE(16)
  return {
    message: bytes.subarray(20, end).toString(),
    appid: bytes.subarray(end, -bytes.at(-1)!).toString(),
  }
}

describe('sandbox.user().event()', () => {
  it('sends a signed JSON event, and answers what the server did', async () => {
    const sandbox = await listen({ now })
    const { url, received } = await serverUnderTest(() => [201, 'thanks'])
    const alice = sandbox.user('alice', { unionid: true })
    const event = 'user_authorization_revoke'
    const reply = await alice.event(event, { url, token, revokeInfo: '8' })
    expect(reply).toEqual({ status: 201, body: 'thanks', sent: 1 })
    const [{ method, query, type, body }] = received as [Received]
    expect([method, type, query['own']]).toEqual(['POST', 'application/json', '1'])
    expect(query['timestamp']).toBe('1700000000')
    expect(query['signature']).toBe(signature(token, query['timestamp']!, query['nonce']!))
    expect(query).not.toHaveProperty('msg_signature')
    expect(JSON.parse(body)).toEqual({
      ToUserName: expect.stringMatching(/^gh_[0-9a-f]{12}$/),
      FromUserName: expect.stringMatching(/^o[\w-]{27}$/),
      CreateTime: 1_700_000_000,
      MsgType: 'event',
      Event: event,
      OpenID: alice.openid(),
      UnionID: alice.unionid,
      AppID: sandbox.appid,
      RevokeInfo: '8',
    })
  })

  it('sends XML, with texts in CDATA', async () => {
    const sandbox = await listen({ now })
    const { url, received } = await serverUnderTest()
    const target = { url, token, format: 'xml' as const, openId: false, appid: appB.appid }
    await sandbox.user('alice').event('user_info_modified', target)
    const [{ type, body }] = received as [Received]
    expect(type).toBe('text/xml')
    expect(body).toMatch(/^<xml>\n<ToUserName><!\[CDATA\[gh_/)
    expect(body).toContain('<CreateTime>1700000000</CreateTime>')
    expect(body).toContain(`<AppID><![CDATA[${appB.appid}]]></AppID>`)
    expect(body).not.toMatch(/OpenID|RevokeInfo|UnionID/)
  })

  it.each(['xml', 'json'] as const)('encrypts %s as WeChat does', async (format) => {
    const sandbox = await listen({ now })
    const { url, received } = await serverUnderTest()
    const target = { url, token, encodingAESKey, format }
    await sandbox.user('alice').event('user_authorization_cancellation', target)
    const [{ query, body }] = received as [Received]
    const [, encrypted] = /Encrypt(?:><!\[CDATA\[|":")([\w+/=]+)/.exec(body)!
    expect(query['encrypt_type']).toBe('aes')
    const { timestamp, nonce, msg_signature } = query
    expect(msg_signature).toBe(signature(token, timestamp!, nonce!, encrypted!))
    expect(query['signature']).toBe(signature(token, timestamp!, nonce!))
    expect(body).toContain('ToUserName')
    expect(body).not.toContain('Event')
    const { message, appid } = decryptMessage(encrypted!)
    expect(appid).toBe(sandbox.appid)
    expect(message).toContain('user_authorization_cancellation')
    expect(message.startsWith(format === 'xml' ? '<xml>' : '{')).toBe(true)
  })

  it('sends again, as asked, with another nonce and the same message, until there is a 200', async () => {
    const sandbox = await listen({ now })
    const { url, received } = await serverUnderTest((_, n) => (n < 3 ? [500, 'no'] : [200, '']))
    const alice = sandbox.user('alice')
    const target = { url, token, times: 3 }
    expect(await alice.event('user_info_modified', target)).toEqual({
      status: 200,
      body: '',
      sent: 3,
    })
    expect(new Set(received.map(({ query }) => query['nonce'])).size).toBe(3)
    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
    expect(await alice.event('user_info_modified', target)).toMatchObject({ sent: 1 })
  })

  it('gives up where nobody answers, and follows nobody elsewhere', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const cut = await serverUnderTest(() => null)
    const event = 'user_info_modified'
    expect(await alice.event(event, { url: cut.url, token, times: 2 })).toEqual({
      status: null,
      body: '',
      sent: 2,
    })
    const moved = await serverUnderTest(() => [302, ''])
    expect(await alice.event(event, { url: moved.url, token })).toMatchObject({ status: 302 })
    expect(moved.received).toHaveLength(1)
  })

  it('waits five seconds for an answer', async () => {
    const signals: (AbortSignal | null | undefined)[] = []
    const timeout = jest.spyOn(AbortSignal, 'timeout')
    const sandbox = await listen()
    const stuck = async (_: string, init: RequestInit): Promise<Response> => {
      signals.push(init.signal)
      throw init.signal!.reason
    }
    const target = { url: 'http://127.0.0.1:1', token, fetch: stuck }
    expect(await sandbox.user('alice').event('user_info_modified', target)).toMatchObject({
      status: null,
    })
    expect(timeout).toHaveBeenCalledWith(5000)
    expect(signals[0]).toBe(timeout.mock.results[0]!.value)
    timeout.mockRestore()
  })

  it('is the same in every run with a seed', async () => {
    const sent = async (seed: string): Promise<string[]> => {
      const urls: string[] = []
      const sandbox = createSandbox({ seed, now })
      const target = {
        url: 'http://x',
        token,
        encodingAESKey,
        fetch: async (url: string, init: RequestInit) => {
          urls.push(url + (init.body as string))
          return new Response('success')
        },
      }
      await sandbox.user('alice').event('user_info_modified', target)
      return urls
    }
    expect(await sent('a')).toEqual(await sent('a'))
    expect(await sent('a')).not.toEqual(await sent('b'))
  })

  it.each<[string, object, RegExp]>([
    ['user_left', {}, /event: must be user_authorization_revoke, /],
    ['user_info_modified', { revokeInfo: 'all' }, /revokeInfo: must be a number as text/],
    ['user_info_modified', { openId: 'no' }, /openId: must be true or false/],
    ['user_info_modified', { url: 'file:///etc/passwd' }, /url: must be an http or https URL/],
    ['user_info_modified', { token: 'x y' }, /token: must be 3 to 32/],
    ['user_info_modified', { encodingAESKey: 'x' }, /encodingAESKey: must be 43/],
    ['user_info_modified', { format: 'yaml' }, /format: must be xml or json/],
    ['user_info_modified', { times: 4 }, /times: must be a whole number from 1 to 3/],
    ['user_info_modified', { appid: 'wx9' }, /appid: this sandbox knows only/],
    ['user_info_modified', { fetch: 'x' }, /fetch: must be a function/],
  ])('refuses %s with %j', async (event, options, message) => {
    const sandbox = await listen()
    const { url, received } = await serverUnderTest()
    const sending = sandbox.user('alice').event(event as never, { url, token, ...options })
    await expect(sending).rejects.toThrow(message)
    expect(received).toEqual([])
  })
})

describe('sandbox.push()', () => {
  it('sends any message', async () => {
    const sandbox = await listen()
    const { url, received } = await serverUnderTest()
    const message = { FromUserName: 'o1', ' OpenID': 'o1', Content: 'a ]]> b', MsgId: 5 }
    expect(await sandbox.push(message, { url, token })).toMatchObject({ status: 200 })
    expect(JSON.parse(received[0]!.body)).toEqual(message)
    expect(received[0]!.query['openid']).toBe('o1')
    await sandbox.push(message, { url, token, format: 'xml' })
    expect(received[1]!.body).toContain('<Content><![CDATA[a ]]]]><![CDATA[> b]]></Content>')
    expect(received[1]!.body).toContain('<OpenID>')
  })

  it.each<[unknown, RegExp]>([
    [{ 'a>b': 1 }, /names that XML can have/],
    [{ a: { b: 1 } }, /must have texts and numbers/],
    ['text', /the message must be an object/],
  ])('refuses %j', async (message, reason) => {
    const sandbox = await listen()
    const target = { url: 'http://127.0.0.1:1', token }
    await expect(sandbox.push(message as SandboxMessage, target)).rejects.toThrow(reason)
  })
})

describe('sandbox.verifyUrl()', () => {
  const echo: Answer = ({ query }) => [200, query['echostr']!]

  it('is satisfied by exactly the echostr it sent, signed', async () => {
    const sandbox = await listen()
    const { url, received } = await serverUnderTest(echo)
    const reply = await sandbox.verifyUrl({ url, token })
    const [{ method, query }] = received as [Received]
    expect(reply).toEqual({ status: 200, body: query['echostr'], verified: true })
    expect(method).toBe('GET')
    expect(query['signature']).toBe(signature(token, query['timestamp']!, query['nonce']!))
  })

  it.each<[string, Answer]>([
    ['JSON of it', ({ query }) => [200, JSON.stringify(query['echostr'])]],
    ['another status', ({ query }) => [201, query['echostr']!]],
    ['something else', () => [200, 'success']],
    ['nothing', () => null],
  ])('is not by %s', async (_, answer) => {
    const sandbox = await listen()
    const { url } = await serverUnderTest(answer)
    expect(await sandbox.verifyUrl({ url, token })).toMatchObject({ verified: false })
  })
})

describe('over HTTP', () => {
  const events = '/__sandbox/users/alice/events'

  it('POST /__sandbox/users/:name/events sends one and answers the reply', async () => {
    const sandbox = await listen()
    const { url, received } = await serverUnderTest((_, n) => (n === 1 ? [503, 'no'] : [200, 'ok']))
    const body = {
      event: 'user_authorization_revoke',
      ...{
        url,
        token,
        encodingAESKey,
        format: 'json',
        revokeInfo: '8',
        appid: appB.appid,
        times: 2,
      },
    }
    const { status, json } = await send(sandbox, events, body)
    expect([status, json]).toEqual([200, { status: 200, body: 'ok', sent: 2 }])
    const { Encrypt } = JSON.parse(received[1]!.body) as { Encrypt: string }
    expect(JSON.parse(decryptMessage(Encrypt).message)).toMatchObject({
      OpenID: sandbox.user('alice').openid(appB.appid),
      AppID: appB.appid,
      RevokeInfo: '8',
    })
  })

  it('POST /__sandbox/url-verification asks as WeChat does', async () => {
    const sandbox = await listen()
    const { url } = await serverUnderTest(({ query }) => [200, query['echostr']!])
    const { status, json } = await send(sandbox, '/__sandbox/url-verification', { url, token })
    expect([status, json]).toEqual([200, { status: 200, body: expect.any(String), verified: true }])
  })

  it.each<[string, object, RegExp]>([
    [events, {}, /^event: is missing; url: is missing; token: is missing$/],
    [events, { event: 'x', url: 'x', token: 'x' }, /^event: must be .*; url: must be .*; token: /],
    [
      events,
      { event: 'user_info_modified', url: 'http://127.0.0.1', token, fetch: 'x' },
      /fetch: is no field/,
    ],
    ['/__sandbox/url-verification', { url: 'http://127.0.0.1' }, /token: is missing/],
  ])('%s %j is refused', async (path, body, message) => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, path, body)
    expect([status, json.error.code]).toEqual([400, 'SANDBOX_BAD_REQUEST'])
    expect(json.error.message).toMatch(message)
  })

  it.each([
    'http://example.com/push',
    'http://10.0.0.1/push',
    'http://127.0.0.1.example.com/',
    'http://user@example.com/',
    'http://[::2]/',
    'http://0.0.0.0/',
  ])('sends nothing to %s', async (url) => {
    const sandbox = await listen()
    for (const [path, more] of [
      [events, { event: 'user_info_modified' }],
      ['/__sandbox/url-verification', {}],
    ] as const) {
      const { status, json } = await send(sandbox, path, { url, token, ...more })
      expect([status, json.error.code]).toEqual([403, 'SANDBOX_FORBIDDEN'])
      expect(json.error.message).toContain('--push-target')
    }
  })

  it('sends to an origin that was allowed, and to no other port of it', async () => {
    const { url, received } = await serverUnderTest()
    const named = url.replace('127.0.0.1', '0.0.0.0')
    const sandbox = await listen({ pushTargets: [new URL(named).origin] })
    const event = 'user_info_modified'
    const allowed = await send(sandbox, events, { event, url: named, token })
    expect([allowed.status, allowed.json]).toMatchObject([200, { status: 200 }])
    expect(received).toHaveLength(1)
    const elsewhere = named.replace(/:\d+/, ':1')
    expect((await send(sandbox, events, { event, url: elsewhere, token })).status).toBe(403)
  })

  it('asks the same of requests inside the process', async () => {
    const sandbox = createSandbox()
    const { url } = await serverUnderTest()
    const post = async (to: string): Promise<number> => {
      const body = JSON.stringify({ event: 'user_info_modified', url: to, token })
      return (await sandbox.fetch(`http://x${events}`, { method: 'POST', body })).status
    }
    expect(await post(url)).toBe(200)
    expect(await post('http://example.com')).toBe(403)
  })
})
