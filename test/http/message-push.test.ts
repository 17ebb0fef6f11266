import { randomUUID } from 'node:crypto'
import express, { type Express } from 'express'
import expressSession from 'express-session'
import { createClient } from 'redis'
import {
  getWx,
  type WxFetch,
  type WxLoginError,
  type WxLoginOptions,
  type WxMessagePushOptions,
  type WxPushMessage,
  type WxRevokeEvent,
} from '../../src/index.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import type {
  SandboxAccountEvent,
  SandboxEventOptions,
  SandboxMessage,
  SandboxPushReply,
  SandboxPushTarget,
} from '../../src/sandbox/index.js'
import { encryptPush, signPush } from '../../src/wechat/message-push.js'
import { type RedisServer, redisUrl, startRedisServer } from '../support/redis.js'
import { errorReply, startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.js'
import { until } from '../support/until.js'

const token = 'tokenOfTheTests'
const encodingAESKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'

const success = { status: 200, body: 'success', sent: 1 }

interface PushApp extends TestApp {
  /** What the hooks were told. */
  messages: WxPushMessage[]
  revoked: WxRevokeEvent[]
  errors: WxLoginError[]
  /** Throws in the next calls of `onMessage` instead of taking the message. */
  failures: unknown[]
  event(
    event: SandboxAccountEvent,
    options?: Partial<SandboxEventOptions>,
    name?: string,
  ): Promise<SandboxPushReply>
  push(message: SandboxMessage, target?: Partial<SandboxPushTarget>): Promise<SandboxPushReply>
  /** Sends a text with a signature that is right, unless the query says otherwise. */
  send(body: string, query?: Record<string, string>, type?: string): Promise<Answer>
}

interface Answer {
  status: number
  body: unknown
}

const open: PushApp[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((t) => t.close()))
})

async function start(
  messagePush: Partial<WxMessagePushOptions> = {},
  { wx, ...options }: TestAppOptions = {},
): Promise<PushApp> {
  const heard = {
    messages: [] as WxPushMessage[],
    revoked: [] as WxRevokeEvent[],
    errors: [] as WxLoginError[],
    failures: [] as unknown[],
  }
  const hooks: Partial<WxLoginOptions> = {
    messagePush: {
      token,
      onMessage(message) {
        if (heard.failures.length > 0) throw heard.failures.shift()
        heard.messages.push(message)
      },
      ...messagePush,
    },
    onRevoke: (event) => void heard.revoked.push(event),
    onError: (error) => void heard.errors.push(error),
  }
  const t = await startTestApp({ ...options, wx: { ...hooks, ...wx } as Partial<WxLoginOptions> })
  const target = {
    url: `${t.url}/wx/push`,
    token,
    encodingAESKey: messagePush.encodingAESKey,
  }
  const app: PushApp = {
    ...t,
    ...heard,
    event: (event, more, name = 'alice') =>
      t.sandbox.user(name).event(event, { ...target, ...more }),
    push: (message, more) => t.sandbox.push(message, { ...target, ...more }),
    async send(body, query = {}, type = 'application/json') {
      const timestamp = query['timestamp'] ?? String(Math.floor(Date.now() / 1000))
      const nonce = query['nonce'] ?? randomUUID()
      const signature = signPush(token, timestamp, nonce)
      const all = new URLSearchParams({ signature, timestamp, nonce, ...query })
      const request = t.http.post(`/wx/push?${all.toString()}`).set('Content-Type', type)
      const { status, body: json, text } = await request.send(body)
      return { status, body: status === 200 ? text : json }
    },
  }
  open.push(app)
  return app
}

/** Remembers what is sent, to send it again exactly so. */
function recorder(): {
  fetch: (url: string, init: RequestInit) => Promise<Response>
  again(change?: RequestInit): Promise<{ status: number; body: string }>
} {
  const sent: [string, RequestInit][] = []
  return {
    fetch(url, init) {
      sent.push([url, init])
      return fetch(url, init)
    },
    async again(change = {}) {
      const [url, { signal: _, ...init }] = sent.at(-1)!
      const response = await fetch(url, { ...init, ...change })
      return { status: response.status, body: await response.text() }
    },
  }
}

const refused = errorReply('WX_BAD_REQUEST', 'none')

