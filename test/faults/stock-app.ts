import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import session, { type Session } from 'express-session'
import { createClient } from 'redis'
import type { Sandbox } from '../../src/sandbox/index.js'
import { pause } from './race-pace.js'

/** What the articles keep in `req.session`, and whatever else the app does. */
type StockSession = Session & { openid?: string; session_key?: string; [field: string]: unknown }

const sessionOf = (req: Request): StockSession => req.session as StockSession

export interface StockOptions {
  resave: boolean
  /** Whether a login takes a new session id, as OWASP asks for and few articles do. */
  regenerate: boolean
}

export interface StockApp {
  url: string
  server: Server
  /** Whether Redis has a session of this id. */
  stored(sid: string): Promise<boolean>
  close(): Promise<void>
}

/** `jscode2session`, as every article has it. */
async function exchange(sandbox: Sandbox, code: string): Promise<Required<WeChatReply>> {
  const query = new URLSearchParams({
    appid: sandbox.appid,
    secret: sandbox.secret,
    js_code: code,
    grant_type: 'authorization_code',
  })
  const reply = await sandbox.fetch(
    `https://api.weixin.qq.com/sns/jscode2session?${query.toString()}`,
  )
  const { openid, session_key } = (await reply.json()) as WeChatReply
  if (openid === undefined || session_key === undefined) throw new Error('jscode2session failed')
  return { openid, session_key }
}
interface WeChatReply {
  openid?: string
  session_key?: string
}

const regenerate = (req: Request): Promise<void> =>
  new Promise((resolve, reject) => {
    req.session.regenerate((error: unknown) => {
      if (error) reject(error)
      else resolve()
    })
  })

function mustBeLoggedIn(req: Request, res: Response, next: NextFunction): void {
  if (sessionOf(req).openid === undefined) res.status(401).json({})
  else next()
}

function addRoutes(app: Express, sandbox: Sandbox, options: StockOptions): void {
  app.post('/login', async (req, res) => {
    const { code } = req.body as { code: string }
    const { openid, session_key } = await exchange(sandbox, code)
    // WeChat takes its time, and not the same for everybody.
    await pause(req)
    if (options.regenerate) await regenerate(req)
    Object.assign(sessionOf(req), { openid, session_key })
    res.json({})
  })
  app.post('/logout', async (req, res, next) => {
    await pause(req)
    req.session.destroy((error: unknown) => {
      if (error) next(error)
      else res.json({})
    })
  })
  // A new id for the same login, as after a change of rights.
  app.post('/regenerate', mustBeLoggedIn, async (req, res) => {
    const { openid, session_key } = sessionOf(req)
    await pause(req)
    await regenerate(req)
    Object.assign(sessionOf(req), { openid, session_key })
    res.json({})
  })
  app.post('/write/:field/:value', mustBeLoggedIn, async (req, res) => {
    const { field, value } = req.params as { field: string; value: string }
    await pause(req)
    sessionOf(req)[field] = value
    res.json({})
  })
  app.post('/write-twice/:field/:value', mustBeLoggedIn, async (req, res, next) => {
    const { field, value } = req.params as { field: string; value: string }
    await pause(req)
    sessionOf(req)['first'] = value
    req.session.save((error: unknown) => {
      if (error) {
        next(error)
        return
      }
      sessionOf(req)[field] = value
      res.json({})
    })
  })
  app.get('/read', mustBeLoggedIn, async (req, res) => {
    await pause(req)
    res.json({})
  })
  app.get('/look', mustBeLoggedIn, (req, res) => {
    const { openid, session_key, cookie: _, ...fields } = sessionOf(req)
    res.json({ openid, sessionKey: session_key, fields })
  })
}

/**
 * A server as the articles about mini program login write it: stock express-session, connect-redis and
 * redis, the session_key in the session.
 */
export async function startStockApp(
  options: StockOptions,
  { sandbox, redisUrl }: { sandbox: Sandbox; redisUrl: string },
): Promise<StockApp> {
  const redis = createClient({ url: redisUrl })
  redis.on('error', () => undefined)
  await redis.connect()
  const prefix = `stock-${randomUUID()}:`
  const app = express()
  app.use(
    session({
      store: new RedisStore({ client: redis, prefix }),
      secret: 'a secret of the stock app',
      resave: options.resave,
      saveUninitialized: false,
      cookie: { maxAge: 3600_000 },
    }),
  )
  app.use(express.json())
  addRoutes(app, sandbox, options)
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    server,
    stored: async (sid) => (await redis.exists(`${prefix}${sid}`)) === 1,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await redis.close()
    },
  }
}
