import {
  ensureMariaDb,
  removeFolder,
  startServer,
  temporaryFolder,
  withFreePort,
} from './services.ts'

export interface MariaDbServer {
  readonly host: string
  readonly port: number
  /** Has every right, and no password. */
  readonly user: string
  stop(): Promise<void>
}

/**
 * Starts a MariaDB of the test's own on a free port, without any database, not even its own tables of users: everybody
 * who connects may do everything. Debian has no MySQL.
 */
export async function startMariaDb(): Promise<MariaDbServer> {
  const command = await ensureMariaDb()
  const folder = temporaryFolder('mariadb')
  const start = (port: number) =>
    startServer({
      command,
      args: [
        ...['--no-defaults', '--skip-grant-tables', `--datadir=${folder}`, `--tmpdir=${folder}`],
        ...[`--port=${String(port)}`, '--bind-address=127.0.0.1', `--socket=${folder}/socket`],
        ...['--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=8M'],
        // It does not run as root unless told to.
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
      ],
      ready: /ready for connections/,
      orphanSignal: 'KILL',
    }).then((server) => ({ ...server, port }))
  try {
    const { child, exited, port } = await withFreePort(start)
    return {
      host: '127.0.0.1',
      port,
      user: 'root',
      async stop() {
        child.kill()
        await exited
        removeFolder(folder)
      },
    }
  } catch (error) {
    removeFolder(folder)
    throw error
  }
}