describe('GET /wx/push, as WeChat asks when the URL is entered', () => {
  it('answers the echostr as text to who knows the token', async () => {
    const t = await start()
    const target = { url: `${t.url}/wx/push`, token }
    expect(await t.sandbox.verifyUrl(target)).toMatchObject({ status: 200, verified: true })

    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = signPush(token, timestamp, 'n')
    const echostr = '<script>alert(1)</script>'
    const reply = await t.http.get('/wx/push').query({ signature, timestamp, nonce: 'n', echostr })
    expect([reply.status, reply.text]).toEqual([200, echostr])
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
  })

  it('answers 403 to everybody else', async () => {
    const t = await start()
    const timestamp = String(Math.floor(Date.now() / 1000))
    const wrong = await t.sandbox.verifyUrl({ url: `${t.url}/wx/push`, token: 'another' })
    expect(wrong).toMatchObject({ status: 403, verified: false })
    const reply = await t.http.get('/wx/push').query({ timestamp, nonce: 'n', echostr: 'e' })
    expect([reply.status, reply.body]).toEqual([403, refused])
    expect(t.errors.map(({ reason }) => reason)).toEqual([
      'message push: wrong signature',
      'message push: wrong signature',
    ])
  })
})

describe('the route', () => {
  it('is there only with messagePush, and where routes.messagePush says', async () => {
    const without = await startTestApp()
    try {
      expect((await without.http.get('/wx/push')).status).toBe(404)
      expect((await without.http.post('/wx/push')).status).toBe(404)
    } finally {
      await without.close()
    }
    const off = await start({}, { wx: { routes: { messagePush: false } } })
    expect((await off.http.get('/wx/push')).status).toBe(404)
    const moved = await start({}, { wx: { routes: { messagePush: '/from-wechat' } } })
    const url = `${moved.url}/from-wechat`
    expect(await moved.event('user_info_modified', { url })).toEqual(success)
    expect((await moved.http.post('/wx/push')).status).toBe(404)
  })

  it('is named in the options, with what is wrong in them', () => {
    const wx = (messagePush: object) => () => start(messagePush)
    return Promise.all([
      expect(wx({ token: 'no' })()).rejects.toThrow(/messagePush.token: must be the Token/),
      expect(wx({ encodingAESKey: 'short' })()).rejects.toThrow(
        /messagePush.encodingAESKey: must be the EncodingAESKey/,
      ),
      expect(wx({ aesKey: 'x' })()).rejects.toThrow(/messagePush.aesKey: unknown option/),
    ])
  })
})

const modes: [string, Partial<WxMessagePushOptions>, 'xml' | 'json'][] = [
  ['plain JSON', {}, 'json'],
  ['plain XML', {}, 'xml'],
  ['encrypted JSON', { encodingAESKey }, 'json'],
  ['encrypted XML', { encodingAESKey }, 'xml'],
]

