import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { http, run } from '../example-app/spawn-app.js'
import { Consumer, pack } from '../package/consumer.js'
import { startAttackedApp } from './attacked-app.js'
import { rawRequest } from './raw-request.js'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0, journalSize: 10_000 })
  await sandbox.listen()
})
afterAll(() => sandbox?.close())

interface Server {
  readonly url: string
  close(): Promise<unknown>
}

/** The package as npm has it on the oldest Express there may be, with the routes of the example app. */
async function startOnExpress4(): Promise<Server> {
  const { tarball } = pack()
  const packages = [tarball, 'express@4.18.0', 'express-session@1.18.0']
  const { folder } = await Consumer.install('express-4', packages)
  const script = join(folder, 'app.mjs')
  cpSync(join(__dirname, 'express-4-app.mjs'), script)
  const program = run(process.execPath, [script], { WX_API_BASE: sandbox.baseUrl })
  const [, url = ''] = await program.saw(/^Express 4\.18\.0: (\S+)$/m)
  return { url, close: () => program.stop() }
}

const servers: [string, () => Promise<Server>][] = [
  ['the example app, on Express 5', () => startAttackedApp({ redis: null, wechat: sandbox })],
  ['the package on Express 4', startOnExpress4],
]

describe('attack 47: other ways to write a route: no way past the guard, and no side effect', () => {
  const paths = [
    ...['/me', '/ME', '/Me', '/me/', '//me', '///me', '/me//', '/./me', '/public/../me'],
    ...['/%6de', '/%6D%65', '/me%2f', '/me%00', '/me%20', '/me;x=1', '/me.json', '/me?', '/me?x'],
    ...['/public/%2e%2e/me', '/public/..%2fme', '/public;/../me', '/%2e/me', '/me/%2e', '/me#x'],
    ...['/me/notes', '/ME/NOTES', '/me//notes', '/me/%6eotes', '/me/notes/', '/me/./notes'],
    ...['/me/avatar', '/me/events', '/ME/EVENTS', '/wx/session', '/WX/SESSION', '/wx//session'],
    ...['/wx/%73ession', '/wx/session/', '\\me', '/\\me', '/me\\', 'http://evil.example/me'],
  ]
  const overrides: [string, string][] = [
    ['X-Original-URL', '/public'],
    ['X-Rewrite-URL', '/public'],
    ['X-Forwarded-Prefix', '/public'],
    ['X-HTTP-Method-Override', 'GET'],
  ]

  describe.each(servers)('%s', (_name, start) => {
    let t: Server
    beforeAll(async () => {
      t = await start()
    }, 180_000)
    afterAll(() => t?.close())

    const logIn = async (): Promise<string> => {
      const body = { code: sandbox.user('alice').login() }
      return (await http(`${t.url}/wx/login`, { body })).body.token as string
    }
    const exchanges = (): number =>
      sandbox.requests.filter((r) => r.path === '/sns/jscode2session').length

    test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY'])(
      '%s: without a session nothing behind the guard answers',
      async (method) => {
        for (const path of paths) {
          const headers: [string, string][] = [...overrides, ['Connection', 'close']]
          const answer = await rawRequest(t.url, { method, path, headers })
          // OPTIONS tells which methods a route has, and nothing else.
          const open = method === 'OPTIONS' && answer.status === 200
          expect([path, open || [400, 401, 404].includes(answer.status), answer.status]).toEqual([
            path,
            true,
            answer.status,
          ])
          if (!open) expect(answer.text).not.toMatch(/"(openid|notes|keyId|user)"/)
        }
      },
    )

    test('what the router takes for /me it takes for /me with a token, too', async () => {
      const token = await logIn()
      const headers: [string, string][] = [
        ['Authorization', `Bearer ${token}`],
        ['Connection', 'close'],
      ]
      const open = []
      for (const path of ['/me', '/ME', '/me/', '/%6de', '//me', '/./me', '/me%2f', '/me.json'])
        open.push((await rawRequest(t.url, { path, headers })).status)
      // The guard and the route are of one mind: who gets past one is at the other. Encoded letters are none to Express.
      expect(open).toEqual([200, 200, 200, 404, 404, 404, 404, 404])
    })

    test.each([
      ['GET', '/wx/login'],
      ['HEAD', '/wx/login'],
      ['PUT', '/wx/login'],
      ['DELETE', '/wx/login'],
      ['GET', '/wx/logout'],
      ['HEAD', '/wx/logout'],
      ['DELETE', '/wx/logout'],
      ['GET', '/wx/profile'],
      ['PUT', '/wx/profile'],
      ['GET', '/wx/phone'],
      ['POST', '/wx/session'],
      ['POST', '/wx%2flogin'],
      ['POST', '//wx/login'],
      ['POST', '/wx//login'],
      ['POST', '/wx/login;x'],
      ['POST', '/public/../wx/login'],
      ['POST', '/wx/login/x'],
    ])('%s %s does nothing', async (method, path) => {
      const token = await logIn()
      const code = sandbox.user('alice').login()
      const before = exchanges()
      const body = JSON.stringify({ code, nickName: 'of attack 47', everywhere: true })
      const answer = await rawRequest(t.url, {
        method,
        path: `${path}?code=${code}&_method=POST`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/json'],
          ['X-HTTP-Method-Override', 'POST'],
          ['X-Method-Override', 'POST'],
          ['Connection', 'close'],
        ],
        body,
      })
      expect(answer.status).toBe(404)
      expect(exchanges()).toBe(before)
      const me = await http(`${t.url}/me`, { token })
      expect(me.status).toBe(200)
      expect(me.body.user.nickname).not.toBe('of attack 47')
      expect((await http(`${t.url}/wx/login`, { body: { code } })).status).toBe(200)
    })

    test('a POST in another spelling of its path is the same POST', async () => {
      for (const path of ['/WX/LOGIN', '/wx/login/', '/Wx/Login/']) {
        const code = sandbox.user('alice').login()
        expect([path, (await http(t.url + path, { body: { code } })).status]).toEqual([path, 200])
        expect([path, (await http(t.url + path, { body: { code: '' } })).status]).toEqual([
          path,
          400,
        ])
      }
    })
  })
})
