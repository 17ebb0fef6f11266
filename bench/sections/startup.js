import { bar, fixed, grouped } from '../lib/statistics.js'
import { byOrigin, filesOfImport, timeImports } from '../startup/imports.js'
import { weighTarball } from '../startup/tarball.js'

export const name = 'startup'
export const title = 'Start-up and size'

/** @param {number} bytes */
const kB = (bytes) => `${fixed(bytes / 1000, 1)} kB`

const kinds = /** @type {const} */ ([
  ['esm', 'import'],
  ['cjs', 'require'],
])

/** What is installed with the package. No bar is about it here: the tests have its budget. */
async function sizes() {
  const { size, unpackedSize, entryCount, without, all, brought } = await weighTarball()
  const bytesOf = (/** @type {{ bytes: number }[]} */ packages) =>
    packages.reduce((sum, { bytes }) => sum + bytes, 0)
  const list = brought.map(({ name: of, version, bytes }) => `${of} ${version} (${kB(bytes)})`)
  return {
    rows: [
      ['tarball, packed', kB(size), `${entryCount} files`],
      ['tarball, unpacked', kB(unpackedSize), `${entryCount} files`],
      [
        'installed: express and express-session',
        kB(bytesOf(without)),
        `${without.length} packages`,
      ],
      ['installed: the same and express-wx-login', kB(bytesOf(all)), `${all.length} packages`],
    ],
    note: `express-wx-login brings ${brought.length} packages of ${grouped(bytesOf(brought) / 1000)} kB: ${list.join(', ')}.`,
  }
}

/** @param {import('../lib/section.js').Context} ctx */
export async function run({ quick, log }) {
  const rows = []
  const notes = []
  const bars = []
  for (const [kind, verb] of kinds) {
    log(`startup: ${verb}`)
    const time = await timeImports(kind, quick ? 5 : 15)
    const files = await filesOfImport(kind)
    const row = (
      /** @type {string} */ what,
      /** @type {number} */ ms,
      /** @type {number} */ cpu,
      /** @type {number} */ whole,
    ) => [
      `${verb} ${what}`,
      `${fixed(ms, 1)} ms`,
      `${fixed(cpu, 1)} ms CPU, process ${fixed(whole, 0)} ms`,
    ]
    rows.push(
      row('express, express-session', time.stockMs, time.stockCpu, time.stockWhole),
      row('the same and express-wx-login', time.oursMs, time.oursCpu, time.oursWhole),
      [
        `${verb}: files of code that express-wx-login adds`,
        String(files.length),
        kB(files.reduce((sum, { bytes }) => sum + bytes, 0)),
      ],
    )
    const origins = byOrigin(files).map(
      ([origin, all]) => `${origin} ${all.files} (${kB(all.bytes)})`,
    )
    notes.push(`What ${verb} loads: ${origins.join(', ')}.`)
    bars.push(
      bar(
        `${verb} with express-wx-login to express and express-session alone: CPU`,
        time.cpuRatio,
        'at most',
        1.3,
      ),
      bar(`${verb}, the same: time`, time.ratio, 'at most', 1.3),
    )
  }
  notes.push(
    'Imports: medians of fresh processes, in turn; their ratio inside each pair. Bytes are those of the files.',
  )
  if (!quick) {
    log('startup: the tarball')
    const ofTarball = await sizes()
    rows.push(...ofTarball.rows)
    notes.push(ofTarball.note)
  }
  return { columns: ['what', 'figure', 'and'], rows, notes, bars }
}
