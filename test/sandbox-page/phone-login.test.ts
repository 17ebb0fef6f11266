import { meOnServer } from './support/phone-world.js'
import { withPhone } from './support/with-phone.js'

jest.setTimeout(60_000)

const t = withPhone()

describe('the mini program on the phone', () => {
  test('logs in at the first start, and every request passes through the sandbox', async () => {
    const phone = await t.open()
    await phone.sees('已登录', '用户编号', String((await meOnServer(t.world, t.user)).user.id))
    expect(await t.wxLogins()).toBe(1)
    await t.asked('POST /wx/login 200', 'GET /me 200')
  })

  test('sends guarded requests at a tap, with the session it has', async () => {
    const phone = await t.open()
    await phone.sees('已登录')
    await t.forget()
    await phone.tap('刷新')
    await phone.tapTab('笔记')
    await phone.sees('还没有笔记')
    await t.asked('GET /me 200', 'GET /me/notes 200')
    expect(await t.wxLogins()).toBe(0)
  })

  test('tells the page that it is ready, and of the session that it keeps', async () => {
    const phone = await t.open()
    await phone.sees('已登录', '用户编号')
    const [first, ...later] = await phone.heard()
    expect(first).toEqual({
      type: 'ready',
      status: {
        ...{ user: t.user, running: true, network: 'online', background: false },
        ...{ privacyAgreed: true, session: null },
      },
    })
    expect(later.map(({ type }) => type)).not.toContain('ready')
    const { session } = await phone.status()
    expect(session).toMatchObject({ token: expect.any(String), keyId: expect.any(String) })
    expect(session!.expiresAt).toBeGreaterThan(Date.now())
  })

  test('logs out and in again by tapping', async () => {
    const phone = await t.open()
    await phone.tapTab('我的')
    await phone.sees('未绑定')
    await phone.tap('退出登录')
    await phone.tap('退出')
    await phone.sees('你已退出登录。')
    await phone.becomes({ session: null })
    await phone.tap('登录')
    await phone.sees('已登录')
    expect((await phone.status()).session).not.toBeNull()
  })
})

describe('whose phone it is', () => {
  test('the URL says: two users of one browser have two sessions, and keep them', async () => {
    const alice = await t.open()
    await alice.sees('已登录', '用户编号')
    const { context } = alice
    const bob = await t.open({ context, query: { user: `${t.user}-bob` } })
    await bob.sees('已登录', '用户编号')
    const [a, b] = [await alice.status(), await bob.status()]
    expect([a.user, b.user]).toEqual([t.user, `${t.user}-bob`])
    expect(a.session!.token).not.toBe(b.session!.token)

    await t.forget()
    const again = await t.open({ context })
    await again.sees('已登录', '用户编号')
    expect((await again.status()).session).toEqual(a.session)
    await t.asked('GET /me 200')
  })

  test('a name of any letters is one', async () => {
    const phone = await t.open({ query: { user: '小明 😀/?#' } })
    await phone.sees('已登录', '用户编号')
    expect((await phone.status()).user).toBe('小明 😀/?#')
  })

  test('without one it is alice’s, in the language of the browser', async () => {
    const phone = await t.world.open({ query: {} })
    await phone.sees('已登录')
    expect((await phone.status()).user).toBe('alice')
    await phone.send({ type: 'kill' })
    await phone.sees('小程序已关闭')
    await phone.context.close()
    expect(phone.problems).toEqual([])
  })
})

describe('two targets', () => {
  test('never share a token: each has a session of its own, also later', async () => {
    const { app, backend } = t.world
    const first = await t.open({ query: { target: app.url } })
    await first.sees('用户编号')
    const { context } = first
    const second = await t.open({ context, query: { target: backend.url } })
    await second.sees('我的会话')
    const tokens = [(await first.status()).session!.token, (await second.status()).session!.token]
    expect(new Set(tokens).size).toBe(2)

    await t.forget()
    const again = await t.open({ context, query: { target: app.url } })
    await again.sees('用户编号')
    expect((await again.status()).session!.token).toBe(tokens[0])
    await t.asked('GET /me 200')
  })
})

describe('somebody’s backend, without the routes of the example', () => {
  test('the mini program says so; the session is there and shown', async () => {
    const phone = await t.open({ query: { target: t.world.backend.url } })
    await phone.sees('这个服务器没有 GET /me 接口。登录、会话和手机号照常可用。', '已登录')
    await phone.sees('我的会话（POST /wx/login）', '会话有效至')
    expect((await phone.status()).session).not.toBeNull()
    await phone.tapTab('笔记')
    await phone.sees('这个服务器没有 GET /me/notes 接口。')
    expect(await phone.phone.locator('[class$=notice-error]').count()).toBe(0)
  })

  test('the phone number still works', async () => {
    const phone = await t.open({ query: { target: t.world.backend.url } })
    await phone.tapTab('我的')
    await phone.sees('未绑定')
    await phone.tap('绑定')
    await phone.tap('允许')
    await phone.sees('更换')
    expect(await t.requests()).toContain('POST /wx/phone 200')
  })
})
