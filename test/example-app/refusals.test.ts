import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { runToEnd } from './spawn-app.js'

const app = { WX_APPID: 'wx0123456789abcdef', WX_SECRET: '0123456789abcdef0123456789abcdef' }

describe('a start that must not happen ends with exit code 1 and a sentence', () => {
  test.each<[Record<string, string>, RegExp]>([
    [{ WX_APPID: app.WX_APPID }, /WX_APPID is set but WX_SECRET is not/],
    [{ WX_SECRET: app.WX_SECRET }, /WX_SECRET is set but WX_APPID is not/],
    [{ NODE_ENV: 'production' }, /WX_APPID and WX_SECRET[^]*SESSION_SECRET[^]*REDIS_URL/],
    [{ NODE_ENV: 'production', ...app }, /SESSION_SECRET[^]*REDIS_URL/],
    [{ SESSION_SECRET: 'too short' }, /SESSION_SECRET must be at least 32 characters/],
    [{ PORT: 'http', REDIS_URL: 'localhost' }, /PORT must be[^]*REDIS_URL must be/],
  ])('%j', async (env, message) => {
    const { code, output } = await runToEnd(env)
    expect(code).toBe(1)
    expect(output).toMatch(message)
    expect(output).not.toMatch(/^ +at /m) // no stack
    expect(output).not.toContain(app.WX_SECRET)
  })

  test('an AppSecret that cannot be one is named by the plugin, before anything starts', async () => {
    const { code, output } = await runToEnd({ ...app, WX_SECRET: 'canary secret' })
    expect(code).toBe(1)
    expect(output).toMatch(/secret/i)
    expect(output).not.toContain('canary secret')
    expect(output).not.toMatch(/^ +at /m)
  })

  describe('a port that is taken', () => {
    let other: Server
    let port: string
    beforeAll(async () => {
      other = createServer().listen(0)
      await once(other, 'listening')
      port = String((other.address() as AddressInfo).port)
    })
    afterAll(() => {
      other.close()
    })

    test.each(['PORT', 'SANDBOX_PORT'])(
      '%s',
      async (name) => {
        const { code, output } = await runToEnd({ [name]: port })
        expect(code).toBe(1)
        expect(output).toContain(`${name} ${port} is taken by another program`)
        expect(output).not.toMatch(/^ +at /m)
      },
      30_000,
    )
  })
})