describe.each(modes)('an account event in %s', (_, options, format) => {
  it('ends the sessions of a user who withdrew, and tells onRevoke what', async () => {
    const t = await start(options)
    const [first, second] = [await t.login(), await t.login()]
    const bob = await t.login('bob')
    const openid = t.sandbox.user('alice').openid()
    const ids = (await t.wx.sessions.list({ appid: t.sandbox.appid, openid })).map(({ id }) => id)

    const event = 'user_authorization_revoke'
    expect(await t.event(event, { format, revokeInfo: '8' })).toEqual(success)
    expect((await t.get('/me', first.token)).status).toBe(401)
    expect((await t.get('/me', second.token)).status).toBe(401)
    expect((await t.get('/me', bob.token)).status).toBe(200)
    expect(t.revoked).toEqual([
      { appid: t.sandbox.appid, openid, sessionIds: ids, reason: event, revokeInfo: '8' },
    ])
    expect(t.messages).toEqual([
      expect.objectContaining({ Event: event, OpenID: openid, RevokeInfo: '8' }),
    ])
    // But for the two tokens that are good no more.
    expect(t.errors.filter(({ code }) => code !== 'WX_SESSION_REQUIRED')).toEqual([])
    expect((await t.get('/me', (await t.login()).token)).status).toBe(200)
  })

  it('of a closed account forgets the session keys too', async () => {
    const t = await start(options)
    const alice = t.sandbox.user('alice', { unionid: true })
    await t.login()
    const oldData = alice.userInfo()
    const before = await t.login()
    await t.post('/wx/profile', oldData, before.token).expect(200)

    const event = 'user_authorization_cancellation'
    expect(await t.event(event, { format })).toEqual(success)
    expect(t.revoked).toMatchObject([{ reason: event, unionid: alice.unionid }])
    expect(t.revoked[0]).not.toHaveProperty('revokeInfo')
    const after = await t.login()
    await t.post('/wx/profile', oldData, after.token).expect(409)
  })

  it('about a changed profile ends nothing, with and without OpenID', async () => {
    const t = await start(options)
    const { token: session } = await t.login()
    expect(await t.event('user_info_modified', { format })).toEqual(success)
    expect(await t.event('user_info_modified', { format, openId: false })).toEqual(success)
    expect((await t.get('/me', session)).status).toBe(200)
    expect(t.revoked).toEqual([])
    expect(t.messages).toHaveLength(2)
  })

  it('of a user who withdrew ends no keys, with which older data is still read', async () => {
    const t = await start(options, { sandbox: { rateLimit: 0, rotation: 'always' } })
    await t.login()
    const oldData = t.sandbox.user('alice').userInfo()
    await t.event('user_authorization_revoke', { format })
    const { token: session } = await t.login()
    await t.post('/wx/profile', oldData, session).expect(200)
  })

  it('that names no user of this app is told, and ends nothing', async () => {
    const t = await start(options)
    const { token: session } = await t.login()
    const event = 'user_authorization_revoke'
    expect(await t.event(event, { format, openId: false })).toEqual(success)
    expect((await t.get('/me', session)).status).toBe(200)
    expect(t.revoked).toEqual([])
    expect(t.messages).toMatchObject([{ Event: event }])
  })

  it('of a user without sessions is told all the same', async () => {
    const t = await start(options)
    expect(await t.event('user_authorization_revoke', { format })).toEqual(success)
    expect(t.revoked).toMatchObject([{ sessionIds: [], revokeInfo: '6' }])
  })

  it('that comes again, as it was or signed anew, is answered and told nobody', async () => {
    const t = await start(options)
    const { fetch: record, again } = recorder()
    const event = 'user_authorization_revoke'
    await t.event(event, { format, fetch: record })
    const { token: session } = await t.login()
    expect(await again()).toEqual({ status: 200, body: 'success' })
    expect(t.messages).toHaveLength(1)

    // The same in all it says: WeChat's own way to send again.
    const { CreateTime, ...rest } = t.messages[0] as Record<string, string>
    const same = { ...rest, CreateTime: Number(CreateTime) }
    expect(await t.push(same, { format })).toEqual(success)
    expect((await t.get('/me', session)).status).toBe(200)
    expect(t.messages).toHaveLength(1)
    expect(t.revoked).toHaveLength(1)

    // A second later it is another one.
    await t.push({ ...same, CreateTime: same.CreateTime + 1 }, { format })
    expect((await t.get('/me', session)).status).toBe(401)
    expect(t.revoked).toHaveLength(2)
  })

  it('may be five minutes old, to the second', async () => {
    const now = Math.ceil(Date.now() / 1000) * 1000
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now)
    try {
      const t = await start(options, { sandbox: { rateLimit: 0, now: () => now } })
      clock.mockReturnValue(now + 300_000)
      expect(await t.event('user_info_modified', { format })).toEqual(success)
      clock.mockReturnValue(now + 300_001)
      expect(await t.event('user_info_modified', { format, openId: false })).toMatchObject({
        status: 403,
      })
    } finally {
      clock.mockRestore()
    }
  })

  it.each([
    ['five minutes and a little ago', -303],
    // A timestamp is in whole seconds, and it is a moment on its way.
    ['in five minutes and a little', 303],
  ])('from %s is refused', async (_when, seconds) => {
    const now = (): number => Date.now() + seconds * 1000
    const t = await start(options, { sandbox: { rateLimit: 0, now } })
    const reply = await t.event('user_authorization_revoke', { format })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([403, refused])
    expect([t.messages, t.revoked]).toEqual([[], []])
    expect(t.errors[0]!.reason).toBe(
      'message push: the timestamp is more than five minutes from this clock',
    )
  })

  it('with another token is refused', async () => {
    const t = await start(options)
    const { token: session } = await t.login()
    const reply = await t.event('user_authorization_revoke', { format, token: 'another' })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([403, refused])
    expect((await t.get('/me', session)).status).toBe(200)
    expect(t.messages).toEqual([])
  })

  it('of an app that is not served here is refused', async () => {
    const other = 'wx00000000000other'
    const apps = [
      { appid: 'wx000000000sandbox', secret: 'sandbox-secret-not-a-real-secret' },
      { appid: other, secret: 'x'.repeat(32) },
    ]
    const t = await start(options, { sandbox: { rateLimit: 0, apps } })
    const reply = await t.event('user_authorization_revoke', { format, appid: other })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([403, refused])
    expect([t.messages, t.revoked]).toEqual([[], []])
  })
})

