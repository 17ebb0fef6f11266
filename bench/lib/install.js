import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder } from './root.js'

const changedAt = (file) => {
  try {
    return statSync(join(benchFolder, file)).mtimeMs
  } catch {
    return 0
  }
}

/**
 * Installs what express-wx-login is compared with, where it is not there as bench/package-lock.json says. Most of
 * it is old, large or both: nobody who only works on the package should have to.
 */
export function installAlternatives() {
  if (changedAt('node_modules/.package-lock.json') >= changedAt('package-lock.json')) return
  process.stderr.write('npm ci in bench/\n')
  execFileSync('npm', ['ci', '--silent', '--ignore-scripts', '--prefix', benchFolder], {
    cwd: benchFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
