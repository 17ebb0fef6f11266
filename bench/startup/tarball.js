import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rootFolder } from '../lib/root.js'
import { temporaryFolder } from '../lib/temporary.js'

const execute = promisify(execFile)

/** What whoever installs the package has anyway. */
const peers = ['express@5', 'express-session@1']

/** @typedef {{ name: string, version: string, bytes: number, files: number }} Installed */

/** @param {string} folder */
function sizeOf(folder) {
  let [bytes, files] = [0, 0]
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    const inside = entry.isDirectory() ? sizeOf(path) : { bytes: statSync(path).size, files: 1 }
    bytes += inside.bytes
    files += inside.files
  }
  return { bytes, files }
}

/**
 * The packages of a project that has nothing but these.
 *
 * @param {string} folder @param {string[]} packages
 * @returns {Promise<Installed[]>}
 */
async function install(folder, packages) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'sized', private: true }))
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent']
  await execute('npm', ['install', ...quiet, ...packages], { cwd: folder })
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.entries(lock.packages).map(([path, { version }]) => {
    const { bytes, files } = sizeOf(join(folder, path))
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    return { name, version, bytes, files }
  })
}

/**
 * The package as `npm publish` would send it, and what it brings beside express and express-session.
 */
export async function weighTarball() {
  const folder = temporaryFolder('pack')
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await execute('npm', args, { cwd: rootFolder })
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(stdout)
  const without = await install(join(folder, 'without'), peers)
  const all = await install(join(folder, 'with'), [join(folder, filename), ...peers])
  const known = new Set(without.map(({ name, version }) => `${name}@${version}`))
  const brought = all.filter(({ name, version }) => !known.has(`${name}@${version}`))
  return { size, unpackedSize, entryCount, without, all, brought }
}
