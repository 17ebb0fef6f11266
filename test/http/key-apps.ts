import { createDecipheriv, createHash, randomUUID } from 'node:crypto'
import express, { type Request } from 'express'
import type { WxUserEvent } from '../../src/hook-types.js'
import { getWx, requireWxSession, wxErrorHandler, type WxLoginError } from '../../src/index.js'
import type { WxLoginOptions } from '../../src/option-types.js'
import type { WxEncryptedData, WxSignedData } from '../../src/types.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { createSandbox, type Sandbox, type SandboxUserInfo } from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'
import { type LoginReply, sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'

/** A login, and what a stock server would keep of it. */
export interface Login extends LoginReply {
  sessionKey: string
}

/** What handlers do that every mini program's server has: each answers for data in its body. */
export interface KeyApp extends TestApp {
  /** `wx.login` on the phone, and the login here. */
  enter(name: string): Promise<Login>
  /** The login with a code that the phone has. */
  enterWith(code: string): Promise<Login>
  /** What `decrypt`, `verifySignature` and `/wx/profile` make of the data. */
  uses(token: string, data: SandboxUserInfo): Promise<Record<Use, string>>
  /** Holds back WeChat's next answer until it is released. */
  holdWeChat(): { asked: Promise<void>; release: () => void }
  /** What `onUser` throws, while there is anything. */
  refusal: Error | undefined
  readonly events: WxUserEvent[]
  readonly errors: WxLoginError[]
}

export type Use = 'decrypt' | 'verifySignature' | '/wx/profile'

/** All of it was read. */
export const allRead: Record<Use, string> = {
  decrypt: 'read',
  verifySignature: 'read',
  '/wx/profile': 'read',
}

export const routesOf = (app: express.Express): void => {
  const handle =
    (work: (req: Request) => Promise<unknown>): express.RequestHandler =>
    (req, res, next) => {
      work(req).then((answer) => res.json(answer), next)
    }
  app.use(express.json(), express.urlencoded({ extended: false }))
  app.post(
    '/decrypt',
    requireWxSession,
    handle((req) => getWx(req).decrypt(req.body as WxEncryptedData)),
  )
  app.post(
    '/verify',
    requireWxSession,
    handle(async (req) => ({
      fits: await getWx(req).verifySignature(req.body as WxSignedData),
    })),
  )
  app.get('/session-key', requireWxSession, (req, res) => {
    res.json(getWx(req).sessionKey)
  })
  app.use(wxErrorHandler)
}

/** A promise, and what fulfils it. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open!: () => void
  const passed = new Promise<void>((resolve) => (open = resolve))
  return { passed, open }
}

/** A server with the handlers above. */
export async function startKeyApp(
  sandbox: Sandbox,
  wx: Partial<WxLoginOptions> = {},
): Promise<KeyApp> {
  const events: WxUserEvent[] = []
  const errors: WxLoginError[] = []
  let held: { asked: ReturnType<typeof gate>; released: ReturnType<typeof gate> } | undefined
  const app = await startTestApp({
    sandbox,
    wx: {
      onUser(event) {
        if (keyApp.refusal) throw keyApp.refusal
        events.push(event)
      },
      wechat: {
        async fetch(url, init) {
          const hold = held
          held = undefined
          const reply = await sandbox.fetch(url, init)
          hold?.asked.open()
          await hold?.released.passed
          return reply
        },
      },
      onError: (error) => void errors.push(error),
      ...wx,
    },
    routes: routesOf,
  })
  const enterWith = async (code: string): Promise<Login> => {
    const login = (await app.post('/wx/login', { code }).expect(200)).body as LoginReply
    const { body } = await app.get('/session-key', login.token).expect(200)
    return { ...login, sessionKey: body as string }
  }
  const outcome = (reply: { status: number; body: { error?: { code: string } } }): string =>
    reply.status === 200 ? 'read' : `${String(reply.status)} ${String(reply.body.error?.code)}`
  const keyApp: KeyApp = Object.assign(app, {
    refusal: undefined,
    events,
    errors,
    enterWith,
    holdWeChat() {
      const hold = { asked: gate(), released: gate() }
      held = hold
      return { asked: hold.asked.passed, release: hold.released.open }
    },
    enter: (name: string) => enterWith(sandbox.user(name).login()),
    async uses(token: string, { rawData, signature, encryptedData, iv }: SandboxUserInfo) {
      const { nickName } = JSON.parse(rawData) as { nickName: string }
      const decrypted = await app.post('/decrypt', { encryptedData, iv }, token)
      if (decrypted.status === 200) expect(decrypted.body).toMatchObject({ nickName })
      const verified = await app.post('/verify', { rawData, signature }, token)
      events.splice(0)
      const both = { rawData, signature, encryptedData, iv }
      const profile = await app.post('/wx/profile', both, token)
      expect(events.map((event) => event.profile?.nickName)).toEqual(
        profile.status === 200 ? [nickName] : [],
      )
      const { fits } = verified.body as { fits?: boolean }
      return {
        decrypt: outcome(decrypted),
        verifySignature: fits === false ? 'does not fit' : outcome(verified),
        '/wx/profile': outcome(profile),
      }
    },
  })
  return keyApp
}

/**
 * What a stock server makes of data: the handler that everybody writes, with Node's crypto and the session key of
 * one login. Whether that login is the session's own or the user's last is what servers differ in.
 */
export function stock(
  { sessionKey }: Login,
  { rawData, signature, encryptedData, iv }: SandboxUserInfo,
): 'read' | 'fails' {
  try {
    const key = Buffer.from(sessionKey, 'base64')
    const decipher = createDecipheriv('aes-128-cbc', key, Buffer.from(iv, 'base64'))
    const bytes = [decipher.update(Buffer.from(encryptedData, 'base64')), decipher.final()]
    JSON.parse(Buffer.concat(bytes).toString())
  } catch {
    return 'fails'
  }
  const expected = createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex')
  return expected === signature ? 'read' : 'fails'
}

/** Where a service keeps what it knows, and its processes: two that share a Redis, or one without. */
export interface Service {
  sandbox: Sandbox
  here: KeyApp
  /** Another process where there is Redis, and the same where there is none. */
  there: KeyApp
  redis: WxRedis | undefined
  redisPrefix: string
  /** Lets time pass, for everybody. */
  pass(ms: number): void
  close(): Promise<void>
}

export type Kind = 'in memory' | 'in Redis'
export const kinds: Kind[] = ['in memory', 'in Redis']

export async function startService(kind: Kind, wx: Partial<WxLoginOptions> = {}): Promise<Service> {
  const real = Date.now.bind(Date)
  let ahead = 0
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => real() + ahead)
  const sandbox = createSandbox({ rateLimit: 0, rotation: 'always', now: () => Date.now() })
  const redisPrefix = `test-keys-${randomUUID()}:`
  const clients = kind === 'in Redis' ? [createRedis(redisUrl()), createRedis(redisUrl())] : []
  await Promise.all(clients.map((client) => client.connect()))
  const start = (redis: WxRedis | undefined): Promise<KeyApp> =>
    startKeyApp(sandbox, {
      session: { secret: sessionSecret },
      ...(redis && { redis, redisPrefix }),
      ...wx,
    } as Partial<WxLoginOptions>)
  const here = await start(clients[0])
  const there = clients[1] ? await start(clients[1]) : here
  return {
    sandbox,
    here,
    there,
    redis: clients[0],
    redisPrefix,
    pass(ms) {
      ahead += ms
    },
    async close() {
      clock.mockRestore()
      await Promise.all([...new Set([here, there])].map((app) => app.close()))
      await Promise.all(clients.map((client) => client.close()))
      await sandbox.close()
    },
  }
}
