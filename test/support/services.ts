import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

const isRoot = process.getuid?.() === 0

interface Install {
  program: string
  package: string
  /** Shell commands to run as root just before the package is installed. */
  before?: string
  /** Folders to look in beside PATH, newest first. */
  folders?: () => string[]
}

/** Path of `redis-server`; installs it as root on Debian, else says how. */
export function ensureRedisServer(): Promise<string> {
  return ensure({ program: 'redis-server', package: 'redis-server' })
}

/** The folder with PostgreSQL's own programs (`initdb`, `postgres`); installs it as root on Debian, else says how. */
export async function ensurePostgres(): Promise<string> {
  const initdb = await ensure({
    program: 'initdb',
    package: 'postgresql',
    // Debian's package makes and starts a server of its own otherwise.
    before: `mkdir -p /etc/postgresql-common
      [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf`,
    folders: postgresFolders,
  })
  return join(initdb, '..')
}

/** Path of MariaDB's server; installs it as root on Debian, else says how. */
export function ensureMariaDb(): Promise<string> {
  // Debian keeps servers where only root's PATH looks.
  const folders = (): string[] => ['/usr/sbin', '/usr/libexec']
  return ensure({ program: 'mariadbd', package: 'mariadb-server-core', folders })
}

/** Path of a headless-capable Chromium; installs it, with a font for Chinese, as root on Debian, else says how. */
export async function ensureChromium(): Promise<string> {
  const known = ['chromium', 'google-chrome', 'chromium-browser']
  const there = known.map((program) => findProgram({ program, package: program }))
  return (
    there.find((path) => path !== undefined) ??
    (await ensure({ program: 'chromium', package: 'chromium fonts-wqy-microhei' }))
  )
}

function postgresFolders(): string[] {
  const versions = '/usr/lib/postgresql'
  try {
    return readdirSync(versions)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(versions, version, 'bin'))
  } catch {
    return []
  }
}

async function ensure(wanted: Install): Promise<string> {
  const there = findProgram(wanted)
  if (there !== undefined) return there
  const command = `apt-get update && apt-get install -y --no-install-recommends ${wanted.package}`
  const how = `${wanted.program} is not installed. On Debian, as root: ${command}`
  if (!isRoot || findProgram({ program: 'apt-get', package: 'apt' }) === undefined) {
    throw new Error(how)
  }
  try {
    await aptInstall(wanted)
  } catch (error) {
    throw new Error(`${how}\nThis was tried and failed.`, { cause: error })
  }
  const installed = findProgram(wanted)
  if (installed === undefined)
    throw new Error(`${how}\nThis was tried and brought no such program.`)
  return installed
}

export function findProgram({ program, folders }: Install): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), ...(folders?.() ?? [])]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * Debian starts a service as soon as it is installed, unless policy-rc.d says no: nothing of what the
 * tests install may be left listening. Workers and other runs wait for each other at the lock.
 */
async function aptInstall({ package: name, before = '' }: Install): Promise<void> {
  const script = `set -e
    ${before}
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\\nexit 101\\n' > "$policy"
      chmod 755 "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    apt-get update
    apt-get install -y --no-install-recommends ${name}`
  const env = {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
    UCF_FORCE_CONFFOLD: '1',
  }
  await execute('flock', ['/var/lib/dpkg', 'sh', '-c', script], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** Below what Linux, macOS and Windows give to outgoing connections: those come and go all the time. */
const ports = { first: 20_000, count: 12_000 }

/**
 * A port nobody listens on now, and no outgoing connection will take; somebody may listen a moment later, so whoever
 * uses it must be ready to try another.
 */
export async function freePort(): Promise<number> {
  for (let left = 100; ; left -= 1) {
    const port = ports.first + randomInt(ports.count)
    const server = createServer()
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    try {
      await listening
    } catch (error) {
      if (left === 0) throw error
      continue
    }
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/** A folder of this test run: goes with it, whatever happens to the tests. */
export function temporaryFolder(name: string): string {
  const parent = process.env.TEST_RUN_FOLDER ?? tmpdir()
  // Open to pass through: PostgreSQL runs as another user.
  mkdirSync(parent, { recursive: true, mode: 0o711 })
  return mkdtempSync(join(parent, `${name}-`))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

export interface ServerProgram {
  command: string
  args: string[]
  /** What it writes when it takes connections. */
  ready: RegExp
  /** Linux only: the signal it gets when the process that started it is gone. */
  orphanSignal: 'KILL' | 'QUIT'
  uid?: number
  gid?: number
}

export interface RunningServer {
  readonly child: ChildProcess
  readonly exited: Promise<void>
}

/** What a server says whose port another process has; {@link withFreePort} then tries the next. */
class PortTaken extends Error {}

/** Starts a server and waits until it says itself, not somebody else on its port, that it is ready. */
export async function startServer(program: ServerProgram): Promise<RunningServer> {
  const [command, args] = await boundToParent(program)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(program.uid !== undefined && { uid: program.uid }),
    ...(program.gid !== undefined && { gid: program.gid }),
  })
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  await new Promise<void>((resolve, reject) => {
    let output = ''
    const collect = (chunk: Buffer): void => {
      // Read to the end all the same: a full pipe stops the server.
      if (output.length < 64 * 1024) output += chunk.toString()
      if (program.ready.test(output)) resolve()
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.once('error', reject)
    child.once('close', () => {
      const message = `${program.command} ended before it was ready:\n${output}`
      reject(
        /address (is )?already in use/i.test(output) ? new PortTaken(message) : new Error(message),
      )
    })
  })
  return { child, exited }
}

/** Runs `start` with free ports until one is still free when the server binds it. */
export async function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let left = 10; ; left -= 1) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (!(error instanceof PortTaken) || left === 0) throw error
    }
  }
}

/** Runs `start` on one port, again while a server that just ended still holds it. */
export async function withPort<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  for (let left = 20; ; left -= 1) {
    try {
      return await start(port)
    } catch (error) {
      if (!(error instanceof PortTaken) || left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

let pdeathsig: Promise<boolean> | undefined

/** A worker that is killed cannot stop its servers; on Linux the kernel can. */
async function boundToParent(program: ServerProgram): Promise<[string, string[]]> {
  pdeathsig ??= execute('setpriv', ['--pdeathsig', 'KILL', 'true']).then(
    () => true,
    () => false,
  )
  if (!(await pdeathsig)) return [program.command, program.args]
  return ['setpriv', ['--pdeathsig', program.orphanSignal, program.command, ...program.args]]
}
