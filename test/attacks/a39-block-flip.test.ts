import express from 'express'
import type { WxUserEvent } from '../../src/hook-types.js'
import {
  decryptData,
  getWx,
  requireWxSession,
  wxErrorHandler,
  WxLoginError,
} from '../../src/index.js'
import type { WxEncryptedData } from '../../src/types.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { bytesFor, encrypt } from '../wechat/phone.js'
import { createAttacker } from './attacker.js'
import { decryptNaively, injectField } from './cbc.js'

const appid = 'wx4f4bc4dec97d474b'
const iv = bytesFor('the iv of attack 39')
const plain = Buffer.from(
  JSON.stringify({
    openId: 'oAliceOfAttack39____________',
    nickName: 'A'.repeat(64),
    watermark: { timestamp: 1477314187, appid },
  }),
)

/** Another key makes another block of the one that nobody can choose. The same in every run. */
function attempt(n: number): WxEncryptedData & { sessionKey: string } {
  const sessionKey = bytesFor(`attack 39, ${String(n)}`)
  return { ...injectField(encrypt(plain, sessionKey, iv), plain), sessionKey }
}

function isInjected(read: () => object): boolean {
  try {
    return Object.hasOwn(read(), 'isVip')
  } catch {
    return false
  }
}

describe('attack 39: a field injected by flipping a block: strict UTF-8, documented fields only', () => {
  test('a loose reader takes it in every tenth attempt, decryptData in one of 200 000', () => {
    let naive = 0
    for (let n = 0; n < 5000; n++) {
      const { sessionKey, ...data } = attempt(n)
      if (isInjected(() => decryptNaively(data, sessionKey))) naive++
    }
    // That the attack works where nobody is careful.
    expect(naive).toBeGreaterThan(400)

    const accepted: number[] = []
    const codes = new Set<string>()
    for (let n = 0; n < 200_000; n++) {
      try {
        decryptData({ ...attempt(n), appid })
        accepted.push(n)
      } catch (error) {
        codes.add(WxLoginError.is(error) ? error.code : String(error))
      }
    }
    // Sixteen random bytes are a piece of a string in strict UTF-8 in 2.5 of a million: that is the bound, and it is
    // not zero. Behind it stand 20 attempts a minute and the list of fields, below.
    expect(accepted).toEqual([152_762])
    expect(codes).toEqual(new Set(['WX_STALE_KEY']))
  }, 300_000)

  describe('over HTTP', () => {
    let t: TestApp
    const events: WxUserEvent[] = []
    beforeAll(async () => {
      t = await startTestApp({
        sandbox: { rateLimit: 0, rotation: 'never', seed: 'attack 39' },
        wx: {
          onUser(event) {
            events.push(event)
            return { id: 1 }
          },
        },
        routes(app) {
          app.post('/decrypt', requireWxSession, express.json(), (req, res, next) => {
            getWx(req)
              .decrypt(req.body as WxEncryptedData)
              .then((data) => res.json({ data }), next)
          })
          app.use(wxErrorHandler)
        },
      })
    })
    afterAll(() => t?.close())
    beforeEach(() => events.splice(0))

    const phone = () => t.sandbox.user('alice')
    /** Data of a phone whose user calls themselves `A…A`, with a field injected by somebody without the key. */
    function tampered(): WxEncryptedData {
      const data = phone().userInfo({ profile: { nickName: 'A'.repeat(64) } })
      const told = decryptData({ ...data, sessionKey: phone().sessionKey() })
      return injectField(data, Buffer.from(JSON.stringify(told)))
    }

    test('400 attempts from many sessions are refused, while a loose reader would take some', async () => {
      await t.login('alice')
      const alice = createAttacker(t, 'alice')
      let naive = 0
      const answers = new Set<string>()
      for (let n = 0; n < 400; n++) {
        const data = tampered()
        if (isInjected(() => decryptNaively(data, phone().sessionKey()))) naive++
        const path = n % 2 === 0 ? '/wx/profile' : '/decrypt'
        const { status, body } = await alice.post(path, data)
        answers.add(`${String(status)} ${String(body.error?.code)}`)
      }
      expect(naive).toBeGreaterThan(10)
      expect(answers).toEqual(new Set(['409 WX_STALE_KEY']))
      expect(events.filter(({ reason }) => reason !== 'login')).toEqual([])
    })

    test('on one session 20 of them are refused, the others not even tried', async () => {
      const { token } = await t.login('alice')
      events.splice(0)
      const codes: string[] = []
      for (let n = 0; n < 40; n++) {
        const { body } = await t.post('/wx/profile', tampered(), token)
        codes.push((body as { error: { code: string } }).error.code)
      }
      expect(codes).toEqual([
        ...Array.from({ length: 20 }, () => 'WX_STALE_KEY'),
        ...Array.from({ length: 20 }, () => 'WX_RATE_LIMITED'),
      ])
      expect(events).toEqual([])
    })

    test('a login with such data is refused, and its code is not spent on it', async () => {
      for (let n = 0; n < 40; n++) {
        const code = phone().login()
        const reply = await t.post('/wx/login', { code, ...tampered() })
        expect([reply.status, reply.headers['set-cookie']]).toEqual([409, undefined])
      }
      expect(events).toEqual([])
    })

    test('had it gone through, the hook would still be told of documented fields only', async () => {
      const { token } = await t.login('alice')
      events.splice(0)
      const data = phone().userInfo({ profile: { nickName: 'Alice', isVip: 1, '': '' } })
      const { encryptedData, iv: start } = data
      await t.post('/wx/profile', { encryptedData, iv: start }, token).expect(200)
      expect(events).toHaveLength(1)
      expect(Object.keys(events[0]!.profile!).toSorted()).toEqual([
        'avatarUrl',
        'city',
        'country',
        'gender',
        'isDefault',
        'language',
        'nickName',
        'province',
        'source',
      ])
    })
  })
})
