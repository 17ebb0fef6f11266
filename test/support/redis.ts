import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ensureRedisServer,
  removeFolder,
  type RunningServer,
  startServer,
  temporaryFolder,
  withFreePort,
  withPort,
} from './services.ts'

/** The Redis of this test run, shared by all tests: use a key prefix of your own, break a server of your own. */
export function redisUrl(): string {
  const url = process.env.TEST_REDIS_URL
  if (url === undefined) throw new Error('TEST_REDIS_URL is not set: run the tests with jest')
  return url
}

export interface RedisServerOptions {
  port?: number
  /** More arguments of `redis-server`. */
  args?: string[]
  /** Text of a configuration file: Sentinel wants one, and writes in it. */
  config?: string
}

/** A real redis-server that a test may break. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Of the running process; another one after {@link restart}. */
  readonly pid: number
  /** Ends it in order and removes its folder; nothing more to do where it is gone already. */
  stop(): Promise<void>
  /** SIGKILL: connections break at once, nothing answers any more. */
  kill(): void
  /** SIGSTOP: connections stay, nothing is answered. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Ends it where it still runs, and starts it on the same port, empty (unless `args` keep data). */
  restart(): Promise<void>
}

/** Starts a redis-server on `port` or a free one, and waits until it takes commands. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const command = await ensureRedisServer()
  const folder = temporaryFolder('redis')
  const file = join(folder, 'redis.conf')
  if (options.config !== undefined) writeFileSync(file, options.config)
  const start = (port: number): Promise<RunningServer & { port: number }> =>
    startServer({
      command,
      args: [
        ...(options.config === undefined ? [] : [file]),
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
        ...(options.args ?? []),
      ],
      ready: /Ready to accept connections|Sentinel ID is/,
      orphanSignal: 'KILL',
    }).then((server) => ({ ...server, port }))

  let server: Awaited<ReturnType<typeof start>>
  try {
    server = await (options.port === undefined
      ? withFreePort(start)
      : withPort(options.port, start))
  } catch (error) {
    removeFolder(folder)
    throw error
  }
  const { port } = server
  const end = async (): Promise<void> => {
    // A frozen process cannot act on SIGTERM.
    server.child.kill('SIGCONT')
    server.child.kill('SIGTERM')
    // Clients that keep it busy must not keep it alive.
    const lastResort = setTimeout(() => server.child.kill('SIGKILL'), 2000)
    await server.exited
    clearTimeout(lastResort)
  }
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    port,
    get pid() {
      return server.child.pid!
    },
    async stop() {
      await end()
      removeFolder(folder)
    },
    kill: () => void server.child.kill('SIGKILL'),
    freeze: () => void server.child.kill('SIGSTOP'),
    thaw: () => void server.child.kill('SIGCONT'),
    async restart() {
      await end()
      server = await withPort(port, start)
    },
  }
}