describe('any other message', () => {
  const text = {
    ToUserName: 'gh_1',
    FromUserName: 'o1',
    CreateTime: 1,
    MsgType: 'text',
    Content: '你好 ]]> <b>&amp;',
    MsgId: 7,
  }

  it('plain goes to onMessage also where one of several apps may have got it: it does not say which', async () => {
    const apps = ['wx0000000000000one', 'wx0000000000000two'].map((appid) => ({
      appid,
      secret: 'x'.repeat(32),
    }))
    const several = { appid: undefined, secret: undefined, apps } as object
    const t = await start({}, { sandbox: { rateLimit: 0, apps }, wx: several })
    expect((await t.send(JSON.stringify(text))).status).toBe(200)
    expect(t.messages).toMatchObject([{ Content: text.Content }])
  })

  it.each(modes)(
    'goes to onMessage, in %s, and to nobody where there is none',
    async (_, o, format) => {
      const t = await start(o)
      expect(await t.push(text, { format })).toEqual(success)
      expect(t.messages).toMatchObject([{ Content: text.Content, MsgType: 'text' }])
      expect(t.revoked).toEqual([])
      const deaf = await start({ ...o, onMessage: undefined })
      expect(await deaf.push(text, { format })).toEqual(success)
    },
  )

  it('is answered with a word of plain text, which nothing keeps', async () => {
    const t = await start()
    const timestamp = String(Math.floor(Date.now() / 1000))
    const query = { timestamp, nonce: 'n', signature: signPush(token, timestamp, 'n') }
    const reply = await t.http.post('/wx/push').query(query).send(text)
    expect([reply.status, reply.text]).toEqual([200, 'success'])
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    })
  })

  it('may have 32 kB and no byte more', async () => {
    const t = await start()
    const empty = JSON.stringify({ MsgType: 'text', Content: '' }).length
    const sized = (bytes: number): string =>
      JSON.stringify({ MsgType: 'text', Content: 'x'.repeat(bytes - empty) })
    expect((await t.send(sized(32 * 1024 + 1))).status).toBe(413)
    expect((await t.send(sized(32 * 1024))).status).toBe(200)
    expect(t.messages).toHaveLength(1)
  })

  it('is told with the request', async () => {
    let ip: string | undefined
    const t = await start({ onMessage: (_, req) => void (ip = req.ip) })
    await t.push(text)
    expect(ip).toMatch(/127\.0\.0\.1/)
  })
})

