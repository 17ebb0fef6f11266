import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cores, ensureProgram, pinned } from './programs.js'
import { benchFolder } from './root.js'
import { temporaryFolder } from './temporary.js'

const execute = promisify(execFile)

/** Longer than any load lasts, in s. */
const day = 86_400

/** Longer than load stands still, in s. wrk has room for every microsecond of it. */
const patience = 60

/**
 * @typedef {object} Load
 * @property {number} requests - answered
 * @property {number} perSecond
 * @property {number} p50 - ms
 * @property {number} p99 - ms
 * @property {number} refused - answers with a status of 400 and more
 */

/**
 * One request. `%d` in a header or the body becomes another number of 24 digits each time.
 *
 * @typedef {object} Ask
 * @property {string} [path] - default that of the target
 * @property {Record<string, string>} [headers]
 * @property {object} [body] - makes it a POST with JSON
 */

/**
 * @typedef {object} Target
 * @property {number} port
 * @property {string} path
 * @property {Ask[]} asks - one after the other, round and round
 */

/** @param {Ask} ask */
const lineOf = ({ path = '', headers = {}, body }) =>
  [
    path,
    body === undefined ? '' : JSON.stringify(body),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\t')

/**
 * Load that stands still until it is wanted, on connections that stay open.
 *
 * @typedef {object} PausedLoad
 * @property {() => void} resume
 * @property {() => void} pause
 * @property {() => Promise<Load>} end - its times mean nothing: they count the pauses
 */

/** @param {string} stdout */
function resultIn(stdout, path) {
  const [, text] = /^RESULT (\{.*\})$/m.exec(stdout) ?? []
  if (text === undefined) throw new Error(`wrk gave no result:\n${stdout}`)
  const { errors, ...load } = JSON.parse(text)
  if (errors > 0) throw new Error(`${errors} requests to ${path} had no answer`)
  return load
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const standing = new Set()

process.once('exit', () => {
  // Who stands still hears of nothing else.
  for (const child of standing) child.kill('SIGKILL')
})

/** Runs `wrk`, the load generator, with one thread on the core of the others. */
export async function createLoad() {
  const wrk = await ensureProgram('wrk')
  const folder = temporaryFolder('load')
  const script = join(benchFolder, 'lib/wrk/requests.lua')
  let runs = 0

  /** @param {Target} target */
  function commandFor({ port, path, asks }, { connections, seconds, timeout }) {
    runs += 1
    const file = join(folder, `requests-${runs}`)
    writeFileSync(file, `${asks.map(lineOf).join('\n')}\n`)
    return pinned(cores.others, wrk, [
      ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', `${timeout}s`],
      ...['-s', script, `http://127.0.0.1:${port}${path}`, '--', file, String(runs)],
    ])
  }

  return {
    /**
     * @param {Target} target
     * @param {{ connections: number, seconds: number }} how
     * @returns {Promise<Load>}
     */
    async run(target, { connections, seconds }) {
      const [command, args] = commandFor(target, { connections, seconds, timeout: 10 })
      const { stdout } = await execute(command, args)
      return resultIn(stdout, target.path)
    },

    /**
     * Runs until it is ended, at first.
     *
     * @param {Target} target
     * @param {{ connections: number }} how
     * @returns {PausedLoad}
     */
    start(target, { connections }) {
      const [command, args] = commandFor(target, { connections, seconds: day, timeout: patience })
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      standing.add(child)
      let stdout = ''
      child.stdout.on('data', (text) => (stdout += text))
      const ended = new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('close', () => resolve(undefined))
      })
      return {
        resume: () => void child.kill('SIGCONT'),
        pause: () => void child.kill('SIGSTOP'),
        async end() {
          child.kill('SIGCONT')
          // Else another thread of it hears the end than the one that waits for it.
          await delay(50)
          child.kill('SIGINT')
          await ended
          standing.delete(child)
          return resultIn(stdout, target.path)
        },
      }
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof createLoad>>} LoadGenerator */
