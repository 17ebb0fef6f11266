import { createServer } from 'node:http'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import express from 'express'
import { getWx, requireWxSession, wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { createClient, createClientPool } from 'redis'

/**
 * One server of the soak: the built package, as an app has it. Talks to the test over the IPC channel of
 * `fork`: says its port, answers every message with a sample of itself.
 */
const { client, redisUrl, wechat, secret } = JSON.parse(process.env.SOAK_SERVER)

const clients = {
  createRedis: () => createRedis(redisUrl),
  // As the README of redis has it: no deadline, no end to its queue.
  createClient: () => createClient({ url: redisUrl }),
  // Of one size: under load a pool keeps what it grew to, which would look like a leak.
  createClientPool: () => createClientPool({ url: redisUrl }, { minimum: 32, maximum: 32 }),
}

const staleAfter = 2000
/** Connections that a fault has piled up would look like a leak if they stayed open. */
const wantedConnections = 24

const open = new Set()
const sinceSample = { stale: 0, open: 0 }
let connections = 0

function watchRequests(_req, res, next) {
  const request = { since: performance.now() }
  open.add(request)
  sinceSample.open = Math.max(sinceSample.open, open.size)
  res.on('close', () => open.delete(request))
  // Not while there is much to do: new connections would be more of it.
  if (connections > wantedConnections && open.size < 4) res.set('Connection', 'close')
  next()
}

function countStale() {
  const old = performance.now() - staleAfter
  let stale = 0
  // In the order of arrival.
  for (const { since } of open) {
    if (since > old) break
    stale += 1
  }
  sinceSample.stale = Math.max(sinceSample.stale, stale)
}

const redis = clients[client]()
redis.on('error', () => undefined)
await redis.connect()

const wx = wxLogin({
  appid: wechat.appid,
  secret: wechat.secret,
  wechat: { baseUrl: wechat.baseUrl },
  session: { secret },
  redis,
  onUser: ({ openid }) => ({ openid }),
})

const app = express()
app.use(watchRequests)
app.use(wx)
app.get('/me', requireWxSession, (req, res) => {
  const { openid, user } = getWx(req)
  res.json({ openid, user })
})
app.post('/write', requireWxSession, express.json(), (req, res) => {
  req.session.note = req.body.note
  const { openid, user } = getWx(req)
  res.json({ openid, user })
})
app.get('/public', (_req, res) => res.json({}))

const server = createServer(app)
// Longer than any run: Node would close a connection in the moment the client takes it up again.
server.keepAliveTimeout = 7 * 24 * 3600_000
server.on('connection', (socket) => {
  connections += 1
  socket.on('close', () => (connections -= 1))
})

const stalls = monitorEventLoopDelay({ resolution: 20 })
stalls.enable()
const staleTimer = setInterval(countStale, 100)

function sample() {
  const stall = stalls.max / 1e6
  // Twice: what the first round finds out of use may free more.
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, rss } = process.memoryUsage()
  countStale()
  const { stale, open: most } = sinceSample
  Object.assign(sinceSample, { stale: 0, open: 0 })
  stalls.reset()
  return { heap: heapUsed, rss, stale, open: most, inFlight: open.size, stall }
}

let stopping = false

/** As an app should: takes no more, finishes what it has, and then ends by itself as nothing is left open. */
async function stop() {
  stopping = true
  const closed = new Promise((resolve) => server.close(resolve))
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  await wx.close()
  await closed
  clearInterval(idle)
  clearInterval(staleTimer)
  stalls.disable()
  // Not close(): a client without a deadline, left over from a fault, would wait for ever.
  redis.destroy()
  process.disconnect()
}

process.once('SIGTERM', () => void stop())
process.on('message', () => process.send(sample()))
// The test is gone.
process.on('disconnect', () => stopping || process.exit(1))

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