describe('a message that is not as it must be', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['no signature', '{"MsgType":"text"}', { signature: '' }, 403],
    ['no time', '{"MsgType":"text"}', { timestamp: '' }, 403],
    ['a time that is none', '{"MsgType":"text"}', { timestamp: '-5' }, 403],
    ['a time in words', '{"MsgType":"text"}', { timestamp: `x${String(Date.now())}` }, 403],
    ['a time with a unit', '{"MsgType":"text"}', { timestamp: `${String(Date.now())}ms` }, 403],
    ['no body', '', {}, 400],
    ['a body that is nothing', 'hello', {}, 400],
    ['broken JSON', '{"MsgType":', {}, 400],
    ['broken XML', '<xml><A>', {}, 400],
    ['a DOCTYPE', '<!DOCTYPE xml><xml><A>1</A></xml>', {}, 400],
    ['an account event without AppID', '{"Event":"user_info_modified"}', {}, 400],
    ['an AppID that is none', '{"Event":"user_info_modified","AppID":"a:b"}', {}, 400],
    ['an app that nobody knows', '{"Event":"user_info_modified","AppID":"wx9"}', {}, 403],
    ['32 kB and more', `{"MsgType":"text","Content":"${'x'.repeat(33_000)}"}`, {}, 413],
  ])('%s is refused, and nobody is told', async (_, body, query, status) => {
    const t = await start()
    const reply = await t.send(body, query)
    expect(reply).toEqual({ status, body: refused })
    expect(t.messages).toEqual([])
    expect(JSON.stringify(reply.body)).not.toContain('MsgType')
  })

  it('without a query is refused', async () => {
    const t = await start()
    const reply = await t.http.post('/wx/push').send('{"MsgType":"text"}')
    expect([reply.status, reply.body]).toEqual([403, refused])
  })

  it('encrypted for an AppID that is none is refused', async () => {
    const t = await start({ encodingAESKey })
    const timestamp = String(Math.floor(Date.now() / 1000))
    const Encrypt = encryptPush(
      { message: '{"MsgType":"text"}', appid: 'a:b' },
      encodingAESKey,
      Buffer.alloc(16),
    )
    const query = {
      ...{ timestamp, nonce: 'n', encrypt_type: 'aes' },
      msg_signature: signPush(token, timestamp, 'n', Encrypt),
    }
    expect(await t.send(JSON.stringify({ Encrypt }), query)).toEqual({ status: 403, body: refused })
    expect(t.messages).toEqual([])
  })

  it('with blanks around the XML is read all the same', async () => {
    const t = await start()
    const xml = '<xml><MsgType><![CDATA[text]]></MsgType></xml>\n \n'
    for (const before of ['\n', '<?xml version="1.0" encoding="UTF-8"?>\n']) {
      expect(await t.send(before + xml, {}, 'text/xml')).toEqual({ status: 200, body: 'success' })
    }
    expect(t.messages).toMatchObject([{ MsgType: 'text' }])
  })

  it('with a signature twice is refused', async () => {
    const t = await start()
    const { fetch: record } = recorder()
    const twice: WxFetch = (url, init) => record(`${url}&signature=1`, init)
    expect(await t.event('user_info_modified', { fetch: twice })).toMatchObject({ status: 403 })
  })

  it('that is compressed or no UTF-8 is refused', async () => {
    const t = await start()
    const { fetch: record, again } = recorder()
    await t.event('user_info_modified', { token: 'another', fetch: record })
    const sent = async (init: RequestInit): Promise<number> => {
      const one = recorder()
      const changed: WxFetch = (url, own) => one.fetch(url, { ...own, ...init })
      return (await t.event('user_info_modified', { fetch: changed })).status!
    }
    expect(await sent({ headers: { 'Content-Encoding': 'gzip' } })).toBe(415)
    expect(await sent({ body: Buffer.from([0x7b, 0xff, 0x7d]) })).toBe(400)
    expect((await again()).status).toBe(403)
    expect(t.messages).toEqual([])
  })

  it('plain where encrypted ones are expected is refused', async () => {
    const t = await start({ encodingAESKey })
    const event = 'user_authorization_revoke'
    expect(await t.event(event, { encodingAESKey: undefined })).toMatchObject({ status: 403 })
    const dressed = await t.send('{"MsgType":"text"}', { encrypt_type: 'aes' })
    expect(dressed.status).toBe(403)
    expect([t.messages, t.revoked]).toEqual([[], []])
    expect(t.errors.map(({ reason }) => reason)).toEqual([
      'message push: not encrypted',
      'message push: Encrypt is missing',
    ])
  })

  it('encrypted where there is no key says what to set, but only to WeChat', async () => {
    const t = await start()
    const reply = await t.event('user_info_modified', { encodingAESKey })
    expect(reply.status).toBe(400)
    expect(reply.body).toContain('set messagePush.encodingAESKey')
    const stranger = await t.event('user_info_modified', { encodingAESKey, token: 'another' })
    expect(stranger.status).toBe(403)
    const odd = await t.send('{"Encrypt":"x"}')
    expect(JSON.stringify(odd)).toContain('set messagePush.encodingAESKey')
  })

  it('encrypted with another key says which one it must be', async () => {
    const t = await start({ encodingAESKey })
    const another = encodingAESKey.replace('a', 'b')
    const reply = await t.event('user_info_modified', { encodingAESKey: another })
    expect(reply.status).toBe(400)
    expect(reply.body).toContain('must be the key of the admin console')
  })

  it('encrypted and without a type of encryption, or plain with one that is none, is read', async () => {
    const sealed = await start({ encodingAESKey })
    const message = JSON.stringify({ MsgType: 'text' })
    const seal = { message, appid: sealed.sandbox.appid }
    const Encrypt = encryptPush(seal, encodingAESKey, Buffer.alloc(16))
    const timestamp = String(Math.floor(Date.now() / 1000))
    const msg_signature = signPush(token, timestamp, 'n', Encrypt)
    const query = { timestamp, nonce: 'n', msg_signature }
    expect((await sealed.send(JSON.stringify({ Encrypt }), query)).status).toBe(200)
    const plain = await start()
    expect((await plain.send(message, { encrypt_type: 'raw' })).status).toBe(200)
    expect([sealed.messages, plain.messages]).toMatchObject([
      [{ MsgType: 'text' }],
      [{ MsgType: 'text' }],
    ])
  })

  it('encrypted is about the app it was encrypted for, where it names none', async () => {
    const t = await start({ encodingAESKey })
    const { token: session } = await t.login()
    const OpenID = t.sandbox.user('alice').openid()
    const message = { Event: 'user_authorization_revoke', OpenID }
    expect(await t.push(message)).toEqual(success)
    expect((await t.get('/me', session)).status).toBe(401)
    expect(t.revoked).toMatchObject([{ appid: t.sandbox.appid, openid: OpenID }])
  })

  it('encrypted for one app, and about another one, is refused', async () => {
    const t = await start({ encodingAESKey })
    const message = { Event: 'user_authorization_revoke', OpenID: 'o1', AppID: 'wxelse' }
    expect(await t.push(message)).toMatchObject({ status: 403 })
    const forOther = encryptPush(
      { message: '{"MsgType":"text"}', appid: 'wxelse' },
      encodingAESKey,
      Buffer.alloc(16),
    )
    const timestamp = String(Math.floor(Date.now() / 1000))
    const msg_signature = signPush(token, timestamp, 'n', forOther)
    const query = { timestamp, nonce: 'n', encrypt_type: 'aes', msg_signature }
    expect((await t.send(JSON.stringify({ Encrypt: forOther }), query)).status).toBe(403)
    expect(t.messages).toEqual([])
  })

  it('whose ciphertext was changed on the way is refused', async () => {
    const t = await start({ encodingAESKey })
    const changed: WxFetch = (url, init) =>
      fetch(url, {
        ...init,
        body: (init.body as string).replace(
          /(?<="Encrypt":")./,
          (digit) => (digit === '/' ? '+' : '/'), // one that it is not already
        ),
      })
    const reply = await t.event('user_authorization_revoke', { fetch: changed })
    expect(reply.status).toBe(403)
    expect([t.messages, t.revoked]).toEqual([[], []])
  })

  it('says nothing of what is in it, in no answer and no error', async () => {
    const secret = '13912345678'
    const t = await start()
    await t.send(`{"Content":"${secret}"`)
    await t.send(`<xml><Content>${secret}</Contents></xml>`)
    await t.send(`{"Event":"user_info_modified","AppID":"wx${secret}"}`)
    t.failures.push(new Error('the hook’s own'))
    await t.send(`{"Content":"${secret}"}`)
    expect(t.errors).toHaveLength(4)
    for (const { message, reason, stack } of t.errors) {
      expect(`${message} ${String(reason)} ${String(stack)}`).not.toContain(secret)
    }
  })
})

