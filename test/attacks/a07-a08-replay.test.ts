import { setTimeout as sleep } from 'node:timers/promises'
import { getWx, requireWxSession } from '../../src/index.js'
import { sessionSecret, type TestApp } from '../support/test-app.js'
import {
  type MonitoredApp,
  expectLoginWanted,
  recordOf,
  startMonitoredApp,
  withTestAppOn,
} from './attacked-app.js'
import { boundary, pictureForm } from './picture.js'
import { beginRaw, type HalfSent } from './raw-request.js'

let t: MonitoredApp
beforeAll(async () => {
  t = await startMonitoredApp()
})
afterAll(() => t?.close())

const logout = async (token: string, body: object = {}): Promise<void> => {
  expect((await t.ask('/wx/logout', { token, body })).status).toBe(204)
}

describe('attack 7: a token replayed after logout, idle time or its absolute end: 401', () => {
  test('after logout, again and again, and other devices live on', async () => {
    const [phone, tablet] = [await t.login('alice'), await t.login('alice')]
    await logout(phone.token)
    for (let i = 0; i < 5; i++) expectLoginWanted(await t.ask('/me', { token: phone.token }))
    for (const path of ['/wx/session', '/me/notes', '/me/events'])
      expectLoginWanted(await t.ask(path, { token: phone.token }))
    expectLoginWanted(await t.ask('/wx/profile', { token: phone.token, body: { nickName: 'x' } }))
    expect(await t.me(tablet.token)).toBe(200)
  })

  test('after a logout everywhere, on every device', async () => {
    const tokens = [await t.login('bob'), await t.login('bob'), await t.login('bob')]
    const other = await t.login('carol')
    await logout(tokens[1]!.token, { everywhere: true })
    for (const { token } of tokens) expectLoginWanted(await t.ask('/me', { token }))
    expect(await t.me(other.token)).toBe(200)
  })

  describe('with short lives', () => {
    const withShortLives = (
      session: { ttl: number; absoluteTtl?: number },
      body: (short: TestApp) => Promise<void>,
    ): Promise<void> =>
      withTestAppOn(
        t.redis,
        'short:',
        { wx: { session: { secret: sessionSecret, ...session } } },
        body,
      )

    test('of 1 s: one that was not used for longer is over, one in use is not', async () => {
      await withShortLives({ ttl: 1 }, async ({ login, get }) => {
        const [used, idle] = [await login('alice'), await login('bob')]
        const end = performance.now() + 2200
        while (performance.now() < end) {
          await get('/me', used.token).expect(200)
          await sleep(50)
        }
        await get('/me', idle.token).expect(401)
        await get('/me', used.token).expect(200)
      })
    })

    test('of 2 s and at most 5 s: no amount of use carries it past its absolute end', async () => {
      await withShortLives({ ttl: 2, absoluteTtl: 5 }, async ({ login, get }) => {
        const before = Date.now()
        const { token } = await login('alice')
        const after = Date.now()
        let refused = 0
        // As a phone that polls; for 10 s, twice as long as the session may live.
        while (Date.now() < after + 10_000) {
          const asked = Date.now()
          const { status } = await get('/me', token)
          const answered = Date.now()
          if (answered < before + 5000) expect(status).toBe(200)
          if (asked > after + 5000) {
            expect(status).toBe(401)
            refused += 1
          }
          await sleep(100)
        }
        expect(refused).toBeGreaterThan(10)
      })
    })
  })
})

describe('attack 8: a logout or login raced by a request that writes the session: it stays dead', () => {
  /** An upload that writes its user into the session when it is complete: the server has let it in by now. */
  async function upload(token: string): Promise<HalfSent> {
    const heard = t.monitor.hears(recordOf(token))
    const half = beginRaw(
      t.url,
      [
        'POST /me/avatar HTTP/1.1',
        'Host: app',
        'Connection: close',
        `Authorization: Bearer ${token}`,
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        `Content-Length: ${String(pictureForm.length)}`,
        '\r\n',
      ].join('\r\n'),
    )
    await heard
    // Nothing more is asked of Redis before the upload is complete: this comes after the guard.
    await t.me((await t.login('somebody-else')).token)
    return half
  }

  test('an upload alone does write the session', async () => {
    const { token } = await t.login('racer')
    const commands = await t.monitor.during(async () => {
      const answer = await (await upload(token)).finish(pictureForm)
      expect(answer.status).toBe(200)
    })
    expect(commands.filter((c) => /^"(set|eval|evalsha)"/i.test(c)).join()).toContain(
      recordOf(token),
    )
    expect((await t.ask('/me', { token })).body.user.avatarUrl).toMatch(/^\/avatars\//)
  })

  test.each<[string, (token: string) => Promise<unknown>]>([
    ['a logout', (token) => logout(token)],
    [
      'a logout everywhere from another device',
      async () => logout((await t.login('racer')).token, { everywhere: true }),
    ],
    ['a new login with this token', (token) => t.login('racer', { token })],
    ['a login of somebody else with this token', (token) => t.login('mallory', { token })],
  ])('%s is not undone by an upload that ends later', async (_what, end) => {
    const { token } = await t.login('racer')
    const half = await upload(token)
    await end(token)
    await half.finish(pictureForm)
    expectLoginWanted(await t.ask('/me', { token }))
    expect(await t.admin.exists(recordOf(token))).toBe(0)
  })

  test('and the session of the new login has its own identity and key', async () => {
    const { token } = await t.login('racer')
    const half = await upload(token)
    const again = await t.login('racer', { token })
    await half.finish(pictureForm)
    const { body } = await t.ask('/wx/session', { token: again.token })
    expect(body.keyId).toBe(again.keyId)
    const profile = t.sandbox.user('racer').userInfo()
    expect((await t.ask('/wx/profile', { token: again.token, body: profile })).status).toBe(200)
  })

  test('a writer does not bring back the id that the app took from a session', async () => {
    let open = (): void => undefined
    let arrived = (): void => undefined
    const opened = new Promise<void>((resolve) => (open = resolve))
    const arriving = new Promise<void>((resolve) => (arrived = resolve))
    await withTestAppOn(
      t.redis,
      'regenerate:',
      {
        routes(app) {
          app.get('/slow-write', requireWxSession, (req, res, next) => {
            Object.assign(req.session, { written: true })
            arrived()
            opened.then(() => res.json({ openid: getWx(req).openid }), next)
          })
          app.get('/regenerate', requireWxSession, (req, res, next) => {
            req.session.regenerate((error: unknown) => {
              if (error) next(error)
              else res.json({})
            })
          })
        },
      },
      async ({ login, get }) => {
        const { token } = await login('racer')
        const slow = get('/slow-write', token).then((reply) => reply)
        await arriving
        await get('/regenerate', token).expect(200)
        open()
        await slow
        await get('/me', token).expect(401)
        expect(await t.admin.exists(`regenerate:sess:${token.slice(0, 32)}`)).toBe(0)
      },
    )
  })
})
