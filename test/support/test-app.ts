import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import request from 'supertest'
import {
  getWx,
  requireWxSession,
  type WxLogin,
  wxLogin,
  type WxLoginOptions,
} from '../../src/index.js'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.js'

/** At least 32 bytes, as the plugin asks for. */
export const sessionSecret = 'a session secret of the tests, long enough'

export interface TestApp {
  sandbox: Sandbox
  wx: WxLogin
  server: Server
  url: string
  /** supertest on the running server. */
  http: ReturnType<typeof request>
  /** A new login of a sandbox user; fails the test where it is not a 200. */
  login(name?: string, extra?: object): Promise<LoginReply>
  /** `GET` with a token. */
  get(path: string, token?: string): request.Test
  /** `POST` with a token. */
  post(path: string, body?: object, token?: string): request.Test
  /** How often WeChat's code exchange was asked. */
  exchanges(): number
  close(): Promise<void>
}

export interface LoginReply {
  token: string
  expiresIn: number
  keyId: string
  user: unknown
}

export interface TestAppOptions {
  /** Options over the defaults: the sandbox' app, `fetch` and an owned session in memory. */
  wx?: Partial<WxLoginOptions>
  sandbox?: SandboxOptions | Sandbox
  /** Middleware in front of the plugin. */
  before?: (app: Express) => void
  /** Routes behind the plugin, beside `/me` (guarded) and `/public`. */
  routes?: (app: Express, wx: WxLogin) => void
}

const isSandbox = (o: SandboxOptions | Sandbox | undefined): o is Sandbox => !!o && 'close' in o

/** A real server with the plugin on a free port, and the sandbox as its WeChat. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const sandbox = isSandbox(options.sandbox)
    ? options.sandbox
    : createSandbox({ rateLimit: 0, ...options.sandbox })
  const app = express()
  options.before?.(app)
  const wx = wxLogin({
    appid: sandbox.appid,
    secret: sandbox.secret,
    session: { secret: sessionSecret },
    wechat: { fetch: sandbox.fetch },
    ...options.wx,
  } as WxLoginOptions)
  app.use(wx)
  app.get('/me', requireWxSession, (req, res) => {
    const { appid, openid, unionid, user } = getWx(req)
    res.json({ appid, openid, unionid: unionid ?? null, user })
  })
  app.get('/public', (req, res) => {
    res.json({ openid: req.wx?.openid ?? null, session: req.session !== undefined })
  })
  options.routes?.(app, wx)

  const server = createServer(app)
  // Longer than any test: Node would close a connection in the moment in which a phone takes it up again.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const http = request(url)
  const withToken = (test: request.Test, token: string | undefined): request.Test =>
    token === undefined ? test : test.set('Authorization', `Bearer ${token}`)
  return {
    sandbox,
    wx,
    server,
    url,
    http,
    async login(name = 'alice', extra = {}) {
      const code = sandbox.user(name).login()
      const reply = await http.post('/wx/login').send({ code, ...extra })
      if (reply.status !== 200) throw new Error(`login: ${String(reply.status)} ${reply.text}`)
      return reply.body as LoginReply
    },
    get: (path, token) => withToken(http.get(path), token),
    post(path, body, token) {
      const test = withToken(http.post(path), token)
      return body === undefined ? test : test.send(body)
    },
    exchanges: () => sandbox.requests.filter((r) => r.path === '/sns/jscode2session').length,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await wx.close()
      if (!isSandbox(options.sandbox)) await sandbox.close()
    },
  }
}

/** Runs `body` with a test app and closes it whatever happens. */
export async function withTestApp(
  options: TestAppOptions,
  body: (t: TestApp) => Promise<void>,
): Promise<void> {
  const t = await startTestApp(options)
  try {
    await body(t)
  } finally {
    await t.close()
  }
}

/** The shape of every error of the plugin. */
export const errorReply = (code: string, action: string, more: object = {}): object => ({
  error: {
    code,
    message: expect.any(String) as string,
    action,
    requestId: expect.any(String) as string,
    ...more,
  },
})