describe('apps found by a function', () => {
  const resolve = (known: string) => async (appid: string | undefined) =>
    appid === known ? { appid: known, secret: 's' } : null

  it('is asked for the app of the message', async () => {
    const known = 'wx000000000sandbox'
    const t = await start(
      {},
      { wx: { appid: undefined, secret: undefined, apps: resolve(known) } as never },
    )
    expect(await t.event('user_authorization_revoke')).toEqual(success)
    const reply = await t.send('{"Event":"user_authorization_revoke","OpenID":"o","AppID":"wx2"}')
    expect(reply.status).toBe(403)
    expect(t.revoked).toHaveLength(1)
  })

  it('that fails makes WeChat send again', async () => {
    const apps = (): never => {
      throw new Error('no database')
    }
    const t = await start({}, { wx: { appid: undefined, secret: undefined, apps } as never })
    const reply = await t.event('user_authorization_revoke', { times: 3 })
    expect(reply).toMatchObject({ status: 500, sent: 3 })
    expect(t.errors[0]).toMatchObject({ code: 'WX_USER_HOOK_FAILED' })
  })
})

describe('where the app parses bodies before the plugin', () => {
  const parsers: [string, (app: Express) => void][] = [
    ['express.json', (app) => app.use(express.json())],
    ['express.text', (app) => app.use(express.text({ type: () => true }))],
    ['express.raw', (app) => app.use(express.raw({ type: () => true }))],
    ['express.urlencoded', (app) => app.use(express.urlencoded())],
  ]
  it.each(
    parsers.flatMap(([name, before]) =>
      modes.map((mode): [string, string, typeof before, (typeof modes)[0]] => [
        name,
        mode[0],
        before,
        mode,
      ]),
    ),
  )('%s: %s is read', async (_name, _mode, before, [, options, format]) => {
    const t = await start(options, { before: (app) => before(app) })
    expect(await t.event('user_authorization_revoke', { format })).toEqual(success)
    expect(t.revoked).toHaveLength(1)
  })

  it('JSON that is no message, or too large, is refused as ever', async () => {
    const t = await start({}, { before: (app) => app.use(express.json({ limit: '1mb' })) })
    expect((await t.send('{}')).status).toBe(400)
    expect((await t.send(`{"A":"${'x'.repeat(33_000)}"}`)).status).toBe(413)
  })

  it.each<[string, (app: Express) => void]>([
    ['nobody', () => undefined],
    ['express.json', (app) => app.use(express.json({ limit: '1mb' }))],
    ['express.text', (app) => app.use(express.text({ type: () => true, limit: '1mb' }))],
  ])('a message of untold length is held to 32 kB too, read before by %s', async (_, before) => {
    const t = await start({}, { before: (app) => before(app) })
    const post = async (bytes: number): Promise<number> => {
      const empty = JSON.stringify({ MsgType: 'text', Content: '' }).length
      const content = 'x'.repeat(bytes - empty)
      const sent = recorder()
      const stream: WxFetch = (url, init) =>
        sent.fetch(url, {
          ...init,
          headers: { 'Content-Type': 'application/json' },
          body: new Blob([JSON.stringify({ MsgType: 'text', Content: content })]).stream(),
          duplex: 'half',
        } as RequestInit)
      return (await t.event('user_info_modified', { fetch: stream })).status!
    }
    expect(await post(32 * 1024 + 1)).toBe(413)
    expect(t.messages).toEqual([])
    expect(await post(32 * 1024)).toBe(200)
    expect(t.messages).toMatchObject([{ MsgType: 'text' }])
  })

  it.each<[string, express.RequestHandler]>([
    [
      'a parser of XML that has its own way',
      (req, _, next) => {
        req.resume().on('end', () => {
          req.body = { xml: { event: ['user_info_modified'] } }
          next()
        })
      },
    ],
    [
      'something that read it and left nothing',
      (req, _, next) => {
        req.resume().on('end', () => next())
      },
    ],
    [
      'something that read it and left an empty object, as parsers of Express 4 do',
      (req, _, next) => {
        req.resume().on('end', () => {
          req.body = {}
          next()
        })
      },
    ],
  ])('%s is a set-up error that says where to put the plugin', async (_, middleware) => {
    const t = await start({}, { before: (app) => app.use(middleware) })
    const reply = await t.event('user_info_modified', { format: 'xml' })
    expect(reply.status).toBe(500)
    expect(t.errors).toMatchObject([{ code: 'WX_APP_CONFIG' }])
    expect(t.errors[0]!.message).toContain('before body parsers')
  })
})

