import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.js'
import { atMost } from './at-most.js'
import { createAvatars } from './avatars.js'
import { type Config, ConfigError } from './config.js'
import { openDatabase } from './database.js'
import { drainable } from './drain.js'
import type { Log } from './logger.js'
import { createMetrics } from './metrics.js'
import { createNotes } from './notes.js'
import { closeRedis, openRedis } from './redis.js'
import { watchRedis } from './redis-watch.js'
import { startMigration } from './schema.js'
import { showServer, showStorage, type ShownStorage } from './shown-to-sandbox.js'
import { describeStatus, type Status } from './status.js'
import { openTracing } from './tracing.js'
import { createUsers } from './users.js'
import { openWeChat } from './wechat.js'

export interface RunningServer {
  status: Status
  /** Rejects where something in the background failed that only a restart can cure. */
  failed: Promise<never>
  /** Finishes what is in flight and closes everything; says how many requests it had to cut. */
  close(): Promise<number>
}

// Together below the 5 s after which a platform may lose its patience.
const drainTimeout = 4300
// Logins that WeChat keeps waiting are told to come again before they would be cut.
const loginTimeout = 3500
const closeTimeout = 500

/** Starts everything in the order of need. Where a part fails, closes what was opened and throws. */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const closers: (() => unknown)[] = []
  const closeAll = () =>
    atMost(closeTimeout, Promise.allSettled(closers.map(async (close) => close())))

  try {
    const tracing = await openTracing(config.tracing)
    if (tracing) closers.push(() => tracing.close())
    const metrics = createMetrics()
    closers.push(() => metrics.close())
    const wechat = await freePort('SANDBOX_PORT', openWeChat(config.wechat))
    closers.push(() => wechat.close())

    const storage: ShownStorage = wechat.sandbox
      ? await showStorage(wechat.sandbox, config.redisUrl)
      : { ...(config.redisUrl !== undefined && { redisUrl: config.redisUrl }) }
    const redis = storage.redisUrl === undefined ? undefined : openRedis(storage.redisUrl, log)
    if (redis) closers.push(() => closeRedis(redis))

    const database = await openDatabase(config.databaseUrl, log)
    closers.push(() => database.close())

    const server = createServer()
    server.requestTimeout = 30_000
    const drain = drainable(server)
    const users = createUsers(database)
    const status = () => describeStatus(config, urlOf(server), wechat.sandboxUrl)

    const { app, wx, checkRedis, endStreams } = createApp({
      config,
      wechat,
      ...(redis && { redis }),
      ...(storage.store && { store: storage.store }),
      database,
      users,
      notes: createNotes(database),
      avatars: createAvatars(database),
      metrics,
      ...(tracing && { tracing }),
      log,
      status,
    })
    server.on('request', app)

    // Before the database, which may take seconds: a port that is taken is told at once.
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(config.port, resolve)
    })
    await freePort('PORT', listening)
    if (wechat.sandbox) showServer(wechat.sandbox, urlOf(server), users)
    closers.push(() => server.close())
    const unwatch = redis && checkRedis && watchRedis(redis, checkRedis, log)
    closers.push(() => unwatch?.())

    const waiting = new AbortController()
    closers.push(() => waiting.abort())
    const migration = await startMigration(database, log, waiting.signal)

    return {
      status: status(),
      failed: migration.done.then(() => new Promise<never>(() => {})),
      async close() {
        // Logins in flight are finished; new ones on open connections get a 503 that says try again.
        endStreams()
        unwatch?.()
        const [cut] = await Promise.all([
          drain(drainTimeout),
          atMost(drainTimeout, wx.close({ timeout: loginTimeout })),
        ])
        // Only now what they needed: the sandbox, Redis, the database.
        await closeAll()
        return cut
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Says which variable to change where a port cannot be had. */
async function freePort<T>(name: string, listening: Promise<T>): Promise<T> {
  try {
    return await listening
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE')
      throw new ConfigError([
        `${name} ${port} is taken by another program. Stop it, or set ${name} to another port.`,
      ])
    if (code === 'EACCES')
      throw new ConfigError([
        `${name} ${port} is not allowed for this user: set it to 1024 or more.`,
      ])
    throw error
  }
}
