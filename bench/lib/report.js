import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawCharts } from './chart.js'
import { describeMachine } from './machine.js'
import { benchFolder } from './root.js'
import { nodeMajor } from './statistics.js'
import { markdown } from './table.js'

/** @typedef {{ section: import('./section.js').Section, result: import('./section.js').Result }} Done */

/** @param {Done} done */
const chapter = ({ section, result }) => [
  `## ${section.title}`,
  markdown(result.columns, result.rows),
  ...(result.more ?? []).flatMap(({ title, columns, rows }) => [
    `### ${title}`,
    markdown(columns, rows),
  ]),
  ...result.notes,
]

/**
 * Writes bench/results/node-<major>.md and .svg.
 *
 * @param {Done[]} done
 * @param {string} command - that was given
 * @returns {Promise<string[]>} the files, from the root of the repository
 */
export async function writeReport(done, command) {
  const day = new Date().toISOString().slice(0, 10)
  const bars = done.flatMap(({ result }) => result.bars)
  const text = [
    `# Benchmarks on Node ${nodeMajor}`,
    `Measured ${day} with \`${command}\`. Ratios hold for other machines of the kind; requests per second do not.`,
    describeMachine()
      .map((line) => `- ${line}`)
      .join('\n'),
    ...done.flatMap(chapter),
    '## Bars',
    markdown(
      ['', 'what', 'measured', 'required'],
      bars.map(({ ok, what, measured, required }) => [
        ok ? 'ok' : 'MISSED',
        what,
        measured,
        required,
      ]),
    ),
  ].join('\n\n')
  mkdirSync(join(benchFolder, 'results'), { recursive: true })
  const files = [`bench/results/node-${nodeMajor}.md`]
  writeFileSync(join(benchFolder, '..', files[0]), `${text}\n`)

  const charts = done.flatMap(({ result }) => (result.chart ? [result.chart] : []))
  if (charts.length > 0) {
    const [first] = describeMachine()
    const caption = `Node ${process.versions.node} · ${first.replace('Machine: ', '')} · ${day} · ${command}`
    files.push(`bench/results/node-${nodeMajor}.svg`)
    writeFileSync(join(benchFolder, '..', files[1]), drawCharts(charts, caption))
  }
  return files
}