describe('a message that could not be handled', () => {
  it('is told again when WeChat sends it again, and what was done is not done twice', async () => {
    const t = await start()
    const { token: session } = await t.login()
    t.failures.push(new Error('no database'), new Error('no database'))
    const event = 'user_authorization_revoke'
    const { fetch: record, again } = recorder()
    const reply = await t.event(event, { fetch: record })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      500,
      errorReply('WX_USER_HOOK_FAILED', 'retry'),
    ])
    // Nobody keeps the session for the sake of a hook that fails.
    expect((await t.get('/me', session)).status).toBe(401)
    expect((await again()).status).toBe(500)
    expect(await again()).toEqual({ status: 200, body: 'success' })
    expect(t.messages).toHaveLength(1)
    expect(t.revoked).toHaveLength(1)
    expect(await again()).toEqual({ status: 200, body: 'success' })
    expect(t.messages).toHaveLength(1)
  })

  it('by a hook that is too slow counts as told when the hook has ended after all', async () => {
    let end!: (error?: Error) => void
    let calls = 0
    const onMessage = (): Promise<void> => {
      calls += 1
      return new Promise((resolve, reject) => {
        end = (error) => (error ? reject(error) : resolve())
      })
    }
    const t = await start({ onMessage }, { wx: { hookTimeout: 50 } })
    const { fetch: record, again } = recorder()
    const late = await t.event('user_info_modified', { fetch: record })
    expect([late.status, JSON.parse(late.body)]).toEqual([
      503,
      errorReply('WX_USER_HOOK_FAILED', 'retry'),
    ])
    const meanwhile = await again()
    expect([meanwhile.status, JSON.parse(meanwhile.body)]).toEqual([
      503,
      errorReply('WX_BUSY', 'retry'),
    ])
    end()
    await until(async () => (await again()).status === 200)
    expect(calls).toBe(1)

    await t.event('user_info_modified', { fetch: record, openId: false })
    end(new Error('no database'))
    await until(async () => {
      await again()
      return calls === 3
    })
    end()
  })
})

describe.each(['memory', 'Redis'])('at the same time, with %s', (kind) => {
  let clients: WxRedis[]
  const redisPrefix = `test-push-${randomUUID()}:`
  beforeAll(async () => {
    clients = kind === 'Redis' ? [createRedis(redisUrl()), createRedis(redisUrl())] : []
    await Promise.all(clients.map((client) => client.connect()))
  })
  afterAll(() => Promise.all(clients.map((client) => client.close())))

  it('fifty of one message are handled once, in whichever process they come', async () => {
    const t = await start({}, { wx: { redis: clients[0], redisPrefix } })
    const others =
      kind === 'Redis'
        ? [await start({}, { sandbox: t.sandbox, wx: { redis: clients[1], redisPrefix } })]
        : []
    const all = [t, ...others]
    const { fetch: record, again } = recorder()
    await t.event('user_authorization_revoke', { token: 'another', fetch: record })
    const message = {
      ...{ Event: 'user_authorization_revoke', MsgType: 'event', CreateTime: 5 },
      ...{ OpenID: t.sandbox.user('alice').openid(), AppID: t.sandbox.appid },
    }
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => all[i % all.length]!.push(message)),
    )
    const statuses = replies.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
    // Now that it is handled, everywhere and for everybody.
    for (const app of all) expect(await app.push(message)).toEqual(success)
    expect(all.flatMap(({ messages }) => messages)).toHaveLength(1)
    expect(all.flatMap(({ revoked }) => revoked)).toHaveLength(1)
    expect((await again()).status).toBe(403)
  })

  it('forgets a cancelled user’s keys, and remembers messages for fifteen minutes', async () => {
    if (kind === 'memory') return
    const t = await start({}, { wx: { redis: clients[0], redisPrefix } })
    await t.login('carol')
    const openid = t.sandbox.user('carol').openid()
    const keys = `${redisPrefix}user:{${t.sandbox.appid}:${openid}}:keys`
    expect(await clients[0]!.exists(keys)).toBe(1)
    await t.event('user_authorization_cancellation', {}, 'carol')
    expect(await clients[0]!.exists(keys)).toBe(0)
    const remembered = await clients[0]!.keys(`${redisPrefix}once:*`)
    expect(remembered.length).toBeGreaterThan(2)
    for (const key of remembered) {
      expect(await clients[0]!.get(key)).toBe('done')
      const left = await clients[0]!.pTTL(key)
      expect(left).toBeGreaterThan(10 * 60_000)
      expect(left).toBeLessThanOrEqual(15 * 60_000)
      expect(key).not.toContain(openid)
    }
  })
})

