import {
  type AttackedApp,
  expectLoginWanted,
  expectUnsaid,
  startAttackedApp,
} from './attacked-app.js'

let t: AttackedApp
let token: string
beforeAll(async () => {
  t = await startAttackedApp({ redis: null })
  ;({ token } = await t.login('alice'))
})
afterAll(() => t?.close())

describe('attack 3: a token in the URL, the body or a cookie: not accepted, never echoed', () => {
  const places: [string, () => ReturnType<AttackedApp['ask']>, number][] = [
    ...['token', 'access_token', 'sid', 'wx.sid', 'connect.sid', 'session', 'authorization'].map(
      (name): (typeof places)[number] => [
        `/me?${name}=`,
        () => t.ask(`/me?${name}=${encodeURIComponent(token)}`),
        401,
      ],
    ),
    ['/me?authorization=Bearer', () => t.ask(`/me?authorization=Bearer%20${token}`), 401],
    ['/me;sid=', () => t.ask(`/me;sid=${token}`), 404],
    ['/me/notes;jsessionid=', () => t.ask(`/me/notes;jsessionid=${token}`), 401],
    ['/me/<token>', () => t.ask(`/me/${token}`), 401],
    ['body.token', () => t.ask('/me/notes', { body: { token, sid: token, text: 'x' } }), 401],
    [
      'a form',
      () =>
        t.ask('/me/notes', {
          body: `access_token=${token}`,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      401,
    ],
    ['a cookie', () => t.ask('/me', { headers: { cookie: `wx.sid=${token}` } }), 401],
    ['X-Token', () => t.ask('/me', { headers: { 'x-token': token } }), 401],
    [
      'Proxy-Authorization',
      () => t.ask('/me', { headers: { 'proxy-authorization': `Bearer ${token}` } }),
      401,
    ],
    ['Basic', () => t.ask('/me', { headers: { authorization: `Basic ${token}` } }), 401],
    ['no scheme', () => t.ask('/me', { headers: { authorization: token } }), 401],
  ]

  test.each(places)('%s', async (_where, send, status) => {
    const answer = await send()
    if (status === 401) expectLoginWanted(answer)
    else expect(answer.status).toBe(status)
    const seen = `${JSON.stringify(answer.body)} ${JSON.stringify([...answer.headers])}`
    expect(seen).not.toContain(token.slice(0, 32))
    expect(seen).not.toContain(token.slice(33))
  })

  test('logging out with the token in the body or the URL ends nothing', async () => {
    expect((await t.ask(`/wx/logout?token=${token}`, { body: { token } })).status).toBe(204)
    expect(await t.me(token)).toBe(200)
  })

  test('nor does the server write such a token anywhere', async () => {
    const said = await t.login('bob')
    await t.ask(`/me?token=${said.token}`)
    expect(t.app.log().length).toBeGreaterThan(places.length)
    for (const each of [token, said.token]) expectUnsaid(t, ...each.split('.'))
  })
})
