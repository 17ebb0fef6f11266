import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cores, pinned } from '../lib/programs.js'
import { rootFolder } from '../lib/root.js'
import { median } from '../lib/statistics.js'
import { temporaryFolder } from '../lib/temporary.js'

const execute = promisify(execFile)

/** @typedef {'esm' | 'cjs'} Kind */

/** What every app with sessions imports. */
const stock = ['express', 'express-session']
const ours = [...stock, 'express-wx-login']

/**
 * A program that loads packages and prints what that took, in ms of the clock and of the CPU.
 *
 * @param {Kind} kind @param {string[]} packages
 */
function program(kind, packages) {
  const loads = packages.map((name) =>
    kind === 'esm' ? `await import('${name}')` : `require('${name}')`,
  )
  return `
    const cpu = process.cpuUsage()
    const from = performance.now()
    ${loads.join('\n')}
    const ms = performance.now() - from
    const { user, system } = process.cpuUsage(cpu)
    console.log(JSON.stringify({ ms, cpu: (user + system) / 1000 }))`
}

/**
 * Runs it in a fresh process in the folder of the package, where its dependencies are found and bench/'s are not.
 *
 * @param {Kind} kind @param {string[]} packages @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ ms: number, cpu: number, whole: number }>} `whole`: ms from the start of the process to its end
 */
async function load(kind, packages, env = {}) {
  const [command, args] = pinned(cores.server, process.execPath, [
    ...['--input-type', kind === 'esm' ? 'module' : 'commonjs'],
    ...['--eval', program(kind, packages)],
  ])
  const from = performance.now()
  const { stdout } = await execute(command, args, {
    cwd: rootFolder,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  })
  return { ...JSON.parse(stdout), whole: performance.now() - from }
}

/**
 * @typedef {object} ImportTime medians over fresh processes
 * @property {number} stockMs @property {number} oursMs
 * @property {number} stockCpu @property {number} oursCpu
 * @property {number} stockWhole @property {number} oursWhole
 * @property {number} cpuRatio of the CPU that the imports took, inside each pair
 * @property {number} ratio of the time
 */

/**
 * @param {Kind} kind @param {number} pairs
 * @returns {Promise<ImportTime>}
 */
export async function timeImports(kind, pairs) {
  // Reads the files into the memory of the system.
  await load(kind, ours)
  const taken = []
  for (let i = 0; i < pairs; i += 1) {
    // In turn first: whoever is second finds a machine that is warm.
    const oursFirst = i % 2 === 1 ? await load(kind, ours) : undefined
    const ofStock = await load(kind, stock)
    taken.push({ stock: ofStock, ours: oursFirst ?? (await load(kind, ours)) })
  }
  const of = (/** @type {'stock' | 'ours'} */ who, /** @type {'ms' | 'cpu' | 'whole'} */ what) =>
    median(taken.map((pair) => pair[who][what]))
  const ratio = (/** @type {'ms' | 'cpu'} */ what) =>
    median(taken.map((pair) => pair.ours[what] / pair.stock[what]))
  return {
    stockMs: of('stock', 'ms'),
    oursMs: of('ours', 'ms'),
    stockCpu: of('stock', 'cpu'),
    oursCpu: of('ours', 'cpu'),
    stockWhole: of('stock', 'whole'),
    oursWhole: of('ours', 'whole'),
    cpuRatio: ratio('cpu'),
    ratio: ratio('ms'),
  }
}

/** @typedef {{ file: string, bytes: number }} Loaded path from the folder of the package */

/**
 * The files of code that the plugin loads beside express and express-session.
 *
 * @param {Kind} kind
 * @returns {Promise<Loaded[]>}
 */
export async function filesOfImport(kind) {
  const [without, files] = [await coveredFiles(kind, stock), await coveredFiles(kind, ours)]
  return files
    .filter((file) => !without.includes(file))
    .map((file) => ({ file: relative(rootFolder, file), bytes: statSync(file).size }))
}

/** What a process has loaded, as V8 counts it: the same for both kinds of modules. */
async function coveredFiles(kind, packages) {
  const folder = temporaryFolder('coverage')
  await load(kind, packages, { NODE_V8_COVERAGE: folder })
  return readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    return result
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ url }) => fileURLToPath(url))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
  })
}

/**
 * Where the code comes from: of the package by folder, of others by package.
 *
 * @param {Loaded[]} files
 */
export function byOrigin(files) {
  /** @type {Map<string, { files: number, bytes: number }>} */
  const origins = new Map()
  for (const { file, bytes } of files) {
    const parts = file.split('/')
    const modules = parts.lastIndexOf('node_modules')
    const name =
      modules < 0
        ? parts.length > 3
          ? `${parts[2]}/`
          : 'index and layer 1, 3 to 5'
        : parts[modules + 1]
    const found = origins.get(name) ?? { files: 0, bytes: 0 }
    origins.set(name, { files: found.files + 1, bytes: found.bytes + bytes })
  }
  return [...origins].toSorted(([, a], [, b]) => b.bytes - a.bytes)
}
