import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { findProgram, placement } from './programs.js'
import { versionOf } from './root.js'

const firstMatch = (program, args, pattern) => {
  try {
    // wrk says its version on the way out with an error.
    const text = execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    return pattern.exec(text)?.[1] ?? '?'
  } catch (error) {
    return pattern.exec(String(/** @type {any} */ (error).stdout))?.[1] ?? '?'
  }
}

/** Where and with what was measured, a line each. */
export function describeMachine() {
  const [first] = cpus()
  const redis = findProgram('redis-server')
  const wrk = findProgram('wrk')
  const root = ['express', 'express-session', 'connect-redis', 'redis']
  const bench = [
    'jose',
    'express-jwt',
    'jsonwebtoken',
    'iron-session',
    'wafer-node-session',
    'undici',
  ]
  const version = (name, where) => `${name} ${versionOf(name, where)}`
  return [
    `Machine: ${cpus().length} × ${first?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`,
    `Node ${process.versions.node}, Redis ${redis ? firstMatch(redis, ['--version'], /v=([\d.]+)/) : '?'}, wrk ${wrk ? firstMatch(wrk, ['-v'], /wrk (\S+)/) : '?'}`,
    `express-wx-login ${versionOf('express-wx-login')}; ${root.map((name) => version(name, 'root')).join(', ')}`,
    bench.map((name) => version(name, 'bench')).join(', '),
    `Processes: ${placement}`,
  ]
}
