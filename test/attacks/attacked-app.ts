import { createClient } from 'redis'
import { createRedis } from '../../src/redis/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type Answer, type App, http, startApp } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import {
  errorReply,
  type LoginReply,
  type TestApp,
  type TestAppOptions,
  withTestApp,
} from '../support/test-app.js'
import { until } from '../support/until.js'
import { monitorRedis, type RedisMonitor } from './redis-monitor.js'

/** At least 32 bytes, and known to attackers where an attack asks for that. */
export const attackedSecret = 'the session secret of the attacked app'

/** A WeChat that is not the sandbox, or another app than its first. */
export interface OtherWeChat {
  appid: string
  secret: string
  baseUrl: string
}

export interface AttackedAppOptions {
  /** Environment over the defaults. */
  env?: Record<string, string>
  /**
   * The WeChat of the app: a sandbox that the test has, or another one and the app to be there. Default: a sandbox of
   * its own, without the limit on logins of one user.
   */
  wechat?: Sandbox | OtherWeChat
  /** Where sessions are: a Redis of its own (default), one that the test has, or `null` for memory. */
  redis?: RedisServer | null
}

/** The example app as a process, all that stands behind it, and all it said. */
export interface AttackedApp {
  readonly app: App
  readonly url: string
  /** Fails where the test gave it another WeChat. */
  readonly sandbox: Sandbox
  /** Fails where sessions are in memory. */
  readonly redis: RedisServer
  /** A connection of the test's own to that Redis. */
  readonly admin: ReturnType<typeof connectAdmin>
  /** A new login of a sandbox user with all that WeChat asks for; fails the test where it is not a 200. */
  login(name?: string, more?: { token?: string; body?: object }): Promise<LoginReply>
  /** A request of any form, as {@link http} sends it. */
  ask(path: string, o?: Parameters<typeof http>[1]): Promise<Answer>
  /** The status of `GET /me`, which only a session opens. */
  me(token: string): Promise<number>
  /** How often the sandbox was asked what a code is worth. */
  exchanges(): number
  close(): Promise<void>
}

const connectAdmin = (url: string) => createClient({ url }).on('error', () => undefined)

const environmentOf = ({ appid, secret, baseUrl }: OtherWeChat): Record<string, string> => ({
  WX_APPID: appid,
  WX_SECRET: secret,
  WX_API_BASE: baseUrl,
})

/** Starts the example app as users do, without its limit on logins, and waits until it takes requests. */
export async function startAttackedApp(options: AttackedAppOptions = {}): Promise<AttackedApp> {
  const closing: (() => Promise<unknown>)[] = []
  const given = options.wechat
  let sandbox = given !== undefined && 'user' in given ? given : undefined
  if (given === undefined) {
    sandbox = createSandbox({ rateLimit: 0, journalSize: 10_000 })
    await sandbox.listen()
    closing.push(sandbox.close)
  }
  let redis = options.redis ?? undefined
  if (options.redis === undefined) {
    redis = await startRedisServer()
    closing.push(redis.stop)
  }
  const admin = redis && connectAdmin(redis.url)
  await admin?.connect()
  const app = await startApp({
    SESSION_SECRET: attackedSecret,
    LOGIN_RATE_LIMIT: '0',
    ...environmentOf(given ?? sandbox!),
    ...(redis && { REDIS_URL: redis.url }),
    ...options.env,
  })
  const { url } = app
  const ask: AttackedApp['ask'] = (path, o) => http(url + path, o)
  // It takes requests before its Redis is there.
  await until(async () => (await ask('/readyz')).status === 200, 30_000)

  function must<T>(part: T | undefined, name: string): T {
    if (part === undefined) throw new Error(`this app was started without ${name}`)
    return part
  }

  return {
    app,
    url,
    get sandbox() {
      return must(sandbox, 'a sandbox')
    },
    get redis() {
      return must(redis, 'Redis')
    },
    get admin() {
      return must(admin, 'Redis')
    },
    async login(name = 'alice', { token, body } = {}) {
      const code = must(sandbox, 'a sandbox').user(name).login()
      const answer = await ask('/wx/login', {
        body: { code, ...body },
        ...(token !== undefined && { token }),
      })
      if (answer.status !== 200) throw new Error(`login: ${JSON.stringify(answer.body)}`)
      return answer.body as LoginReply
    },
    ask,
    me: async (token) => (await ask('/me', { token })).status,
    exchanges: () =>
      must(sandbox, 'a sandbox').requests.filter((r) => r.path === '/sns/jscode2session').length,
    async close() {
      admin?.destroy()
      await app.stop()
      for (const close of closing.toReversed()) await close()
    },
  }
}

/** An attacked app, and an ear at its Redis. */
export interface MonitoredApp extends AttackedApp {
  readonly monitor: RedisMonitor
}

/** {@link startAttackedApp} with every command that comes to its Redis. */
export async function startMonitoredApp(): Promise<MonitoredApp> {
  const app = await startAttackedApp()
  const monitor = await monitorRedis(app.redis.url)
  const { close } = app
  return Object.assign(app, {
    monitor,
    async close() {
      monitor.close()
      await close()
    },
  })
}

/** Runs `body` with the package in this process, on the Redis of an attacked app under a prefix of its own. */
export async function withTestAppOn(
  { url }: RedisServer,
  redisPrefix: string,
  options: TestAppOptions,
  body: (t: TestApp) => Promise<void>,
): Promise<void> {
  const redis = createRedis(url)
  await redis.connect()
  const wx = { redis, redisPrefix, ...options.wx } as NonNullable<TestAppOptions['wx']>
  await withTestApp({ ...options, wx }, body).finally(() => redis.close())
}

/** The key in Redis of the session that a token opens. */
export const recordOf = (token: string): string => `wx:sess:${token.slice(0, 32)}`

/**
 * What an attacker may see of a refusal: the status, JSON of the one shape with this code, nothing to cache, and no
 * word of the server's inside.
 */
export function expectRefusal(
  answer: { status: number; headers: Headers; body: unknown },
  status: number,
  code: string,
  action: 'login' | 'retry' | 'none',
  more: object = {},
): void {
  expect(answer.body).toEqual(errorReply(code, action, more))
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(answer.headers.get('set-cookie')).toBeNull()
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.[jt]s:\d+|\\n +at /)
}

/** The answer to every token that opens nothing. */
export function expectLoginWanted(answer: Answer): void {
  expectRefusal(answer, 401, 'WX_SESSION_REQUIRED', 'login')
}

/** Nothing of this is in what the app wrote to stdout and stderr; says what was found, and not all the output. */
export function expectUnsaid({ app }: AttackedApp, ...unwanted: (string | RegExp)[]): void {
  const output = app.output()
  const found = unwanted.filter((each) =>
    typeof each === 'string' ? output.includes(each) : each.test(output),
  )
  expect(found).toEqual([])
}
