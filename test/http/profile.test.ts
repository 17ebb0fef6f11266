import { getWx, requireWxSession, wxErrorHandler, type WxUserEvent } from '../../src/index.js'
import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'

describe('POST /wx/profile', () => {
  let t: TestApp
  const events: WxUserEvent[] = []
  const reasons: (string | undefined)[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: {
        onError: ({ reason }) => void reasons.push(reason),
        onUser(event) {
          events.push(event)
          if (event.profile?.nickName === 'nobody') return undefined
          return { name: event.profile?.nickName ?? null, seen: event.reason }
        },
      },
      routes(app) {
        app.post('/decrypt', requireWxSession, (req, res, next) => {
          const { encryptedData, iv } = req.query as Record<string, string>
          getWx(req)
            .decrypt({ encryptedData: encryptedData!, iv: iv! })
            .then((data) => res.json(data), next)
        })
        app.post('/verify', requireWxSession, (req, res, next) => {
          const { rawData, signature } = req.query as Record<string, string>
          getWx(req)
            .verifySignature({ rawData: rawData!, signature: signature! })
            .then((fits) => res.json({ fits }), next)
        })
        app.use(wxErrorHandler)
      },
    })
  })
  afterAll(() => t.close())
  beforeEach(() => events.splice(0))

  it('takes signed data and hands only WeChat’s fields to onUser, marked as signed', async () => {
    const { token } = await t.login()
    const { rawData, signature } = t.sandbox.user('alice').userInfo({
      profile: { nickName: '爱丽丝 👩‍🚀', isAdmin: true },
    })
    const reply = await t.post('/wx/profile', { rawData, signature }, token)
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ user: { name: '爱丽丝 👩‍🚀', seen: 'profile' } })
    expect(events[1]).toMatchObject({
      reason: 'profile',
      openid: t.sandbox.user('alice').openid(),
      profile: { source: 'signed', isDefault: false, nickName: '爱丽丝 👩‍🚀' },
    })
    expect(events[1]!.profile).not.toHaveProperty('isAdmin')
  })

  it('keeps the new user in the session', async () => {
    const { token } = await t.login()
    await t.post('/wx/profile', { nickName: 'Ann', avatarUrl: 'https://a.example/1.png' }, token)
    expect((await t.get('/me', token)).body).toMatchObject({ user: { name: 'Ann' } })
    expect((await t.get('/wx/session', token)).body).toMatchObject({ user: { name: 'Ann' } })
    expect(events[1]!.profile).toEqual({
      source: 'form',
      isDefault: false,
      nickName: 'Ann',
      avatarUrl: 'https://a.example/1.png',
    })
  })

  it('keeps the old user where onUser returns nothing', async () => {
    const { token } = await t.login()
    const reply = await t.post('/wx/profile', { nickName: 'nobody' }, token)
    expect(reply.body).toEqual({ user: { name: null, seen: 'login' } })
  })

  describe('knows WeChat’s stand-ins, 微信用户 and the grey avatar', () => {
    const grey =
      'https://mmbiz.qpic.cn/mmbiz/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg/0'

    it.each([
      ['the name alone', { nickName: '微信用户' }],
      ['the avatar alone', { avatarUrl: grey }],
      ['both', { nickName: '微信用户', avatarUrl: grey }],
    ])('in a form: %s', async (_what, form) => {
      const { token } = await t.login()
      await t.post('/wx/profile', form, token).expect(200)
      expect(events[1]!.profile).toEqual({ source: 'form', isDefault: true, ...form })
    })

    it('in a form: beside something of the user’s own the stand-in is left out', async () => {
      const { token } = await t.login()
      await t.post('/wx/profile', { nickName: '小明', avatarUrl: grey }, token).expect(200)
      expect(events[1]!.profile).toEqual({ source: 'form', isDefault: false, nickName: '小明' })
    })

    it('in what WeChat gives since 2022, signed and encrypted, and in a login', async () => {
      const { token } = await t.login()
      const alice = t.sandbox.user('alice')
      const { rawData, signature, ...encrypted } = alice.userInfo({ anonymous: true })
      await t.post('/wx/profile', { rawData, signature }, token).expect(200)
      await t.post('/wx/profile', encrypted, token).expect(200)
      const code = alice.login()
      await t.post('/wx/login', { code, ...alice.userInfo({ anonymous: true }) }).expect(200)
      const standIn = { isDefault: true, nickName: '微信用户' }
      expect(events.slice(1).map(({ reason, profile }) => [reason, profile])).toEqual([
        ['profile', expect.objectContaining({ source: 'signed', ...standIn })],
        ['profile', expect.objectContaining({ source: 'encrypted', ...standIn })],
        ['login', expect.objectContaining({ source: 'encrypted', ...standIn })],
      ])
    })

    it('and nothing else', async () => {
      const { token } = await t.login()
      await t.post('/wx/profile', t.sandbox.user('alice').userInfo(), token).expect(200)
      expect(events[1]!.profile).toMatchObject({ isDefault: false })
    })
  })

  it('takes encryptedData with and without rawData', async () => {
    const { token } = await t.login()
    const info = t.sandbox.user('alice').userInfo()
    const { encryptedData, iv } = info
    await t.post('/wx/profile', { encryptedData, iv }, token).expect(200)
    await t.post('/wx/profile', info, token).expect(200)
    expect(events.slice(1).map((e) => e.profile?.source)).toEqual(['encrypted', 'encrypted'])
  })

  it('mends a + that became a space on the way', async () => {
    const { token } = await t.login()
    const info = t.sandbox.user('alice').userInfo()
    const spaced = {
      encryptedData: info.encryptedData.replaceAll('+', ' '),
      iv: info.iv.replaceAll('+', ' '),
    }
    await t.post('/wx/profile', spaced, token).expect(200)
  })

  it('verifies rawData byte for byte: serialised again it is refused', async () => {
    const { token } = await t.login()
    const { rawData, signature } = t.sandbox.user('alice').userInfo()
    const again = JSON.stringify(JSON.parse(rawData), null, 1)
    const reply = await t.post('/wx/profile', { rawData: again, signature }, token)
    expect(reply.body).toEqual(errorReply('WX_STALE_KEY', 'login'))
  })

  it('answers every kind of unacceptable data with the same status and words', async () => {
    const { token } = await t.login()
    const alice = t.sandbox.user('alice')
    const bob = t.sandbox.user('bob')
    await t.login('bob')
    const good = alice.userInfo()
    const flip = (s: string, i: number): string => {
      const bytes = Buffer.from(s, 'base64')
      bytes[i]! ^= 1
      return bytes.toString('base64')
    }
    const old = { watermark: { appid: t.sandbox.appid, timestamp: 1_477_314_187 } }
    const bad: object[] = [
      { rawData: good.rawData, signature: '0'.repeat(40) },
      { encryptedData: flip(good.encryptedData, 0), iv: good.iv },
      { encryptedData: flip(good.encryptedData, 40), iv: good.iv },
      {
        encryptedData: Buffer.from(good.encryptedData, 'base64')
          .subarray(0, -16)
          .toString('base64'),
        iv: good.iv,
      },
      bob.userInfo(),
      alice.encrypt({ openId: bob.openid() }),
      alice.encrypt({ nickName: 5 }),
      alice.encrypt(old),
      alice.encrypt({ watermark: { appid: 'wxother', timestamp: Math.floor(Date.now() / 1000) } }),
      alice.encrypt({ watermark: { appid: t.sandbox.appid, timestamp: 'now' } }),
      { ...alice.userInfo({ profile: { nickName: 'A' } }), ...alice.encrypt({ nickName: 'B' }) },
    ]
    const answers = new Set<string>()
    for (const data of bad) {
      const reply = await t.post('/wx/profile', data, token)
      const { error } = reply.body as { error: { requestId?: string } }
      delete error.requestId
      answers.add(JSON.stringify([reply.status, reply.body]))
    }
    expect([...answers]).toHaveLength(1)
    expect([...answers][0]).toMatch(/^\[409,.*"WX_STALE_KEY"/)
    expect(events.filter((e) => e.reason === 'profile')).toEqual([])
  })

  it('stops a session after twenty refusals in a minute', async () => {
    const { token } = await t.login('mallory')
    const { encryptedData, iv } = t.sandbox.user('trent').encrypt({ nickName: 'x' })
    for (let i = 0; i < 20; i++) {
      expect((await t.post('/wx/profile', { encryptedData, iv }, token)).status).toBe(409)
    }
    const reply = await t.post('/wx/profile', { encryptedData, iv }, token)
    expect(reply.status).toBe(429)
    expect(reply.body).toEqual(errorReply('WX_RATE_LIMITED', 'retry'))
    expect(reply.headers['retry-after']).toBe('60')
    const good = t.sandbox.user('mallory').userInfo()
    expect((await t.post('/wx/profile', good, token)).status).toBe(429)
    const other = await t.login('mallory')
    expect(
      (await t.post('/wx/profile', t.sandbox.user('mallory').userInfo(), other.token)).status,
    ).toBe(200)
  })

  it('wxErrorHandler leaves errors of others to others', () => {
    const next = jest.fn()
    const error = new Error('not ours')
    wxErrorHandler(error, {} as never, {} as never, next)
    expect(next).toHaveBeenCalledWith(error)
  })

  describe('req.wx.decrypt and req.wx.verifySignature', () => {
    it('work on the session’s key', async () => {
      const { token } = await t.login()
      const alice = t.sandbox.user('alice')
      const run = alice.encrypt({ stepInfoList: [{ step: 100 }] })
      const query = new URLSearchParams({ ...run })
      const reply = await t.post(`/decrypt?${query.toString()}`, undefined, token)
      expect(reply.body).toMatchObject({
        stepInfoList: [{ step: 100 }],
        watermark: { appid: t.sandbox.appid, timestamp: expect.any(Number) as number },
      })
      const { rawData, signature } = alice.userInfo()
      const signed = new URLSearchParams({ rawData, signature })
      expect((await t.post(`/verify?${signed.toString()}`, undefined, token)).body).toEqual({
        fits: true,
      })
      const forged = new URLSearchParams({ rawData: `${rawData} `, signature })
      expect((await t.post(`/verify?${forged.toString()}`, undefined, token)).body).toEqual({
        fits: false,
      })
    })

    it('refuse wrong shapes with WX_BAD_REQUEST and wrong data with WX_STALE_KEY', async () => {
      const { token } = await t.login()
      expect((await t.post('/decrypt?iv=AAAA', undefined, token)).body).toEqual(
        errorReply('WX_BAD_REQUEST', 'none', {
          message: expect.stringMatching(/encryptedData.*iv/) as string,
        }),
      )
      expect((await t.post('/verify?rawData=x', undefined, token)).body).toEqual(
        errorReply('WX_BAD_REQUEST', 'none'),
      )
      const other = new URLSearchParams({ ...t.sandbox.user('bob').encrypt({}) })
      expect((await t.post(`/decrypt?${other.toString()}`, undefined, token)).body).toEqual(
        errorReply('WX_STALE_KEY', 'login'),
      )
    })

    it('count towards the limit of refusals', async () => {
      const { token } = await t.login('oscar')
      const query = new URLSearchParams({ rawData: 'x', signature: '0'.repeat(40) })
      for (let i = 0; i < 20; i++) await t.post(`/verify?${query.toString()}`, undefined, token)
      expect((await t.post(`/verify?${query.toString()}`, undefined, token)).body).toEqual(
        errorReply('WX_RATE_LIMITED', 'retry'),
      )
      expect(reasons.at(-1)).toMatch(/refused/)
    })
  })
})
