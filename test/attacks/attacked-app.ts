import { createClient } from 'redis'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type Answer, type App, http, startApp } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { errorReply, type LoginReply } from '../support/test-app.js'
import { until } from '../support/until.js'

/** At least 32 bytes, and known to attackers where an attack asks for that. */
export const attackedSecret = 'the session secret of the attacked app'

export interface AttackedAppOptions {
  /** Environment over the defaults. */
  env?: Record<string, string>
  /**
   * The WeChat of the app: a sandbox that the test has, or the environment of another one. Default: a sandbox of its
   * own, without the limit on logins of one user.
   */
  wechat?: Sandbox | Record<string, string>
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

const isSandbox = (wechat: Sandbox | Record<string, string>): wechat is Sandbox =>
  typeof wechat.user === 'function'

/** Starts the example app as users do, without its limit on logins, and waits until it takes requests. */
export async function startAttackedApp(options: AttackedAppOptions = {}): Promise<AttackedApp> {
  const closing: (() => Promise<unknown>)[] = []
  const given = options.wechat
  let sandbox = given !== undefined && isSandbox(given) ? given : undefined
  if (given === undefined) {
    sandbox = createSandbox({ rateLimit: 0, journalSize: 10_000 })
    await sandbox.listen()
    closing.push(sandbox.close.bind(sandbox))
  }
  let redis = options.redis ?? undefined
  if (options.redis === undefined) {
    redis = await startRedisServer()
    closing.push(redis.stop.bind(redis))
  }
  const admin = redis && connectAdmin(redis.url)
  await admin?.connect()
  const app = await startApp({
    SESSION_SECRET: attackedSecret,
    LOGIN_RATE_LIMIT: '0',
    ...(sandbox ? { WX_API_BASE: sandbox.baseUrl } : (given as Record<string, string>)),
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
