import { createCipheriv, randomBytes } from 'node:crypto'
import type request from 'supertest'
import type { Response } from 'supertest'
import type { SandboxUser } from '../../src/sandbox/index.js'
import type { WxEncryptedData } from '../../src/types.js'
import { errorReply } from '../support/test-app.js'
import { type Kind, kinds, type Login, type Service, startService } from './key-apps.js'

const window = 10 * 60_000

/** Any bytes as WeChat would encrypt them, padding included or left to the caller. */
function encrypted(sessionKey: string, bytes: string | Buffer, padding = true): WxEncryptedData {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv)
  cipher.setAutoPadding(padding)
  const made = Buffer.concat([cipher.update(bytes as string, 'utf8'), cipher.final()])
  return { encryptedData: made.toString('base64'), iv: iv.toString('base64') }
}

/** All that a phone can see of a reply. */
function seen({ status, headers, body }: Response): object {
  const { date: _date, ...others } = headers as Record<string, string>
  return { status, headers: others, body: body as object }
}

describe.each<Kind>(kinds)('data that no key fits, with session keys %s', (kind) => {
  let service: Service
  let phone: SandboxUser
  let made = 0
  beforeAll(async () => {
    service = await startService(kind)
  })
  afterAll(() => service.close())
  beforeEach(() => {
    phone = service.sandbox.user(`bob${String(++made)}`)
    service.here.errors.splice(0)
  })
  const enter = (): Promise<Login> => service.here.enter(phone.name)
  const decrypt = (token: string, data: WxEncryptedData): Promise<Response> =>
    service.here.post('/decrypt', data, token)
  const watermark = (ms = 0, appid = service.sandbox.appid): object => ({
    watermark: { appid, timestamp: Math.floor((Date.now() + ms) / 1000) },
  })
  const text = (data: object): string => JSON.stringify(data)

  test('the key before is good for the window after it was replaced, and not longer', async () => {
    await enter()
    const data = phone.userInfo()
    service.pass(5 * 60_000)
    const { token } = await enter()
    service.pass(window - 5000)
    expect((await decrypt(token, data)).status).toBe(200)
    await service.here.post('/wx/profile', data, token).expect(200)
    service.pass(5000 + 1000)
    expect((await decrypt(token, data)).body).toEqual(errorReply('WX_STALE_KEY', 'login'))
    expect((await service.here.post('/wx/profile', data, token)).status).toBe(409)
    const { rawData, signature } = data
    const verified = await service.here.post('/verify', { rawData, signature }, token)
    expect(verified.body).toEqual({ fits: false })
    const code = phone.login()
    expect((await service.here.post('/wx/login', { code, ...data })).status).toBe(409)
    await service.here.post('/wx/login', { code }).expect(200)
  })

  test('the session’s own key is good no longer than that either', async () => {
    const first = await enter()
    const data = phone.userInfo()
    await enter()
    service.pass(window + 1000)
    expect((await decrypt(first.token, data)).status).toBe(409)
  })

  test('data made more than five minutes after its key was replaced is nobody’s', async () => {
    const { token, sessionKey } = await enter()
    await enter()
    service.pass(window - 60_000)
    const late = phone.encrypt({ a: 1 }, { sessionKey })
    expect((await decrypt(token, late)).status).toBe(409)
    const intime = encrypted(sessionKey, text({ a: 1, ...watermark(-window / 2) }))
    expect((await decrypt(token, intime)).status).toBe(200)
  })

  test('codes that came in the wrong order, used long after: one refusal, and the login heals it', async () => {
    const [first, second] = [phone.login(), phone.login()]
    await service.here.enterWith(second)
    const { token } = await service.here.enterWith(first)
    service.pass(window + 1000)
    expect((await decrypt(token, phone.userInfo())).body).toEqual(
      errorReply('WX_STALE_KEY', 'login'),
    )
    const again = await enter()
    expect((await decrypt(again.token, phone.userInfo())).status).toBe(200)
    expect((await decrypt(token, phone.userInfo())).status).toBe(200)
  })

  test('whatever is wrong with it, the answer is the same to the byte', async () => {
    const oldest = await enter()
    const outdated = phone.userInfo()
    service.pass(60_000)
    const replaced = await enter()
    service.pass(window + 1000)
    const { token, sessionKey } = await enter()
    const other = randomBytes(16).toString('base64')
    const bad = (key: string): Record<string, WxEncryptedData> => {
      const { encryptedData, iv } = phone.userInfo()
      return {
        'no padding': encrypted(key, Buffer.alloc(16, 0x20), false),
        'padding longer than a block': encrypted(key, Buffer.alloc(16, 17), false),
        'no UTF-8': encrypted(key, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
        'no JSON': encrypted(key, '{"a":'),
        'no object': encrypted(key, '[1]'),
        'no watermark': encrypted(key, '{}'),
        'a watermark of another app': encrypted(key, text(watermark(0, 'wxother'))),
        'a watermark too old': encrypted(key, text(watermark(-3_700_000))),
        'a watermark of tomorrow': encrypted(key, text(watermark(86_400_000))),
        'another user': encrypted(key, text({ openId: 'mallory', ...watermark() })),
        'a key that is nobody’s': encrypted(other, text(watermark())),
        'a key outside the window': outdated,
        'the same, made now': encrypted(oldest.sessionKey, text(watermark())),
        'data made long after its key was replaced': encrypted(
          replaced.sessionKey,
          text(watermark(360_000)),
        ),
        'a block left out': { encryptedData: encryptedData.slice(0, 64), iv },
        'another iv': { encryptedData, iv: other },
      }
    }
    const answers: [string, object][] = []
    const answer = async (what: string, reply: request.Test): Promise<void> => {
      // Given, so that even the ETag, which is made of the body, must be the same.
      answers.push([what, seen(await reply.set('X-Request-Id', 'the-same'))])
    }
    for (const [what, data] of Object.entries(bad(sessionKey))) {
      await answer(what, service.here.post('/decrypt', data, token))
    }
    // Another session, as one may be refused twenty times; and the login, where the key is the code's.
    const second = (await enter()).token
    for (const [what, data] of Object.entries(bad(phone.sessionKey()))) {
      await answer(what, service.here.post('/wx/profile', data, second))
    }
    const code = phone.login()
    for (const [what, data] of Object.entries(bad(phone.sessionKey()))) {
      await answer(what, service.here.post('/wx/login', { code, ...data }))
    }
    for (const [what, answered] of answers) {
      expect([what, answered]).toEqual([what, answers[0]![1]])
    }
    expect(answers[0]![1]).toMatchObject({
      status: 409,
      body: { error: { code: 'WX_STALE_KEY', action: 'login' } },
    })
    // The operator is told more, and nothing of the data or the keys.
    const reasons = new Set(service.here.errors.map(({ reason }) => reason))
    expect(reasons.size).toBeGreaterThan(5)
    const told = JSON.stringify([...reasons, ...service.here.errors])
    for (const secret of [sessionKey, oldest.sessionKey, replaced.sessionKey, 'mallory', token]) {
      expect(told).not.toContain(secret)
    }
  })

  test('twenty refusals a session, each counted once however many keys were tried, then 429', async () => {
    for (let i = 0; i < 4; i++) await enter()
    const { token } = await enter()
    const wrong = phone.userInfo({ variant: 'wrong-key' })
    for (let i = 0; i < 20; i++) {
      expect((await decrypt(token, wrong)).status).toBe(409)
    }
    const reply = await decrypt(token, phone.userInfo())
    expect(reply.body).toEqual(errorReply('WX_RATE_LIMITED', 'retry'))
    expect([reply.status, reply.headers['retry-after']]).toEqual([429, '60'])
    for (const path of ['/verify', '/wx/profile']) {
      const { rawData, signature } = phone.userInfo()
      expect((await service.there.post(path, { rawData, signature }, token)).status).toBe(429)
    }
    const other = await enter()
    expect((await decrypt(other.token, phone.userInfo())).status).toBe(200)
  })

  test('data of an earlier key is no refusal, however often it is sent', async () => {
    await enter()
    const data = phone.userInfo()
    const { token } = await enter()
    for (let i = 0; i < 25; i++) expect((await decrypt(token, data)).status).toBe(200)
  })

  test('a signature that fits none of the keys is counted, one that fits any is not', async () => {
    await enter()
    const { rawData, signature } = phone.userInfo()
    const { token } = await enter()
    const wrong = { rawData, signature: '0'.repeat(40) }
    for (let i = 0; i < 20; i++) {
      const good = await service.here.post('/verify', { rawData, signature }, token)
      expect(good.body).toEqual({ fits: true })
      expect((await service.here.post('/verify', wrong, token)).body).toEqual({ fits: false })
    }
    expect((await service.here.post('/verify', wrong, token)).status).toBe(429)
  })

  test('twenty refusals a code at the login, also where they come at once; then the code is good without data', async () => {
    await enter()
    const code = phone.login()
    const { encryptedData, iv } = phone.userInfo({ variant: 'wrong-key' })
    const before = service.here.exchanges()
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => service.here.post('/wx/login', { code, encryptedData, iv })),
    )
    const counts = [409, 429].map((each) => replies.filter(({ status }) => status === each).length)
    expect(counts).toEqual([20, 20])
    const limited = replies.find(({ status }) => status === 429)!
    expect(limited.body).toEqual(errorReply('WX_RATE_LIMITED', 'retry'))
    await service.here.post('/wx/login', { code, ...phone.userInfo() }).expect(429)
    await service.here.post('/wx/login', { code }).expect(200)
    expect(service.here.exchanges()).toBe(before + 1)
  })

  test('a key of another user is none of these, though they share an app and a server', async () => {
    const mallory = service.sandbox.user(`mallory${String(made)}`)
    await service.here.enter(mallory.name)
    const { token } = await enter()
    const theirs = mallory.encrypt({ nickName: 'me' })
    expect((await decrypt(token, theirs)).status).toBe(409)
    const code = phone.login()
    expect((await service.here.post('/wx/login', { code, ...theirs })).status).toBe(409)
  })
})
