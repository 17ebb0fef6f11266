import { outcome, start, times } from './support.js'

/** Delays the reply to the next request until `release` is called. */
function holdNextReply(phone: Awaited<ReturnType<typeof start>>['phone']): () => void {
  const { request } = phone.wx
  let release!: () => void
  const gate = new Promise<void>((resolve) => (release = resolve))
  phone.wx.request = (options) => {
    phone.wx.request = request
    request({
      ...options,
      success: (reply) => void gate.then(() => options.success?.(reply)),
    })
  }
  return release
}

describe('many requests at once cost one login', () => {
  it('ten requests of a phone that is not logged in: one wx.login, ten requests', async () => {
    const { login, phone } = await start()
    const replies = await Promise.all(times(10, () => login.request({ url: '/me' })))
    expect(replies.map((reply) => reply.statusCode)).toEqual(times(10, () => 200))
    expect(phone.logins).toBe(1)
    expect(phone.to('/wx/login')).toHaveLength(1)
    expect(phone.to('/me')).toHaveLength(10)
  })

  it('ten requests after the server has forgotten the session: one wx.login, twenty requests', async () => {
    const { login, phone, forget } = await start()
    await login.ready()
    await forget()
    phone.logins = 0
    const replies = await Promise.all(times(10, () => login.request({ url: '/me' })))
    expect(replies.map((reply) => reply.statusCode)).toEqual(times(10, () => 200))
    expect(phone.logins).toBe(1)
    expect(phone.to('/me')).toHaveLength(20)
  })

  it('a 401 that comes after another request has renewed the session: one wx.login for both, four requests', async () => {
    const { login, phone, forget } = await start()
    await login.ready()
    await forget()
    phone.logins = 0
    const release = holdNextReply(phone)
    const straggler = login.request({ url: '/me' })
    await expect(login.request({ url: '/me' })).resolves.toMatchObject({ statusCode: 200 })
    const renewed = login.session
    release()
    await expect(straggler).resolves.toMatchObject({ statusCode: 200 })
    expect(phone.logins).toBe(1)
    expect(phone.to('/me')).toHaveLength(4)
    expect(login.session).toBe(renewed)
  })

  it('ready, login and request at the same time share one login', async () => {
    const { login, phone } = await start()
    const [first, second, reply] = await Promise.all([
      login.ready(),
      login.login(),
      login.request({ url: '/me' }),
      login.prepareKey(),
    ])
    expect(first).toBe(second)
    expect(reply.statusCode).toBe(200)
    expect(phone.logins).toBe(1)
  })

  it('a request made while a new session is on its way waits for that one', async () => {
    const { login, phone } = await start()
    const before = await login.ready()
    const [after] = await Promise.all([login.login(), login.request({ url: '/me' })])
    expect(after.token).not.toBe(before.token)
    expect(phone.to('/me').map((sent) => sent.header['Authorization'])).toEqual([
      `Bearer ${after.token}`,
    ])
  })

  it('a session there is costs no login, and one that has expired costs no 401', async () => {
    const { login, phone } = await start()
    await login.ready()
    await Promise.all(times(10, () => login.ready()))
    expect(phone.logins).toBe(1)

    const year = 365 * 86_400_000
    const now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + year)
    try {
      expect(login.session).toBeNull()
      const replies = await Promise.all(times(10, () => login.request({ url: '/me' })))
      expect(replies.map((reply) => reply.statusCode)).toEqual(times(10, () => 200))
      expect(phone.to('/me')).toHaveLength(10)
      expect(phone.logins).toBe(2)
    } finally {
      clock.mockRestore()
    }
  })
})

describe('a server that refuses even new sessions', () => {
  const refusing = {
    before: (app: import('express').Express): void => {
      app.get('/refused', (_req, res) => void res.status(401).json({}))
    },
  }

  it('is asked twice, then the error is UNAUTHORIZED', async () => {
    const { login, phone } = await start({ app: refusing })
    await login.ready()
    expect(await outcome(login.request({ url: '/refused' }))).toBe('UNAUTHORIZED')
    expect(phone.logins).toBe(2)
    expect(phone.to('/refused')).toHaveLength(2)
  })

  it('ten requests at once: one new login, twenty requests, ten errors', async () => {
    const { login, phone } = await start({ app: refusing })
    await login.ready()
    phone.logins = 0
    const outcomes = await Promise.all(times(10, () => outcome(login.request({ url: '/refused' }))))
    expect(outcomes).toEqual(times(10, () => 'UNAUTHORIZED'))
    expect(phone.logins).toBe(1)
    expect(phone.to('/refused')).toHaveLength(20)
  })

  it('does not use up the four wx.login a second that WeChat allows', async () => {
    const { login, phone } = await start({ app: refusing })
    await login.ready()
    const now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now)
    try {
      for (let i = 0; i < 5; i++) {
        expect(await outcome(login.request({ url: '/refused' }))).toBe('UNAUTHORIZED')
      }
      expect(phone.logins).toBe(2)
      clock.mockImplementation(() => now + 1000)
      expect(await outcome(login.request({ url: '/refused' }))).toBe('UNAUTHORIZED')
      expect(phone.logins).toBe(3)
    } finally {
      clock.mockRestore()
    }
  })
})
