import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { groups } from './groups.js'

const folder = dirname(fileURLToPath(import.meta.url))
const root = join(folder, '..')
/** Of this run only: two may go on at once. */
const scratch = join(root, '.tmp', `mutation-${process.pid}`)

const usage = `Usage: npm run test:mutation [-- src/errors.ts src/session/token.ts]

Changes the sources, one small mistake (mutant) at a time, and tells which of them no test finds. Without files: all of
mutation/groups.js, which takes hours on two cores.

  --concurrency N  how many mutants at once (default 2)
  --incremental    only what changed in the sources and their tests since the last run of the same files
  --report FILE    the mutants that survived as JSON
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    concurrency: { type: 'string', default: '2' },
    report: { type: 'string' },
    incremental: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Stryker is 65 MB that only this command needs. Installed again where the lock file is another one. */
function installStryker() {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const installed = join(folder, 'node_modules', '.installed-lock')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return
  process.stderr.write('npm ci in mutation/\n')
  execFileSync('npm', ['ci', '--silent', '--ignore-scripts', '--prefix', folder], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  writeFileSync(installed, lock)
}

/** One Redis for all runs of jest; it ends with this process. */
async function startServices() {
  const outfile = join(scratch, 'global-setup.mjs')
  await build({
    entryPoints: [join(root, 'test', 'support', 'global-setup.ts')],
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', outfile },
  })
  const { default: setUp } = await import(pathToFileURL(outfile).href)
  await setUp()
}

/** @param {string[]} files - none: everything */
function chosen(files) {
  if (files.length === 0) return groups
  const known = groups.flatMap(({ sources }) => sources)
  const unknown = files.filter((file) => !known.includes(file))
  if (unknown.length > 0) throw new Error(`not in mutation/groups.js: ${unknown.join(', ')}`)
  return groups
    .map(({ sources, tests }) => ({ sources: sources.filter((s) => files.includes(s)), tests }))
    .filter(({ sources }) => sources.length > 0)
}

async function runGroup(Stryker, { sources, tests }) {
  process.env.MUTATION_TESTS = tests.join(',')
  const config = JSON.parse(readFileSync(join(folder, 'stryker.json'), 'utf8'))
  const stryker = new Stryker({
    ...config,
    mutate: sources,
    concurrency: Number(values.concurrency),
    ...(values.incremental && {
      incremental: true,
      incrementalFile: join(root, '.tmp', 'mutants', `${sources[0].replaceAll('/', '-')}.json`),
    }),
    tempDirName: join(scratch, 'sandbox'),
  })
  return stryker.runMutationTest()
}

const found = ({ status }) => status === 'Killed' || status === 'Timeout'
const missed = ({ status }) => status === 'Survived' || status === 'NoCoverage'

/** @param {object[]} mutants - of all groups */
function printTable(mutants, files) {
  const rows = files.map((file) => {
    const of = mutants.filter((m) => m.fileName.endsWith(file))
    const killed = of.filter(found).length
    const survived = of.filter(missed).length
    const score = killed + survived === 0 ? 100 : (100 * killed) / (killed + survived)
    return `| ${file} | ${killed + survived} | ${survived} | ${score.toFixed(1)} % |`
  })
  process.stdout.write(
    ['', '| file | mutants | survived | score |', '| --- | --: | --: | --: |', ...rows, ''].join(
      '\n',
    ) + '\n',
  )
}

if (values.help) {
  process.stdout.write(usage)
} else {
  process.chdir(root)
  installStryker()
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
  mkdirSync(scratch, { recursive: true })
  const { Stryker } = await import('@stryker-mutator/core')
  await startServices()
  const wanted = chosen(positionals)
  const mutants = []
  for (const group of wanted) mutants.push(...(await runGroup(Stryker, group)))
  printTable(
    mutants,
    wanted.flatMap(({ sources }) => sources),
  )
  const late = mutants.filter(({ status }) => status === 'Timeout').length
  if (late > 0) {
    process.stdout.write(
      `${late} of those that were found ran out of time; on a busy machine look at them again.\n`,
    )
  }
  if (values.report !== undefined) {
    writeFileSync(values.report, JSON.stringify(mutants.filter(missed), null, 1))
  }
  // Redis, a child process, ends with this one and would keep it.
  process.exit()
}
