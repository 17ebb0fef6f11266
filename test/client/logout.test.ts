import { until } from '../support/until.js'
import { failure, holdNextReply, outcome, start } from './support.js'

describe('logout', () => {
  it('ends the session on the phone at once, and at the server', async () => {
    const { login, client, app } = await start()
    const { token } = await login.ready()
    const done = login.logout()
    expect(login.session).toBeNull()
    expect(client().session).toBeNull()
    await done
    expect((await app.get('/me', token)).status).toBe(401)
  })

  it('succeeds without a network: the phone has forgotten the session', async () => {
    const { login, phone, client } = await start()
    await login.ready()
    phone.device.network = 'offline'
    await login.logout()
    expect(login.session).toBeNull()
    expect(client().session).toBeNull()
  })

  it('without a session asks nobody', async () => {
    const { login, phone } = await start()
    await login.logout()
    await login.logout({ everywhere: true })
    expect(phone.sent).toEqual([])
  })

  it('never triggers a login, even where the server does not know the session any longer', async () => {
    const { login, phone, app } = await start()
    await login.ready()
    const { request } = phone.wx
    phone.wx.request = (options) => {
      request({
        ...options,
        success: (reply) => options.success?.({ ...reply, statusCode: 401 }),
      })
    }
    await login.logout()
    expect(phone.logins).toBe(1)
    expect(phone.to('/wx/logout')).toHaveLength(1)
    expect(app.exchanges()).toBe(1)
  })

  it('the next request logs in again', async () => {
    const { login, phone } = await start()
    await login.ready()
    await login.logout()
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    expect(phone.logins).toBe(2)
  })
})

describe('logout everywhere', () => {
  it("ends the user's sessions on other phones", async () => {
    const { login, app } = await start()
    await login.ready()
    const other = await app.login()
    await login.logout({ everywhere: true })
    expect((await app.get('/me', other.token)).status).toBe(401)
  })

  it('says so where the server could not be told; the phone has forgotten the session anyway', async () => {
    const { login, phone } = await start()
    await login.ready()
    phone.device.network = 'offline'
    expect(await outcome(login.logout({ everywhere: true }))).toBe('NETWORK')
    expect(login.session).toBeNull()
  })

  it('says so where the server refused', async () => {
    const { login, phone } = await start()
    await login.ready()
    phone.wx.request = ({ success }) => {
      const data = { error: { code: 'WX_STORE_UNAVAILABLE', requestId: 'r1' } }
      success?.({ statusCode: 503, data, header: { 'RETRY-AFTER': '1' } })
    }
    expect(await failure(login.logout({ everywhere: true }))).toMatchObject({
      code: 'REJECTED',
      statusCode: 503,
      serverCode: 'WX_STORE_UNAVAILABLE',
      requestId: 'r1',
      retryAfter: 1000,
    })
  })
})

describe('what is under way at the time of a logout', () => {
  it('a login ends with ABORTED, its session is not kept, and the server is told to end it', async () => {
    const { login, phone, app, client } = await start()
    const held = holdNextReply(phone)
    const waiting = [
      outcome(login.ready()),
      outcome(login.request({ url: '/me' })),
      outcome(login.prepareKey()),
    ]
    const deliver = await held
    await login.logout()
    deliver()
    expect(await Promise.all(waiting)).toEqual(['ABORTED', 'ABORTED', 'ABORTED'])
    expect(login.session).toBeNull()
    expect(client().session).toBeNull()
    await until(() => phone.to('/wx/logout').length === 1)
    const { appid } = app.sandbox
    const openid = app.sandbox.user('alice').openid()
    await until(async () => (await app.wx.sessions.list({ appid, openid })).length === 0)
    expect(phone.to('/me')).toEqual([])
  })

  it('a login that began after it counts, and comes after the other in the eyes of the server', async () => {
    const { login, phone } = await start()
    const held = holdNextReply(phone)
    const before = outcome(login.ready())
    const deliver = await held
    await login.logout()
    const after = login.ready()
    expect(phone.logins).toBe(1)
    deliver()
    expect(await before).toBe('ABORTED')
    const session = await after
    expect(login.session).toBe(session)
    expect(phone.logins).toBe(2)
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
  })

  it('logged out before the code is there: the code is not sent at all', async () => {
    const { login, phone } = await start()
    const { login: working } = phone.wx
    let arrived: (() => void) | undefined
    phone.wx.login = (options) => {
      working({ ...options, success: (result) => (arrived = () => options.success?.(result)) })
    }
    const waiting = outcome(login.ready())
    await until(() => arrived !== undefined)
    await login.logout()
    arrived!()
    expect(await waiting).toBe('ABORTED')
    expect(phone.sent).toEqual([])
  })

  it('a request whose 401 comes after it does not log in again', async () => {
    const { login, phone, forget } = await start()
    await login.ready()
    await forget()
    const refused = outcome(login.request({ url: '/me' }))
    await login.logout()
    expect(await refused).toBe('ABORTED')
    expect(phone.logins).toBe(1)
    expect(login.session).toBeNull()
  })

  it('a request that the server has answered is answered', async () => {
    const { login, phone } = await start()
    await login.ready()
    const held = holdNextReply(phone)
    const answered = login.request({ url: '/me' })
    const deliver = await held
    const done = login.logout()
    deliver()
    expect((await answered).statusCode).toBe(200)
    await done
  })

  it('the user that a reply brings is not that of a session made later', async () => {
    const { login, phone } = await start({
      app: { wx: { onUser: ({ reason }) => ({ nickName: reason }) } },
    })
    await login.ready()
    const held = holdNextReply(phone)
    const changed = outcome(login.profile({ nickName: '爱丽丝' }))
    const deliver = await held
    await login.logout()
    await login.ready()
    deliver()
    expect(await changed).toBe('ABORTED')
    expect(login.session?.user).toEqual({ nickName: 'login' })
  })
})
