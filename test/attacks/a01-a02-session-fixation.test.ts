import { type AttackedApp, expectLoginWanted, startAttackedApp } from './attacked-app.js'

let t: AttackedApp
beforeAll(async () => {
  t = await startAttackedApp()
})
afterAll(() => t?.close())

const openidOf = async (token: string): Promise<string> =>
  (await t.ask('/me', { token })).body.openid as string

describe('attack 1: session fixation: a session from before the login never becomes the victim’s', () => {
  test('the attacker’s own session, sent along with the victim’s login, ends and opens nothing', async () => {
    const planted = (await t.login('mallory')).token
    const victim = (await t.login('victim', { token: planted })).token

    expect(victim).not.toBe(planted)
    expectLoginWanted(await t.ask('/me', { token: planted }))
    expect(await openidOf(victim)).toBe(t.sandbox.user('victim').openid())
    // Gone, and not only refused.
    expect(await t.admin.exists(`wx:sess:${planted.slice(0, 32)}`)).toBe(0)
  })

  test.each([
    ['a session id that the attacker made up', `${'A'.repeat(32)}.${'B'.repeat(43)}`],
    ['half a token', 'A'.repeat(32)],
  ])('%s is neither taken over nor made to live', async (_what, planted) => {
    const { token } = await t.login('victim', { token: planted })
    expect(token).not.toContain(planted.slice(0, 32))
    expectLoginWanted(await t.ask('/me', { token: planted }))
    expect(await t.admin.exists(`wx:sess:${planted.slice(0, 32)}`)).toBe(0)
  })

  test('a planted cookie is no session before the login and none after', async () => {
    const planted = (await t.login('mallory')).token
    const [sid, signature = ''] = planted.split('.')
    const standard = signature.replaceAll('-', '+').replaceAll('_', '/')
    const cookie = `wx.sid=${encodeURIComponent(`s:${sid}.${standard}`)}`
    const login = await t.ask('/wx/login', {
      body: { code: t.sandbox.user('victim').login() },
      headers: { cookie },
    })
    expect(login.status).toBe(200)
    expect(login.headers.get('set-cookie')).toBeNull()
    expectLoginWanted(await t.ask('/me', { headers: { cookie } }))
    // It was not sent where tokens are, so that it is not touched: mallory stays mallory.
    expect(await openidOf(planted)).toBe(t.sandbox.user('mallory').openid())
  })
})

describe('attack 2: a login with a live token: a new token, and the presented one is dead', () => {
  test('the old token dies, other devices of the same user live on', async () => {
    const tablet = (await t.login('alice')).token
    const before = (await t.login('alice')).token
    const after = (await t.login('alice', { token: before })).token

    expect(new Set([tablet, before, after]).size).toBe(3)
    expectLoginWanted(await t.ask('/me', { token: before }))
    expect(await t.me(after)).toBe(200)
    expect(await t.me(tablet)).toBe(200)
  })

  test('a login that fails leaves the presented session as it was', async () => {
    const { token } = await t.login('alice')
    const answer = await t.ask('/wx/login', { body: { code: 'no-such-code' }, token })
    expect(answer.status).toBe(401)
    expect(answer.body.error.code).toBe('WX_CODE_INVALID')
    expect(await t.me(token)).toBe(200)
  })
})
