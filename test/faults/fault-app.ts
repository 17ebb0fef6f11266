import { createClient } from 'redis'
import type { WxLoginError, WxLoginOptions } from '../../src/index.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../support/redis.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { type ClientName, clients, type GivenClient } from './fault-clients.js'
import { type Answer, createPhone, type Phone } from './load.js'

/** A server under test, in this process or in another. */
export interface Target {
  phone: Phone
  /** A fresh code of one of some users. */
  code(): string
}

export interface FaultAppOptions {
  client?: ClientName
  wx?: Partial<WxLoginOptions>
  server?: RedisServerOptions
  /** False: Redis is not there yet when the app starts. */
  running?: boolean
}

/** The plugin on a Redis of its own, which may be broken by itself or by the proxy in front of it. */
export interface FaultApp extends Target {
  t: TestApp
  server: RedisServer
  proxy: FaultProxy
  redis: GivenClient
  /** What the app's operator was told. */
  errors: WxLoginError[]
  /** A command of the operator, past the proxy. The connection stays, for Redis may take no new ones. */
  admin(...command: string[]): Promise<unknown>
  /** Logs a user in, who must get in. */
  login(user?: string): Promise<string>
  /** A guarded request. */
  me(token: string): Promise<Answer>
  postLogin(code: string, token?: string): Promise<Answer>
  close(): Promise<void>
}

/** More users than one login a second would trim the sessions of. */
const users = 50

/** `client.destroy()` throws where the client gave up by itself. */
export function destroy(client: GivenClient): void {
  try {
    client.destroy()
  } catch {
    // It is gone, which is what was asked for.
  }
}

export async function startFaultApp(options: FaultAppOptions = {}): Promise<FaultApp> {
  const { client: name = 'createRedis', running = true } = options
  const server = await startRedisServer(options.server)
  const proxy = await startFaultProxy(server.port)
  const redis = clients[name](proxy.url)
  const errors: WxLoginError[] = []
  const admin = createClient({ url: server.url, socket: { reconnectStrategy: () => 50 } })
  admin.on('error', () => undefined)
  await admin.connect()
  if (!running) {
    server.kill()
    proxy.reset()
  }
  const t = await startTestApp({
    wx: { redis, onError: (e: WxLoginError) => void errors.push(e), ...options.wx } as object,
  })
  // The app may start before its Redis does: it must not wait here.
  const connected = redis.connect()
  connected.catch(() => undefined)
  if (running) await connected
  const phone = createPhone(t.url)
  let logins = 0
  const app: FaultApp = {
    ...{ t, server, proxy, redis, errors, phone },
    admin: (...command) => admin.sendCommand(command),
    code() {
      logins += 1
      return t.sandbox.user(`u${String(logins % users)}`).login()
    },
    login: async (user = 'alice') => (await t.login(user)).token,
    me: (token) => phone.send({ kind: 'me', path: '/me', token }),
    postLogin: (code, token) =>
      phone.send({ kind: 'login', method: 'POST', path: '/wx/login', body: { code }, token }),
    async close() {
      server.thaw()
      phone.close()
      await t.close()
      destroy(redis)
      admin.destroy()
      await proxy.close()
      await server.stop()
    },
  }
  return app
}

/** Runs `body` with an app and takes everything down whatever happens. */
export async function withFaultApp(
  options: FaultAppOptions,
  body: (app: FaultApp) => Promise<void>,
): Promise<void> {
  const app = await startFaultApp(options)
  try {
    await body(app)
  } finally {
    await app.close()
  }
}

/**
 * Runs `body` with an app for each of these clients, all at the same time: most of a fault is waiting, and they have
 * nothing in common but the processor. Fails with the first that failed, when all have ended.
 */
export async function withEachClient(
  names: readonly ClientName[],
  options: Omit<FaultAppOptions, 'client'>,
  body: (app: FaultApp, client: ClientName) => Promise<void>,
): Promise<void> {
  const runs = names.map((client) =>
    withFaultApp({ ...options, client }, (app) => body(app, client)),
  )
  const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
}
