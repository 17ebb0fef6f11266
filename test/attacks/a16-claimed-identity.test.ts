import { type AttackedApp, startAttackedApp } from './attacked-app.js'

let t: AttackedApp
let victim: { token: string; openid: string; id: number }
beforeAll(async () => {
  t = await startAttackedApp({ redis: null })
  const { token, user } = await t.login('victim')
  victim = { token, openid: t.sandbox.user('victim').openid(), id: (user as { id: number }).id }
})
afterAll(() => t?.close())

describe('attack 16: somebody else’s openid in body, query or headers: ignored', () => {
  /** The victim under every name that a server could believe. */
  const claims = (): Record<string, unknown> => ({
    ...{
      openid: victim.openid,
      openId: victim.openid,
      open_id: victim.openid,
      OPENID: victim.openid,
    },
    ...{
      unionid: 'u-victim',
      userId: victim.id,
      user_id: victim.id,
      uid: victim.id,
      id: victim.id,
    },
    ...{ user: { id: victim.id, openid: victim.openid }, wx: { openid: victim.openid } },
    ...{ wxUser: { id: victim.id }, session: { wx: { openid: victim.openid } } },
    ...{ session_key: Buffer.alloc(16).toString('base64'), sessionKey: 'x', sessionId: 'x' },
  })
  const query = (): string => {
    const flat = Object.entries(claims()).filter(([, value]) => typeof value !== 'object')
    return new URLSearchParams(
      Object.fromEntries(flat.map(([name, value]) => [name, String(value)])),
    ).toString()
  }
  const headers = (): Record<string, string> => ({
    'x-openid': victim.openid,
    'x-user-id': String(victim.id),
    'x-wx-openid': victim.openid,
    'x-wx-unionid': 'u-victim',
    'x-wx-source': 'wx_client',
    'x-wx-from-openid': victim.openid,
    'x-forwarded-user': victim.openid,
    'x-remote-user': victim.openid,
  })
  const everywhere = (path: string, o: { token?: string; body?: object } = {}) =>
    t.ask(`${path}?${query()}`, {
      ...o,
      ...(o.body && { body: { ...claims(), ...o.body } }),
      headers: headers(),
    })

  test('a login is the login of whom the code is from', async () => {
    const answer = await everywhere('/wx/login', {
      body: { code: t.sandbox.user('mallory').login() },
    })
    expect(answer.status).toBe(200)
    expect(answer.body.user.id).not.toBe(victim.id)
    const me = await everywhere('/me', { token: answer.body.token as string })
    expect(me.body).toMatchObject({ openid: t.sandbox.user('mallory').openid(), unionid: null })
    expect(JSON.stringify(me.body)).not.toContain(victim.openid)
  })

  test('no claim takes the place of a session', async () => {
    for (const path of ['/me', '/me/notes', '/wx/session'])
      expect((await everywhere(path)).status).toBe(401)
    expect((await everywhere('/wx/profile', { body: { nickName: 'x' } })).status).toBe(401)
    expect((await everywhere('/me/notes', { body: { text: 'x' } })).status).toBe(401)
  })

  test('notes, profile, phone number and logout are of whom the token is from', async () => {
    const { token } = await t.login('mallory')
    const before = (await t.ask('/me', { token: victim.token })).body

    expect((await everywhere('/me/notes', { token, body: { text: 'of mallory' } })).status).toBe(
      201,
    )
    expect((await everywhere('/wx/profile', { token, body: { nickName: 'Mallory' } })).status).toBe(
      200,
    )
    const phone = t.sandbox.user('mallory').phoneNumber()
    const answer = await everywhere('/wx/phone', { token, body: { code: phone.code } })
    expect(answer.status).toBe(200)
    const notes = await everywhere('/me/notes', { token })
    expect(notes.body.notes).toMatchObject([{ text: 'of mallory' }])
    expect((await everywhere('/wx/logout', { token, body: { everywhere: true } })).status).toBe(204)

    expect((await t.ask('/me', { token: victim.token })).body).toEqual(before)
    expect((await t.ask('/me/notes', { token: victim.token })).body.notes).toEqual([])
  })
})
