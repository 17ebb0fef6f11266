import { MemoryStore } from 'express-session'
import { WxLoginError, type WxUserEvent } from '../../src/index.js'
import type { SandboxPhoneNumber } from '../../src/sandbox/index.js'
import {
  errorReply,
  sessionSecret,
  startTestApp,
  type TestApp,
  withTestApp,
} from '../support/test-app.js'

const exchange = '/wxa/business/getuserphonenumber'
const confirmation = '/wxa/business/checkencryptedmsg'

/** How often an endpoint of WeChat was asked. */
const asked = (t: TestApp, path: string): number =>
  t.sandbox.requests.filter((request) => request.path === path).length

const tap = (t: TestApp, name = 'alice'): SandboxPhoneNumber => t.sandbox.user(name).phoneNumber()

const chinese = {
  phoneNumber: expect.stringMatching(/^139\d{8}$/) as string,
  purePhoneNumber: expect.stringMatching(/^139\d{8}$/) as string,
  countryCode: '86',
}

describe('POST /wx/phone', () => {
  let t: TestApp
  const events: WxUserEvent[] = []
  beforeAll(async () => {
    t = await startTestApp({
      sandbox: { rotation: 'always' },
      wx: {
        onUser(event) {
          events.push(event)
          if (event.phone?.countryCode === '0') return undefined
          return {
            reason: event.reason,
            ...(event.phone && { phone: event.phone.phoneNumber }),
            ...(event.profile && { name: event.profile.nickName }),
          }
        },
      },
    })
  })
  afterAll(() => t.close())
  beforeEach(() => {
    events.splice(0)
    t.sandbox.faults.clear()
  })

  const post = (body: object, token: string): ReturnType<TestApp['post']> =>
    t.post('/wx/phone', body, token)

  describe('by the code of the phone number button', () => {
    it('answers the number and the user that onUser made of it, and never the openid', async () => {
      const { token } = await t.login()
      const reply = await post({ code: tap(t).code }, token)
      expect(reply.status).toBe(200)
      const { phoneNumber } = reply.body as { phoneNumber: string }
      expect(reply.body).toEqual({ ...chinese, user: { reason: 'phone', phone: phoneNumber } })
      expect(reply.headers['cache-control']).toBe('no-store')
      expect(reply.text).not.toContain(t.sandbox.user('alice').openid())
      expect(events.slice(1)).toEqual([
        {
          appid: t.sandbox.appid,
          openid: t.sandbox.user('alice').openid(),
          reason: 'phone',
          phone: { ...chinese, phoneNumber, purePhoneNumber: phoneNumber },
        },
      ])
    })

    it('keeps the new user in the session', async () => {
      const { token } = await t.login()
      const { body } = await post({ code: tap(t).code }, token)
      expect((await t.get('/me', token)).body).toMatchObject({
        user: { phone: (body as { phoneNumber: string }).phoneNumber },
      })
    })

    it('keeps the old user where onUser returns nothing', async () => {
      t.sandbox.user('olga', { phone: { countryCode: '0' } })
      const { token } = await t.login('olga')
      const { body } = await post({ code: tap(t, 'olga').code }, token)
      expect(body).toMatchObject({ countryCode: '0', user: { reason: 'login' } })
    })

    it('gives a foreign number with its country code as a string, however WeChat sends it', async () => {
      for (const [name, countryCode] of [
        ['hana', 852],
        ['hugo', '852'],
      ] as const) {
        const phone = { phoneNumber: '+85291234567', purePhoneNumber: '91234567', countryCode }
        t.sandbox.user(name, { phone })
        const { token } = await t.login(name)
        const { body } = await post({ code: tap(t, name).code }, token)
        expect(body).toMatchObject({ ...phone, countryCode: '852' })
      }
    })

    it('always sends WeChat the openid of the session, whatever the body says', async () => {
      const { token } = await t.login()
      await post({ code: tap(t).code, openid: t.sandbox.user('bob').openid() }, token).expect(200)
      const request = t.sandbox.requests.findLast(({ path }) => path === exchange)
      expect(request?.body).toMatchObject({ openid: t.sandbox.user('alice').openid() })
    })

    it('refuses the code of another user, which costs nothing and leaves it to its owner', async () => {
      const [alice, mallory] = [await t.login(), await t.login('mallory')]
      const { code } = tap(t)
      const before = t.sandbox.paidPhoneNumbers
      const stolen = await post({ code }, mallory.token)
      expect(stolen.status).toBe(401)
      expect(stolen.body).toMatchObject({ error: { code: 'WX_CODE_INVALID' } })
      expect(t.sandbox.paidPhoneNumbers).toBe(before)
      await post({ code }, alice.token).expect(200)
      // And the number that alice got is shared with nobody.
      const again = await post({ code }, mallory.token)
      expect(again.status).toBe(401)
      expect(again.text).not.toMatch(/139\d{8}/)
      expect(events.filter(({ reason }) => reason === 'phone')).toHaveLength(1)
    })

    it('refuses a code that another server has used', async () => {
      const { code } = tap(t)
      await withTestApp({ sandbox: t.sandbox }, async (other) => {
        const { token } = await other.login()
        await other.post('/wx/phone', { code }, token).expect(200)
      })
      const { token } = await t.login()
      const reply = await post({ code }, token)
      expect(reply.status).toBe(401)
      expect(reply.body).toMatchObject({ error: { code: 'WX_CODE_USED', errcode: 40163 } })
    })

    it('refuses a code that is older than five minutes', async () => {
      await withTestApp({}, async (own) => {
        const { token } = await own.login()
        const { code } = tap(own)
        own.sandbox.clock.advance(5 * 60_000)
        const reply = await own.post('/wx/phone', { code }, token)
        expect(reply.status).toBe(401)
        expect(reply.body).toMatchObject({ error: { code: 'WX_CODE_INVALID', errcode: 40029 } })
        expect(own.sandbox.paidPhoneNumbers).toBe(0)
      })
    })

    it('tells a code of wx.login by mistake, without asking WeChat where it was exchanged here', async () => {
      const code = t.sandbox.user('alice').login()
      const { body } = await t.post('/wx/login', { code })
      const before = t.sandbox.requests.length
      const reply = await post({ code }, (body as { token: string }).token)
      expect(reply.status).toBe(400)
      expect(reply.body).toEqual(
        errorReply('WX_BAD_REQUEST', 'none', {
          message:
            'code: this is a code of wx.login; send the code that the phone number button gave.',
        }),
      )
      expect(t.sandbox.requests).toHaveLength(before)
    })

    it('tells a code of wx.login by its form where only WeChat knows it', async () => {
      const { token } = await t.login()
      const code = t.sandbox.user('alice').login()
      const reply = await post({ code }, token)
      expect(reply.status).toBe(401)
      expect(reply.body).toMatchObject({
        error: {
          code: 'WX_CODE_INVALID',
          message: expect.stringMatching(/code of wx\.login/) as string,
        },
      })
      // Not spent: it logs in as it would have.
      await t.post('/wx/login', { code }).expect(200)
    })

    it('asks the user to tap again where the code is refused, and not to log in', async () => {
      const { token } = await t.login()
      t.sandbox.faults.add({ endpoint: exchange, errcode: 40163, times: 1 })
      const reply = await post({ code: tap(t).code }, token)
      expect(reply.body).toMatchObject({
        error: { message: expect.stringMatching(/phone number button/) as string },
      })
      await t.get('/me', token).expect(200)
    })
  })

  describe('one code, one payment', () => {
    it('fifty posts at once share one call and one onUser', async () => {
      const { token } = await t.login()
      const { code } = tap(t)
      const before = { paid: t.sandbox.paidPhoneNumbers, asked: asked(t, exchange) }
      t.sandbox.faults.add({ endpoint: exchange, delayMs: 200, times: 1 })
      const replies = await Promise.all(Array.from({ length: 50 }, () => post({ code }, token)))
      expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
      expect(asked(t, exchange)).toBe(before.asked + 1)
      expect(t.sandbox.paidPhoneNumbers).toBe(before.paid + 1)
      expect(events.filter(({ reason }) => reason === 'phone')).toHaveLength(1)
    })

    it('a post whose reply was lost comes again and is answered the same', async () => {
      const { token } = await t.login()
      const { code } = tap(t)
      const first = await post({ code }, token)
      const before = t.sandbox.requests.length
      const again = await post({ code }, token)
      expect([again.status, again.text]).toEqual([200, first.text])
      expect(t.sandbox.requests).toHaveLength(before)
    })

    it('a post that comes again does not put back what the user was meanwhile changed to', async () => {
      const { token } = await t.login()
      const { code } = tap(t)
      await post({ code }, token).expect(200)
      await t.post('/wx/profile', { nickName: 'Ann' }, token).expect(200)
      const again = await post({ code }, token)
      expect(again.body).toMatchObject({ ...chinese, user: { name: 'Ann' } })
      expect((await t.get('/me', token)).body).toMatchObject({ user: { name: 'Ann' } })
    })

    it('after another login too: the code is the user’s, not the session’s', async () => {
      const [old, fresh] = [await t.login(), await t.login()]
      const { code } = tap(t)
      const { body } = await post({ code }, old.token)
      const before = t.sandbox.paidPhoneNumbers
      expect((await post({ code }, fresh.token)).body).toEqual(body)
      expect((await t.get('/me', fresh.token)).body).toMatchObject({ user: { reason: 'phone' } })
      expect(t.sandbox.paidPhoneNumbers).toBe(before)
    })

    it('an access token that was replaced in between costs nothing', async () => {
      const { token } = await t.login()
      await post({ code: tap(t).code }, token).expect(200)
      await withTestApp({}, async (own) => {
        const session = await own.login()
        await own.post('/wx/phone', { code: tap(own).code }, session.token).expect(200)
        const { appid, secret } = own.sandbox
        await own.sandbox.fetch('https://api.weixin.qq.com/cgi-bin/stable_token', {
          method: 'POST',
          body: JSON.stringify({
            grant_type: 'client_credential',
            appid,
            secret,
            force_refresh: true,
          }),
        })
        await own.post('/wx/phone', { code: tap(own).code }, session.token).expect(200)
        const codes = own.sandbox.requests.filter(({ path }) => path === exchange)
        expect(codes.map(({ errcode }) => errcode)).toEqual([0, 40001, 0])
        expect(own.sandbox.paidPhoneNumbers).toBe(2)
      })
    })
  })

  describe('where something fails after the payment', () => {
    it('onUser that failed is run again for the same code, which is not paid for again', async () => {
      let failing = true
      const phones: unknown[] = []
      const onUser = (event: WxUserEvent): unknown => {
        if (event.reason !== 'phone') return { id: 1 }
        phones.push(event.phone)
        if (failing) throw new Error('the database is away')
        return { id: 1, phone: event.phone?.phoneNumber }
      }
      await withTestApp({ wx: { onUser } }, async (own) => {
        const { token } = await own.login()
        const { code } = tap(own)
        const refused = await own.post('/wx/phone', { code }, token)
        expect(refused.status).toBe(500)
        expect(refused.body).toEqual(errorReply('WX_USER_HOOK_FAILED', 'retry'))
        expect(refused.headers['retry-after']).toBe('1')
        expect((await own.get('/me', token)).body).toMatchObject({ user: { id: 1 } })
        failing = false
        const { body } = await own.post('/wx/phone', { code }, token)
        const { phoneNumber } = body as { phoneNumber: string }
        expect(body).toEqual({ ...chinese, user: { id: 1, phone: phoneNumber } })
        expect(phones).toHaveLength(2)
        expect(own.sandbox.paidPhoneNumbers).toBe(1)
      })
    })

    it('onUser may refuse the number with words for the phone', async () => {
      const onUser = (event: WxUserEvent): unknown => {
        if (event.phone) throw WxLoginError.reject('This number has an account already.')
        return { id: 1 }
      }
      await withTestApp({ wx: { onUser } }, async (own) => {
        const { token } = await own.login()
        const reply = await own.post('/wx/phone', { code: tap(own).code }, token)
        expect(reply.status).toBe(403)
        expect(reply.body).toEqual(
          errorReply('WX_LOGIN_REJECTED', 'none', {
            message: 'This number has an account already.',
          }),
        )
        await own.get('/me', token).expect(200)
      })
    })

    it('a store that did not save the user completes with the same code, and onUser is not run again', async () => {
      class FailingStore extends MemoryStore {
        failing = false
        override set(...args: Parameters<MemoryStore['set']>): void {
          if (this.failing) args[2]?.(new Error('the store is away'))
          else super.set(...args)
        }
      }
      const store = new FailingStore()
      const reasons: string[] = []
      const onUser = ({ reason, phone }: WxUserEvent): unknown => {
        reasons.push(reason)
        return { phone: phone?.phoneNumber ?? null }
      }
      await withTestApp(
        { wx: { onUser, session: { secret: sessionSecret, store } } },
        async (own) => {
          const { token } = await own.login()
          const { code } = tap(own)
          store.failing = true
          const failed = await own.post('/wx/phone', { code }, token)
          expect(failed.status).toBe(503)
          expect(failed.body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
          store.failing = false
          const { body } = await own.post('/wx/phone', { code }, token)
          const { phoneNumber } = body as { phoneNumber: string }
          expect((await own.get('/me', token)).body).toMatchObject({ user: { phone: phoneNumber } })
          expect(reasons).toEqual(['login', 'phone'])
          expect(own.sandbox.paidPhoneNumbers).toBe(1)
        },
      )
    })

    it('a session that is revoked meanwhile stays ended; after a login the same code completes', async () => {
      let revoke: (() => Promise<unknown>) | undefined
      const onUser = async ({ reason, phone }: WxUserEvent): Promise<unknown> => {
        if (reason === 'phone') await revoke?.()
        return { phone: phone?.phoneNumber ?? null }
      }
      await withTestApp({ wx: { onUser } }, async (own) => {
        const { token } = await own.login()
        const { code } = tap(own)
        revoke = () =>
          own.wx.sessions.revokeAll({
            appid: own.sandbox.appid,
            openid: own.sandbox.user('alice').openid(),
          })
        const ended = await own.post('/wx/phone', { code }, token)
        expect(ended.status).toBe(401)
        expect(ended.body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
        await own.get('/me', token).expect(401)
        revoke = undefined
        const fresh = await own.login()
        const { body } = await own.post('/wx/phone', { code }, fresh.token)
        const { phoneNumber } = body as { phoneNumber: string }
        expect(body).toEqual({ ...chinese, user: { phone: phoneNumber } })
        expect(own.sandbox.paidPhoneNumbers).toBe(1)
      })
    })
  })

  describe('where WeChat fails', () => {
    it.each([
      ['is busy', { errcode: -1 }, 503, 'WX_BUSY', 'retry'],
      ['has no call left this minute', { errcode: 45011 }, 429, 'WX_RATE_LIMITED', 'retry'],
      ['says what nobody knows', { errcode: 99999 }, 502, 'WX_UPSTREAM', 'login'],
      ['is down', { status: 503 }, 502, 'WX_UPSTREAM', 'login'],
      ['cuts the line', { drop: 'before' as const }, 502, 'WX_UPSTREAM', 'login'],
      ['answers nonsense', { body: '<html>' }, 502, 'WX_UPSTREAM', 'login'],
      ['answers no number', { body: { errcode: 0, errmsg: 'ok' } }, 502, 'WX_UPSTREAM', 'login'],
    ])('that it %s is told, and the code completes afterwards', async (...row) => {
      const [, fault, status, code, action] = row
      const { token } = await t.login()
      const button = tap(t)
      t.sandbox.faults.add({ endpoint: exchange, ...fault })
      const reply = await post({ code: button.code }, token)
      expect(reply.status).toBe(status)
      expect(reply.body).toMatchObject({ error: { code, action } })
      expect(events.filter(({ reason }) => reason === 'phone')).toEqual([])
      t.sandbox.faults.clear()
      await post({ code: button.code }, token).expect(200)
    })

    it('an answer that is lost is not asked for blindly: the code may be spent', async () => {
      const { token } = await t.login()
      const { code } = tap(t)
      const before = asked(t, exchange)
      t.sandbox.faults.add({ endpoint: exchange, drop: 'after', times: 1 })
      const reply = await post({ code }, token)
      expect(reply.status).toBe(502)
      expect(asked(t, exchange)).toBe(before + 1)
      const again = await post({ code }, token)
      expect(again.body).toMatchObject({ error: { code: 'WX_CODE_USED' } })
    })

    it('is silent past the deadline: 504', async () => {
      await withTestApp(
        { sandbox: t.sandbox, wx: { wechat: { fetch: t.sandbox.fetch, timeout: 1000 } } },
        async (impatient) => {
          const { token } = await impatient.login()
          t.sandbox.faults.add({ endpoint: exchange, delayMs: 60_000, times: 1 })
          const reply = await impatient.post('/wx/phone', { code: tap(impatient).code }, token)
          expect(reply.status).toBe(504)
          expect(reply.body).toMatchObject({ error: { code: 'WX_UPSTREAM' } })
        },
      )
    })

    it('gives no access token: told, and nobody is kept from logging in', async () => {
      await withTestApp({}, async (own) => {
        const { token } = await own.login()
        own.sandbox.faults.add({ endpoint: 'stable_token', errcode: 40164 })
        const reply = await own.post('/wx/phone', { code: tap(own).code }, token)
        expect(reply.status).toBe(500)
        expect(reply.body).toMatchObject({
          error: { code: 'WX_APP_CONFIG', message: 'The server is not set up correctly.' },
        })
        await own.login()
        own.sandbox.faults.clear()
        await own.post('/wx/phone', { code: tap(own).code }, token).expect(200)
      })
    })
  })

  describe('by encryptedData', () => {
    const encrypted = (name = 'alice'): { encryptedData: string; iv: string } => {
      const { encryptedData, iv } = tap(t, name)
      return { encryptedData, iv }
    }

    it('decrypts the number, lets WeChat confirm it, and pays nothing', async () => {
      const { token } = await t.login()
      const before = { paid: t.sandbox.paidPhoneNumbers, confirmed: asked(t, confirmation) }
      const reply = await post(encrypted(), token)
      expect(reply.status).toBe(200)
      const { phoneNumber } = reply.body as { phoneNumber: string }
      expect(reply.body).toEqual({ ...chinese, user: { reason: 'phone', phone: phoneNumber } })
      expect((await t.get('/me', token)).body).toMatchObject({ user: { phone: phoneNumber } })
      expect(events.slice(1)).toMatchObject([{ reason: 'phone', phone: chinese }])
      expect(asked(t, confirmation)).toBe(before.confirmed + 1)
      expect(t.sandbox.paidPhoneNumbers).toBe(before.paid)
    })

    it('gives the same number as the code', async () => {
      const { token } = await t.login()
      const { code, encryptedData, iv } = tap(t)
      const [a, b] = [await post({ code }, token), await post({ encryptedData, iv }, token)]
      expect(a.body).toEqual(b.body)
    })

    it('asks WeChat nothing where that is switched off', async () => {
      const wechat = { checkEncryptedData: false }
      await withTestApp(
        { sandbox: t.sandbox, wx: { wechat: { ...wechat, fetch: t.sandbox.fetch } } },
        async (own) => {
          const { token } = await own.login()
          const { encryptedData, iv } = tap(own)
          const before = t.sandbox.requests.length
          await own.post('/wx/phone', { encryptedData, iv }, token).expect(200)
          expect(t.sandbox.requests).toHaveLength(before)
        },
      )
    })

    it.each([
      ['a + that became a space', (text: string) => text.replaceAll('+', ' ')],
      ['the URL-safe alphabet', (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')],
    ])('mends %s on the way', async (_what, mangle) => {
      const { token } = await t.login()
      const { encryptedData, iv } = encrypted()
      await post({ encryptedData: mangle(encryptedData), iv: mangle(iv) }, token).expect(200)
    })

    it('reads a number that was encrypted before the key was replaced', async () => {
      const { token } = await t.login()
      const data = encrypted()
      const later = await t.login()
      for (const session of [token, later.token]) await post(data, session).expect(200)
    })

    it('answers all that is not accepted the same, forged numbers among it', async () => {
      const { token } = await t.login('mallory')
      const mallory = t.sandbox.user('mallory')
      const forged = {
        phoneNumber: '13912345678',
        purePhoneNumber: '13912345678',
        countryCode: '86',
      }
      const bad = [
        mallory.encrypt(forged),
        encrypted('trent'),
        mallory.encrypt({ ...forged, phoneNumber: 13912345678 }),
        mallory.encrypt({ nickName: 'mallory' }),
        mallory.encrypt({ ...forged, openId: t.sandbox.user('alice').openid() }),
        ...(['bad-watermark', 'truncated', 'wrong-key', 'bit-flipped'] as const).map((variant) =>
          mallory.phoneNumber({ variant }),
        ),
      ]
      const answers = new Set<string>()
      for (const { encryptedData, iv } of bad) {
        const reply = await post({ encryptedData, iv }, token)
        const { error } = reply.body as { error: { requestId?: string } }
        delete error.requestId
        answers.add(JSON.stringify([reply.status, reply.body]))
      }
      expect([...answers]).toHaveLength(1)
      expect([...answers][0]).toMatch(/^\[409,.*"WX_STALE_KEY".*"action":"login"/)
      expect(events.filter(({ reason }) => reason === 'phone')).toEqual([])
    })

    it('asks WeChat only about what it could read', async () => {
      const { token } = await t.login()
      const before = t.sandbox.requests.length
      const { encryptedData, iv } = t.sandbox.user('alice').phoneNumber({ variant: 'wrong-key' })
      await post({ encryptedData, iv }, token).expect(409)
      expect(t.sandbox.requests).toHaveLength(before)
    })

    it('stops a session after twenty forged numbers in a minute', async () => {
      const { token } = await t.login('oscar')
      const forged = { phoneNumber: '1', purePhoneNumber: '1', countryCode: '86' }
      const data = t.sandbox.user('oscar').encrypt(forged)
      for (let i = 0; i < 20; i++) await post(data, token).expect(409)
      const reply = await post(encrypted('oscar'), token)
      expect(reply.status).toBe(429)
      expect(reply.body).toEqual(errorReply('WX_RATE_LIMITED', 'retry'))
    })

    it('a WeChat that cannot confirm is an error of its own, and counts against nobody', async () => {
      const { token } = await t.login('peggy')
      t.sandbox.faults.add({ endpoint: confirmation, errcode: 40097 })
      for (let i = 0; i < 21; i++) {
        const reply = await post(encrypted('peggy'), token)
        expect(reply.status).toBe(502)
        expect(reply.body).toMatchObject({ error: { code: 'WX_UPSTREAM' } })
      }
      expect(events.filter(({ reason }) => reason === 'phone')).toEqual([])
      t.sandbox.faults.clear()
      await post(encrypted('peggy'), token).expect(200)
    })
  })

  describe('the route', () => {
    it('is behind the guard: without a session nothing is asked', async () => {
      const before = t.sandbox.requests.length
      const reply = await t.post('/wx/phone', { code: tap(t).code })
      expect(reply.status).toBe(401)
      expect(reply.body).toEqual(errorReply('WX_SESSION_REQUIRED', 'login'))
      expect(t.sandbox.requests).toHaveLength(before)
    })

    it('can be elsewhere, or nowhere', async () => {
      await withTestApp({ wx: { routes: { phone: '/api/number' } } }, async (own) => {
        const { token } = await own.login()
        await own.post('/api/number', { code: tap(own).code }, token).expect(200)
        await own.post('/wx/phone', { code: tap(own).code }, token).expect(404)
      })
      await withTestApp({ wx: { routes: { phone: false } } }, async (own) => {
        const { token } = await own.login()
        await own.post('/wx/phone', { code: tap(own).code }, token).expect(404)
      })
    })

    it('is waited for by wx.close(), after which no code is spent', async () => {
      let start = (): void => undefined
      let finish = (): void => undefined
      const started = new Promise<void>((resolve) => (start = resolve))
      const finished = new Promise<void>((resolve) => (finish = resolve))
      const onUser = async ({ reason }: WxUserEvent): Promise<unknown> => {
        if (reason === 'phone') {
          start()
          await finished
        }
        return { reason }
      }
      await withTestApp({ wx: { onUser } }, async (own) => {
        const { token } = await own.login()
        const running = own.post('/wx/phone', { code: tap(own).code }, token).then((r) => r)
        await started
        let closed = false
        const closing = own.wx.close().then(() => (closed = true))
        const late = await own.post('/wx/phone', { code: tap(own).code }, token)
        expect(late.status).toBe(503)
        expect(late.body).toEqual(errorReply('WX_CLOSING', 'retry'))
        expect(closed).toBe(false)
        finish()
        expect((await running).body).toMatchObject({ ...chinese, user: { reason: 'phone' } })
        await closing
        expect(own.sandbox.paidPhoneNumbers).toBe(1)
      })
    })

    it('is not waited for by wx.close({ timeout }) for longer than that', async () => {
      let start = (): void => undefined
      const ends: (() => void)[] = []
      const onUser = ({ reason }: WxUserEvent): unknown => {
        if (reason === 'login') return { reason }
        start()
        return new Promise<void>((resolve) => ends.push(resolve))
      }
      await withTestApp({ wx: { onUser, hookTimeout: 60_000 } }, async (own) => {
        const { token } = await own.login()
        const { code, encryptedData, iv } = tap(own)
        const running = []
        for (const body of [{ code }, { encryptedData, iv }]) {
          const started = new Promise<void>((resolve) => (start = resolve))
          running.push(own.post('/wx/phone', body, token).then((reply) => reply))
          await started
        }
        await own.wx.close({ timeout: 50 })
        for (const { body } of await Promise.all(running))
          expect(body).toEqual(errorReply('WX_CLOSING', 'retry'))
        // Only now: its deadline would keep this process from ending.
        for (const end of ends) end()
      })
    })
  })
})
