// An app in a process of its own, on the package as npm has it: for what a test cannot see in its own process
// (that it ends, how much memory it takes) and for other versions of redis than the one installed here.
// Usage: node app-process.mjs <client> <redis url>; ends with its standard input.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { performance } from 'node:perf_hooks'
import express from 'express'
import { getWx, requireWxSession, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { createSandbox } from 'express-wx-login/sandbox'
import { createClient } from 'redis'

const clients = {
  createRedis: (url) => createRedis(url),
  // As the README of node-redis has it, without its listener for errors.
  defaults: (url) => createClient({ url }),
  'best options': (url) =>
    createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 1000,
      pingInterval: 500,
      commandOptions: { timeout: 1000 },
      socket: {
        connectTimeout: 1000,
        socketTimeout: 1500,
        reconnectStrategy: (retries) => Math.min(50 * (retries + 1), 500),
      },
    }),
}

const [name, url] = process.argv.slice(2)
const redis = clients[name](url)
const sandbox = createSandbox({ rateLimit: 0 })
const app = express()

let pending = 0
let mostPending = 0
app.use((_req, res, next) => {
  pending += 1
  mostPending = Math.max(mostPending, pending)
  res.once('close', () => {
    pending -= 1
  })
  next()
})

// For the test, in front of the plugin.
let logins = 0
app.post('/codes/:n', (req, res) => {
  const codes = Array.from({ length: Number(req.params.n) }, () => {
    logins += 1
    return sandbox.user(`u${logins % 50}`).login()
  })
  res.json({ codes })
})
app.post('/stats', (_req, res) => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  res.json({ rss, heapUsed, pending: pending - 1, mostPending, uptime: performance.now() })
  mostPending = pending
})

app.use(
  wxLogin({
    appid: sandbox.appid,
    secret: sandbox.secret,
    session: { secret: 'a session secret of the tests, long enough' },
    wechat: { fetch: sandbox.fetch },
    redis,
  }),
)
app.get('/public', (_req, res) => res.json({}))
app.get('/me', requireWxSession, (req, res) => res.json({ openid: getWx(req).openid }))

const server = createServer(app).listen(0, '127.0.0.1')
await once(server, 'listening')
redis.connect().catch(() => undefined)
process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`)
process.stdin.resume().once('end', () => process.exit(0))
