import { execFile } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  ensurePostgres,
  removeFolder,
  startServer,
  temporaryFolder,
  withFreePort,
} from './services.ts'

const execute = promisify(execFile)

export interface PostgresServer {
  /** `postgres://postgres@127.0.0.1:<port>/postgres`, without a password. */
  readonly url: string
  readonly port: number
  /** Of the running process; another one after {@link restart}. */
  readonly pid: number
  stop(): Promise<void>
  /** SIGQUIT: every connection breaks at once, nothing listens any more. The data stays. */
  kill(): Promise<void>
  /** The same data on the same port. */
  restart(): Promise<void>
}

/** Starts a PostgreSQL of the test's own, empty, on a free port, without waiting for disks. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = await ensurePostgres()
  const user = await unprivilegedUser()
  const folder = temporaryFolder('postgres')
  if (user) chownSync(folder, user.uid, user.gid)
  const start = (port: number) =>
    startServer({
      command: join(programs, 'postgres'),
      args: [
        ...['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-F'],
        ...['-c', 'unix_socket_directories='],
      ],
      ready: /database system is ready to accept connections/,
      orphanSignal: 'QUIT',
      ...user,
    }).then((server) => ({ ...server, port }))

  let server: Awaited<ReturnType<typeof start>>
  try {
    await execute(
      join(programs, 'initdb'),
      [
        ...['-D', folder, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-instructions'],
        ...['-E', 'UTF8', '--locale=C'],
      ],
      { cwd: folder, ...user },
    )
    server = await withFreePort(start)
  } catch (error) {
    removeFolder(folder)
    throw error
  }
  const { port } = server
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server.child.kill(signal)
    await server.exited
  }
  return {
    url: `postgres://postgres@127.0.0.1:${String(port)}/postgres`,
    port,
    get pid() {
      return server.child.pid!
    },
    async stop() {
      // SIGINT ends connections; SIGTERM would wait for clients to leave.
      await end('SIGINT')
      removeFolder(folder)
    },
    kill: () => end('SIGQUIT'),
    async restart() {
      await end('SIGINT')
      server = await start(port)
    },
  }
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([
        execute('id', ['-u', name]),
        execute('id', ['-g', name]),
      ])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // This machine has no such user.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is neither a user postgres nor nobody',
  )
}
