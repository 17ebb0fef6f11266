import { execFile, execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * @param {string} program
 * @returns {string | undefined} its path, where it is on PATH
 */
export function findProgram(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
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
 * Path of a program of Debian; installs it as root, else says how. The package has the program's name.
 *
 * @param {'redis-server' | 'wrk'} program
 */
export async function ensureProgram(program) {
  const there = findProgram(program)
  if (there !== undefined) return there
  const command = `apt-get update && apt-get install -y --no-install-recommends ${program}`
  const how = `${program} is not installed. On Debian, as root: ${command}`
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) throw new Error(how)
  try {
    await aptInstall(program)
  } catch (error) {
    throw new Error(`${how}\nThis was tried and failed.`, { cause: error })
  }
  const installed = findProgram(program)
  if (installed === undefined)
    throw new Error(`${how}\nThis was tried and brought no such program.`)
  return installed
}

/** Debian starts a service as soon as it is installed, unless policy-rc.d says no: nothing is left listening. */
async function aptInstall(name) {
  const script = `set -e
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\\nexit 101\\n' > "$policy"
      chmod 755 "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    apt-get update
    apt-get install -y --no-install-recommends ${name}`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', UCF_FORCE_CONFFOLD: '1' }
  await execute('flock', ['/var/lib/dpkg', 'sh', '-c', script], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** The server that is measured has a core to itself; whatever feeds it shares the other. */
export const cores = { server: 0, others: 1 }

const canPin = availableParallelism() > 1 && works('taskset', ['-c', '1', 'true'])
const canBind = works('setpriv', ['--pdeathsig', 'KILL', 'true'])

function works(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** How processes are placed, for the report. */
export const placement = canPin
  ? `server on core ${cores.server}; Redis, load generator and stand-in for WeChat on core ${cores.others}`
  : 'not pinned to cores (no taskset, or one core)'

/**
 * A command line that runs on one core, and on Linux ends with the process that started it.
 *
 * @param {number} core
 * @param {string} command
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function pinned(core, command, args) {
  const bound = canBind ? ['setpriv', '--pdeathsig', 'KILL'] : []
  const placed = canPin ? ['taskset', '-c', String(core)] : []
  const [first, ...rest] = [...bound, ...placed, command, ...args]
  return [first, rest]
}
