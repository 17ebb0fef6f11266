import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cores, ensureProgram, pinned } from './programs.js'
import { benchFolder } from './root.js'
import { temporaryFolder } from './temporary.js'

const execute = promisify(execFile)

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

/** Runs `wrk`, the load generator, with one thread on the core of the others. */
export async function createLoad() {
  const wrk = await ensureProgram('wrk')
  const folder = temporaryFolder('load')
  const script = join(benchFolder, 'lib/wrk/requests.lua')
  const file = join(folder, 'requests')
  let runs = 0

  return {
    /**
     * @param {Target} target
     * @param {{ connections: number, seconds: number }} how
     * @returns {Promise<Load>}
     */
    async run({ port, path, asks }, { connections, seconds }) {
      runs += 1
      writeFileSync(file, `${asks.map(lineOf).join('\n')}\n`)
      const [command, args] = pinned(cores.others, wrk, [
        ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s'],
        ...['-s', script, `http://127.0.0.1:${port}${path}`, '--', file, String(runs)],
      ])
      const { stdout } = await execute(command, args)
      const [, text] = /^RESULT (\{.*\})$/m.exec(stdout) ?? []
      if (text === undefined) throw new Error(`wrk gave no result:\n${stdout}`)
      const { errors, ...load } = JSON.parse(text)
      if (errors > 0) throw new Error(`${errors} requests to ${path} had no answer`)
      return load
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof createLoad>>} LoadGenerator */
