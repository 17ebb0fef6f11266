import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { cores, ensureProgram, pinned } from './programs.js'
import { isOfRequests } from './redis-info.js'
import { redis } from './root.js'
import { temporaryFolder } from './temporary.js'

/** A port nobody listens on now. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Starts a redis-server of its own on the core of the others, without persistence.
 *
 * @param {{ core?: number, more?: string[] }} [options] - `more`: arguments of redis-server
 */
export async function startRedis({ core = cores.others, more = [] } = {}) {
  const program = await ensureProgram('redis-server')
  const folder = temporaryFolder('bench')
  const port = await freePort()
  const [command, args] = pinned(core, program, [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ...more,
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('close', resolve))
  await new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      if (output.length < 65_536) output += chunk
      if (/Ready to accept connections/.test(output)) resolve(undefined)
    })
    child.once('error', reject)
    child.once('close', () =>
      reject(new Error(`redis-server ended before it was ready:\n${output}`)),
    )
  })
  const url = `redis://127.0.0.1:${port}`
  const client = await redis
    .createClient({ url })
    .on('error', () => undefined)
    .connect()

  return {
    url,
    port,
    client,

    /**
     * The commands that clients send while `work` runs, and those that scripts run for them.
     *
     * @param {() => Promise<void>} work
     * @returns {Promise<{ sent: string[], inside: string[] }>}
     */
    async watch(work) {
      /** @type {string[]} */
      const lines = []
      const monitor = await redis
        .createClient({ url })
        .on('error', () => undefined)
        .connect()
      await monitor.monitor((line) => void lines.push(String(line)))
      await work()
      // What was sent last is reported last.
      await delay(50)
      monitor.destroy()
      const parsed = lines.flatMap((line) => {
        const [, where, name] = /^[\d.]+ \[\d+ ([^\]]+)\] "([^"]+)"/.exec(line) ?? []
        const command = name?.toLowerCase()
        return command !== undefined && isOfRequests(command)
          ? [{ name: command, isInside: where === 'lua' }]
          : []
      })
      return {
        sent: parsed.filter(({ isInside }) => !isInside).map(({ name }) => name),
        inside: parsed.filter(({ isInside }) => isInside).map(({ name }) => name),
      }
    },

    async stop() {
      client.destroy()
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof startRedis>>} RedisServer */
