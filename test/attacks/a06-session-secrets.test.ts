import { createHmac } from 'node:crypto'
import { wxLogin, type WxLoginOptions } from '../../src/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { runToEnd } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type AttackedApp, expectLoginWanted, startAttackedApp } from './attacked-app.js'

const first = 'the first session secret, of last year'
const second = 'the second session secret, of this year'

describe('attack 6: secrets that are rotated or weak', () => {
  describe('rotation: old and new are accepted, the new one signs; a removed one opens nothing', () => {
    let sandbox: Sandbox
    let redis: RedisServer
    let before: AttackedApp
    let during: AttackedApp
    let after: AttackedApp
    beforeAll(async () => {
      sandbox = createSandbox({ rateLimit: 0 })
      await sandbox.listen()
      redis = await startRedisServer()
      const start = (env: Record<string, string>): Promise<AttackedApp> =>
        startAttackedApp({ wechat: sandbox, redis, env })
      ;[before, during, after] = await Promise.all([
        start({ SESSION_SECRET: first }),
        start({ SESSION_SECRET: second, SESSION_SECRET_OLD: first }),
        start({ SESSION_SECRET: second }),
      ])
    })
    afterAll(async () => {
      await Promise.all([before?.close(), during?.close(), after?.close()])
      await redis?.stop()
      await sandbox?.close()
    })

    const isSignedWith = (token: string, secret: string): boolean =>
      createHmac('sha256', secret).update(token.slice(0, 32)).digest('base64url') ===
      token.slice(33)

    test('a token of the old secret lives until the secret is taken out', async () => {
      const { token } = await before.login('alice')
      expect(isSignedWith(token, first)).toBe(true)
      expect(await during.me(token)).toBe(200)
      // What the old secret sealed opens too: the profile is signed with the session key.
      const profile = sandbox.user('alice').userInfo()
      expect((await during.ask('/wx/profile', { token, body: profile })).status).toBe(200)
      expectLoginWanted(await after.ask('/me', { token }))
      // Refused there, and not ended: the old process still serves it.
      expect(await before.me(token)).toBe(200)
    })

    test('a token made meanwhile is signed with the new secret, and stays', async () => {
      const { token } = await during.login('alice')
      expect(isSignedWith(token, second)).toBe(true)
      expect(await during.me(token)).toBe(200)
      expect(await after.me(token)).toBe(200)
      expectLoginWanted(await before.ask('/me', { token }))
    })
  })

  describe('the example app does not start', () => {
    const app = { WX_APPID: 'wx0123456789abcdef', WX_SECRET: '0123456789abcdef0123456789abcdef' }
    test.each<[string, Record<string, string>, RegExp]>([
      [
        'with a secret of 31 characters',
        { SESSION_SECRET: 'x'.repeat(31) },
        /SESSION_SECRET must be/,
      ],
      [
        'with an old secret of 31 characters',
        { SESSION_SECRET: second, SESSION_SECRET_OLD: 'x'.repeat(31) },
        /SESSION_SECRET_OLD must be/,
      ],
      [
        'in production without a secret',
        { ...app, NODE_ENV: 'production', REDIS_URL: 'redis://127.0.0.1:6379' },
        /production needs SESSION_SECRET/,
      ],
    ])('%s', async (_what, env, message) => {
      const { code, output } = await runToEnd(env)
      expect(code).toBe(1)
      expect(output).toMatch(message)
      expect(output).not.toContain('x'.repeat(31))
    })
  })

  describe('the package throws at start-up, and quotes nothing, for', () => {
    test.each<[string, unknown]>([
      ['no secret', undefined],
      ['an empty one', ''],
      ['one of 31 bytes', 'z'.repeat(31)],
      ['no secret in a list', []],
      ['a good and an empty one', [first, '']],
      ['a good and a weak one', [first, 'z'.repeat(31)]],
      ['a number', 5],
    ])('%s', (_what, secret) => {
      const options = {
        appid: 'wx0123456789abcdef',
        secret: '0123456789abcdef0123456789abcdef',
        session: { secret },
      } as WxLoginOptions
      expect(() => wxLogin(options)).toThrow(/session\.secret/)
      expect(() => wxLogin(options)).not.toThrow(new RegExp(`z{31}|${first}`))
    })
  })
})
