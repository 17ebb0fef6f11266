import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { takeComplaints } from './lib/core-time.js'
import { installAlternatives } from './lib/install.js'
import { writeReport } from './lib/report.js'
import { benchFolder } from './lib/root.js'
import { sectionNames } from './lib/section.js'
import { fitted } from './lib/table.js'

const usage = `Usage: npm run bench -- [--quick] [--only guarded,login] [--write] [--strict]
       npm run bench -- --profile [--seconds 8]

Measures express-wx-login beside its alternatives on this machine: each in a process of its own on core 0; Redis, the
load generator (wrk) and a stand-in for WeChat on core 1. Takes redis-server and wrk from Debian, as root, where they
are not there. Leave the machine alone meanwhile.

  --quick     three minutes instead of under forty: fewer rounds, fewer connections; good to see a large change
  --only A,B  only these sections: ${sectionNames.join(', ')}
  --write     write bench/results/node-<major>.md and .svg, as a full run does
  --strict    exit with 1 where a bar was missed
  --profile   no measurement: the guarded request under load with a CPU profile; the file goes to
              bench/results-local/, and where the time goes is printed
  --seconds N how long that load lasts (default 8)
`

function readArguments() {
  const boolean = { type: 'boolean' }
  const { values } = parseArgs({
    options: {
      ...{ quick: boolean, write: boolean, strict: boolean, profile: boolean, help: boolean },
      ...{ only: { type: 'string' }, seconds: { type: 'string' } },
    },
  })
  const only = values.only?.split(',')
  const unknown = only?.find((name) => !sectionNames.includes(name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is no such section`)
  if (values.seconds !== undefined && !/^[1-9]\d{0,2}$/.test(values.seconds)) {
    throw new Error(`--seconds ${String(values.seconds)}: not possible`)
  }
  return { ...values, only }
}

/** @returns {Promise<import('./lib/section.js').Section[]>} */
async function load(only) {
  const wanted = only ?? sectionNames.filter((name) => existsSync(fileOf(name)))
  return Promise.all(wanted.map((name) => import(pathToFileURL(fileOf(name)).href)))
}

const fileOf = (name) => join(benchFolder, 'sections', `${name}.js`)

const seconds = (since) => `${Math.round((performance.now() - since) / 1000)} s`

/** @param {import('./lib/section.js').Bar[]} bars */
function printBars(bars) {
  process.stdout.write('\nBars\n\n')
  const rows = bars.map(({ what, measured, required, ok }) => [
    ok ? 'ok' : 'MISSED',
    what,
    measured,
    required,
  ])
  process.stdout.write(`${fitted(['', 'what', 'measured', 'required'], rows)}\n`)
  const missed = bars.filter(({ ok }) => !ok).length
  process.stdout.write(`\n${bars.length - missed} of ${bars.length} bars reached\n`)
  return missed
}

async function measure({ quick = false, only, write = false, strict = false }) {
  const begun = performance.now()
  const done = []
  let failed = false
  for (const section of await load(only)) {
    const log = (line) => void process.stderr.write(`  ${seconds(begun)}  ${line}\n`)
    process.stdout.write(`\n${section.title}\n\n`)
    try {
      const result = await section.run({ quick, log })
      result.notes.push(...takeComplaints())
      done.push({ section, result })
      for (const table of [result, ...(result.more ?? [])]) {
        if ('title' in table) process.stdout.write(`\n${table.title}\n`)
        process.stdout.write(`\n${fitted(table.columns, table.rows)}\n`)
      }
      for (const note of result.notes) process.stdout.write(`\n${note}\n`)
    } catch (error) {
      // The others may still tell what they know.
      failed = true
      process.stderr.write(`\n${section.name} failed: ${error?.stack ?? error}\n`)
    }
  }
  const missed = printBars(done.flatMap(({ result }) => result.bars))
  process.stdout.write(`\n${seconds(begun)} in all\n`)
  const isFull = !quick && only === undefined
  if ((isFull || write) && !failed) {
    const flags = [quick && '--quick', only && `--only ${only.join(',')}`].filter(Boolean)
    const command = ['npm run bench', ...(flags.length > 0 ? ['--', ...flags] : [])].join(' ')
    for (const file of await writeReport(done, command)) process.stdout.write(`wrote ${file}\n`)
  }
  return failed || (strict && missed > 0) ? 1 : 0
}

async function main(values) {
  installAlternatives()
  if (!values.profile) return measure(values)
  const { profileGuarded } = await import('./lib/profile.js')
  await profileGuarded({ seconds: Number(values.seconds ?? 8) })
  return 0
}

let values
try {
  values = readArguments()
} catch (error) {
  process.stderr.write(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
if (values?.help) process.stdout.write(usage)
else if (values) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  // Whatever a section left running ends with this process.
  try {
    process.exit(await main(values))
  } catch (error) {
    process.stderr.write(`${error?.stack ?? error}\n`)
    process.exit(1)
  }
}
