import { randomUUID } from 'node:crypto'
import type { Express, Request } from 'express'
import { getWx, requireWxSession } from '../../src/index.js'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'
import { createSender, type Login, phoneOf, served } from './race-apps.js'
import type { RacingApp } from './race-apps.js'
import { type Pace, pause } from './race-pace.js'

export interface OurApp extends RacingApp {
  /** Adds one to `n` of the session, as a handler does that does not know better. */
  increment(login: Login, pace?: Pace): Promise<boolean>
  /** Public ids of a user's sessions. */
  list(user: string): Promise<string[]>
  revokeAll(user: string): Promise<void>
  /** `keyId` of `GET /wx/session`. */
  keyId(login: Login): Promise<unknown>
  /** Every error the plugin reported that is no refusal of a session, with its reason. */
  errors: Set<string>
}

export interface OurOptions {
  maxPerUser?: number
  /** Processes of one service, as Redis sees them: each has a connection of its own. Default 2. */
  servers?: number
}

const set = (req: Request, fields: object): void => void Object.assign(req.session, fields)

function addRoutes(app: Express): void {
  app.post('/write/:field/:value', requireWxSession, async (req, res) => {
    await pause(req)
    set(req, { [req.params['field']]: req.params['value'] })
    res.json({})
  })
  app.post('/write-twice/:field/:value', requireWxSession, async (req, res, next) => {
    await pause(req)
    set(req, { first: req.params['value'] })
    req.session.save((error: unknown) => {
      if (error) {
        next(error)
        return
      }
      set(req, { [req.params['field']]: req.params['value'] })
      res.json({})
    })
  })
  app.post('/increment', requireWxSession, async (req, res) => {
    const { n = 0 } = req.session as { n?: number }
    await pause(req)
    set(req, { n: n + 1 })
    res.json({})
  })
  app.post('/regenerate', requireWxSession, async (req, res, next) => {
    await pause(req)
    req.session.regenerate((error: unknown) => {
      if (error) next(error)
      else res.json({})
    })
  })
  app.get('/read', requireWxSession, async (req, res) => {
    await pause(req)
    res.json({})
  })
  app.get('/look', requireWxSession, (req, res) => {
    const { openid, sessionKey, sessionId } = getWx(req)
    const { wx: _, cookie: __, ...fields } = req.session
    res.json({ openid, sessionKey, sessionId, fields })
  })
}

interface Service {
  sandbox: Sandbox
  prefix: string
  errors: Set<string>
}

async function startServer(
  { sandbox, prefix, errors }: Service,
  redis: WxRedis,
  session: { maxPerUser?: number },
): Promise<TestApp> {
  await redis.connect()
  return startTestApp({
    sandbox,
    wx: {
      redis,
      redisPrefix: prefix,
      session: { secret: sessionSecret, ...session },
      // What is at stake here is the order of things, also on a machine that has no time.
      storeTimeout: 20_000,
      hookTimeout: 60_000,
      routes: { logout: '/logout' },
      // Where the app saves its user a login is held up: WeChat has answered, the session is not made yet.
      onUser: (_event, req) => pause(req),
      onError({ code, status, reason = '' }) {
        if (status !== 401) errors.add(`${code}: ${reason}`)
      },
    },
    routes: addRoutes,
  })
}

/** Servers with the plugin on one Redis, and their phones, whose requests go to the servers in turn. */
export async function raceOurs(
  redisUrl: string,
  { servers = 2, ...session }: OurOptions = {},
): Promise<OurApp> {
  const sandbox = createSandbox({ rateLimit: 0 })
  const service = { sandbox, prefix: `race-${randomUUID()}:`, errors: new Set<string>() }
  const clients = Array.from({ length: servers }, () => createRedis(redisUrl))
  const apps = await Promise.all(clients.map((redis) => startServer(service, redis, session)))
  const [redis, { wx }] = [clients[0]!, apps[0]!]
  const { send, hangUp } = createSender(
    apps.map(({ url }) => url),
    ({ credential }) => ({ authorization: `Bearer ${credential}` }),
  )
  const openid = (user: string): string => sandbox.user(user).openid()
  const identity = (user: string): { appid: string; openid: string } => ({
    appid: sandbox.appid,
    openid: openid(user),
  })
  return {
    ...phoneOf(send),
    errors: service.errors,
    openid,
    newestKey: (user) => sandbox.user(user).sessionKey(),
    async login(user, { carrying, pace = '' } = {}) {
      const phone = sandbox.user(user)
      const code = phone.login()
      const sessionKey = phone.sessionKey()
      const reply = await send(`POST /wx/login${pace}`, carrying, { code })
      if (!served(reply)) throw new Error(`login refused: ${JSON.stringify(reply.body)}`)
      const credential = String(reply.body['token'])
      return { user, sessionKey, credential, sid: credential.split('.')[0]! }
    },
    async regenerate(login, pace = '') {
      served(await send(`POST /regenerate${pace}`, login))
      return null
    },
    increment: async (login, pace = '') => served(await send(`POST /increment${pace}`, login)),
    stored: async ({ sid }) => (await redis.exists(`${service.prefix}sess:${sid}`)) === 1,
    list: async (user) => (await wx.sessions.list(identity(user))).map(({ id }) => id),
    revokeAll: async (user) => void (await wx.sessions.revokeAll(identity(user))),
    keyId: async (login) => (await send('GET /wx/session', login)).body['keyId'],
    async close() {
      hangUp()
      await Promise.all(apps.map((app) => app.close()))
      await Promise.all(clients.map((client) => client.close()))
      await sandbox.close()
    },
  }
}
