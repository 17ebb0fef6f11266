import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The one that the results are known of. */
const version = '2.1.42'

const usage = `Usage: npm run check:miniprogram-npm [-- --ci <folder>]

What 构建 npm of WeChat DevTools makes of wx-login-client, by WeChat's own packNpmManually (miniprogram-ci):
exactly the files of miniprogram_dist, no warning. Then the same for a copy with a server package among its
dependencies, which must fail: WeChat parses every file of every dependency.

  --ci <folder>   a folder in which miniprogram-ci ${version} is installed already

Without --ci it is installed in a temporary folder: 1 086 packages, 275 MB, about a minute. That is why it is
not part of .ci/run. The check itself takes seconds.
`

const { values } = parseArgs({
  options: { ci: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit()
}

const work = mkdtempSync(join(tmpdir(), 'express-wx-login-npm-'))
process.once('exit', () => rmSync(work, { recursive: true, force: true, maxRetries: 5 }))

const npm = (cwd, ...args) =>
  execFileSync(
    'npm',
    [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )

function folder(name, manifest) {
  const path = join(work, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest))
  return path
}

/** WeChat's packer, of the exact version. */
function loadPacker() {
  const home = values.ci ?? folder('miniprogram-ci', { private: true })
  if (!values.ci) {
    process.stderr.write(`npm install miniprogram-ci@${version}, about a minute\n`)
    npm(home, 'install', `miniprogram-ci@${version}`)
  }
  const require = createRequire(join(home, 'package.json'))
  const found = require('miniprogram-ci/package.json').version
  if (found !== version) throw new Error(`${home} has miniprogram-ci ${found}, not ${version}`)
  return require('miniprogram-ci').packNpmManually
}

/** Every file in a folder, by its path in it. */
function filesIn(path) {
  const files = new Map()
  if (!existsSync(path)) return files
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    files.set(file.slice(path.length + 1), readFileSync(file))
  }
  return files
}

/**
 * Installs a package as `npm publish` would send it into an empty mini program and packs that.
 *
 * @returns what is not as it should be, a line each
 */
async function faultsOf(packNpmManually, name, source) {
  const { filename } = JSON.parse(npm(source, 'pack', '--json', '--pack-destination', work))[0]
  const app = folder(name, { name, private: true })
  npm(app, 'install', join(work, filename))
  let report
  try {
    report = await packNpmManually({
      packageJsonPath: join(app, 'package.json'),
      miniprogramNpmDistDir: app,
    })
  } catch (error) {
    const [line] = String(error.message ?? error).split('\n')
    return [line.replaceAll(join(app, 'node_modules/'), '')]
  }

  const faults = report.warnList.map((warning) => `warning: ${JSON.stringify(warning)}`)
  const packed = filesIn(join(app, 'miniprogram_npm'))
  const wanted = filesIn(join(app, 'node_modules/wx-login-client/miniprogram_dist'))
  if (wanted.size === 0) faults.push('the package has no miniprogram_dist')
  for (const [file, content] of wanted) {
    const path = join('wx-login-client', file)
    const there = packed.get(path)
    if (!there) faults.push(`missing: ${path}`)
    else if (!there.equals(content)) faults.push(`changed: ${path}`)
    packed.delete(path)
  }
  for (const path of packed.keys()) faults.push(`not the client's: ${path}`)
  return faults
}

/** A copy of the client that depends on what only servers can run. */
function clientWithServerPackage() {
  const copy = join(work, 'with-server-package')
  const client = join(root, 'client')
  for (const part of ['package.json', 'dist', 'miniprogram_dist']) {
    cpSync(join(client, part), join(copy, part), { recursive: true })
  }
  const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'))
  const { redis } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  manifest.dependencies = { redis }
  writeFileSync(join(copy, 'package.json'), JSON.stringify(manifest))
  return copy
}

/** Runs without what the packer writes, a line for each of hundreds of files. */
async function quietly(run) {
  const { log, warn, error } = console
  Object.assign(console, { log() {}, warn() {}, error() {} })
  try {
    return await run()
  } finally {
    Object.assign(console, { log, warn, error })
  }
}

const packNpmManually = loadPacker()
const faults = await faultsOf(packNpmManually, 'app', join(root, 'client'))
for (const fault of faults) process.stdout.write(`wx-login-client: ${fault}\n`)
const expected = await quietly(() =>
  faultsOf(packNpmManually, 'app-with-server-package', clientWithServerPackage()),
)
if (expected.length === 0) {
  process.stdout.write('With redis as a dependency it passed as well: this check proves nothing.\n')
}
const ok = faults.length === 0 && expected.length > 0
if (ok) {
  process.stdout.write(
    '构建 npm packs exactly the files of wx-login-client, without a warning.\n' +
      `With redis as a dependency it would not: ${expected[0]}\n`,
  )
}
// miniprogram-ci leaves things running.
process.exit(ok ? 0 : 1)
