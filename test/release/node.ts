import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/services.js'

const execute = promisify(execFile)
const installed = new Map<string, Promise<string>>()

/** The program `node` of this version, from the registry; of every version once. */
export function nodeOf(version: string): Promise<string> {
  const known = installed.get(version)
  if (known) return known
  const installing = install(version)
  installed.set(version, installing)
  return installing
}

async function install(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`
  const folder = temporaryFolder(`node-${version}`)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent']
  await execute('npm', ['install', ...quiet, '--prefix', folder, `${name}@${version}`])
  return join(folder, 'node_modules', name, 'bin/node')
}