test('a message keeps its place for as long as its hook and the end of sessions may take', async () => {
  const redis = createRedis(redisUrl())
  await redis.connect()
  const redisPrefix = `test-push-${randomUUID()}:`
  let end = (): void => undefined
  const onMessage = jest.fn(() => new Promise<void>((resolve) => (end = resolve)))
  const times = { hookTimeout: 10_000, storeTimeout: 2000 }
  const t = await start({ onMessage }, { wx: { redis, redisPrefix, ...times } })
  const answered = t.event('user_info_modified')
  await until(() => onMessage.mock.calls.length > 0)
  const places = await redis.keys(`${redisPrefix}once:*`)
  const left = await Promise.all(places.map((place) => redis.pTTL(place)))
  expect(left.filter((ms) => ms > 17_000 && ms <= 22_000)).toHaveLength(2)
  end()
  expect(await answered).toEqual(success)
  await redis.close()
})

test('while Redis is known to be away, a message is answered 503 at once, and Redis is not asked', async () => {
  const server = await startRedisServer()
  await server.stop()
  const redis = createClient({ url: server.url, disableOfflineQueue: true })
  const t = await start({}, { wx: { redis } })
  const reply = await t.event('user_info_modified')
  expect([reply.status, JSON.parse(reply.body)]).toEqual([
    503,
    errorReply('WX_STORE_UNAVAILABLE', 'retry'),
  ])
  expect(t.errors).toMatchObject([{ reason: 'the session store is disconnected' }])
  expect(t.messages).toEqual([])
})

describe('while Redis is away', () => {
  let server: RedisServer
  let redis: WxRedis
  beforeAll(async () => {
    server = await startRedisServer()
    redis = createRedis(server.url)
    await redis.connect()
  })
  afterAll(async () => {
    redis.destroy()
    await server.stop()
  })

  it('a message is answered 503 and not lost: it counts when WeChat sends it again', async () => {
    const t = await start({}, { wx: { redis, storeTimeout: 1000, hookTimeout: 2000 } })
    await t.login()
    const { fetch: record, again } = recorder()
    server.freeze()
    const reply = await t.event('user_authorization_revoke', { fetch: record })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      503,
      errorReply('WX_STORE_UNAVAILABLE', 'retry'),
    ])
    expect([t.messages, t.revoked]).toEqual([[], []])
    server.thaw()
    await until(async () => (await again()).status === 200)
    expect(t.revoked).toMatchObject([{ sessionIds: [expect.any(String)] }])
    expect(t.messages).toHaveLength(1)
  })
})

describe('the session of the app’s own', () => {
  it('ends as well', async () => {
    const t = await start(
      {},
      {
        wx: { session: undefined },
        before(app) {
          app.use(
            expressSession({ secret: 'x'.repeat(32), resave: false, saveUninitialized: false }),
          )
        },
        routes: (app) =>
          app.get('/who', (req, res) => void res.json(req.wx ? getWx(req).openid : 0)),
      },
    )
    const code = t.sandbox.user('alice').login()
    const login = await t.http.post('/wx/login').send({ code })
    const cookie = login.headers['set-cookie']![0]!.split(';')[0]!
    expect((await t.http.get('/who').set('Cookie', cookie)).body).not.toBe(0)
    await t.event('user_authorization_revoke')
    expect((await t.http.get('/who').set('Cookie', cookie)).body).toBe(0)
    expect(t.revoked).toMatchObject([{ sessionIds: [expect.any(String)] }])
  })
})
