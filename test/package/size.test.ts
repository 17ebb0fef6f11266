import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Consumer, pack } from './consumer.js'

/**
 * What users pay for in bytes and files, whatever machine this runs on. A budget is 10 to 15 % above what was there
 * when it was set: what breaks it either goes again or moves the budget in the same commit, for a reason.
 */
const budget = {
  // The page of the sandbox with its phone is a quarter of it; a server that only logs people in loads none of that.
  // Four files of five are types, twice: to who imports and to who requires.
  tarball: { packed: 570_000, unpacked: 2_000_000, files: 630 },
  /** What an install brings beside express and express-session, the package itself included. A quarter is undici. */
  installed: { packages: 7, bytes: 7_000_000 },
  /** Code that importing it runs, beside that of express and express-session. */
  loaded: { files: 6, bytes: 480_000 },
  /** The code of each entry, in bytes. */
  entries: {
    'dist/cjs/index.js': 250_000,
    'dist/cjs/redis/index.js': 8_800,
    'dist/cjs/sandbox/index.js': 200_000,
    'dist/cjs/cli.js': 350_000,
  },
}

const { tarball, sizes } = pack()
const peers = ['express@5', 'express-session@1']

interface Sized {
  name: string
  bytes: number
}

const bytesOf = (all: Sized[]): number => all.reduce((sum, { bytes }) => sum + bytes, 0)

/** So that a budget that is broken says by what. */
const listed = (all: Sized[]): string =>
  all
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes }) => `${String(bytes).padStart(9)}  ${name}`)
    .join('\n')

function expectWithin(what: string, all: Sized[], most: { count: number; bytes: number }): void {
  const [count, bytes] = [all.length, bytesOf(all)]
  if (count > most.count || bytes > most.bytes) {
    throw new Error(
      `${what}: ${String(count)} of ${String(bytes)} bytes, the budget is ` +
        `${String(most.count)} of ${String(most.bytes)} bytes. In it:\n${listed(all)}`,
    )
  }
}

/** Bytes of all files of a package, without the packages inside it. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? sizeOf(path) : statSync(path).size
    })
    .reduce((sum, bytes) => sum + bytes, 0)
}

function installedIn({ folder }: Consumer): Sized[] {
  const lock = join(folder, 'node_modules/.package-lock.json')
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  return Object.entries(packages).map(([path, { version }]) => ({
    name: `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`,
    bytes: sizeOf(join(folder, path)),
  }))
}

type Kind = 'import' | 'require'

/** The files of code that a fresh process loads with these packages, as V8 counts them for a coverage. */
function loadedBy({ folder }: Consumer, kind: Kind, packages: string[]): Sized[] {
  const coverage = mkdtempSync(join(folder, 'coverage-'))
  const type = kind === 'import' ? 'module' : 'commonjs'
  const load = packages.map((name) =>
    kind === 'import' ? `await import('${name}')` : `require('${name}')`,
  )
  execFileSync(process.execPath, ['--input-type', type, '--eval', load.join('\n')], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: coverage },
  })
  const home = realpathSync(folder)
  return readdirSync(coverage)
    .flatMap((name) => {
      const text = readFileSync(join(coverage, name), 'utf8')
      return (JSON.parse(text) as { result: { url: string }[] }).result
    })
    .filter(({ url }) => url.startsWith('file:'))
    .map(({ url }) => fileURLToPath(url))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .map((file) => ({ name: relative(home, file), bytes: statSync(file).size }))
}

const without = (all: Sized[], known: Sized[]): Sized[] => {
  const names = new Set(known.map(({ name }) => name))
  return all.filter(({ name }) => !names.has(name))
}

let bare: Consumer
let user: Consumer
/** Has everything that the package can work with, so that it could load it. */
let redisUser: Consumer

beforeAll(async () => {
  ;[bare, user, redisUser] = await Promise.all([
    Consumer.install('bare', peers),
    Consumer.install('sized', [tarball, ...peers]),
    Consumer.install('sized-redis', [tarball, ...peers, 'connect-redis@9', 'redis@6', 'undici@7']),
  ])
}, 180_000)

describe('the size of the package', () => {
  it('is within the budget, packed and unpacked', () => {
    const { packed, files } = sizes
    const { tarball: most } = budget
    expectWithin('the files of the tarball', files, { count: most.files, bytes: most.unpacked })
    if (packed > most.packed) {
      throw new Error(
        `the tarball has ${String(packed)} bytes, the budget is ${String(most.packed)}. In it:\n${listed(files)}`,
      )
    }
  })

  it.each(Object.entries(budget.entries))('is within the budget: %s', (name, most) => {
    const file = sizes.files.find((sized) => sized.name === name)
    expect(file?.bytes).toBeLessThanOrEqual(most)
  })

  it('is within the budget, installed beside Express with all that comes with it', () => {
    const brought = without(installedIn(user), installedIn(bare))
    expect(brought.map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/^express-wx-login@/),
    )
    const { packages, bytes } = budget.installed
    expectWithin('the packages it brings', brought, { count: packages, bytes })
  })
})

describe.each<Kind>(['import', 'require'])('what %s of the package loads', (kind) => {
  let loaded: Sized[]
  beforeAll(() => {
    const express = ['express', 'express-session']
    const alone = loadedBy(redisUser, kind, express)
    loaded = without(loadedBy(redisUser, kind, [...express, 'express-wx-login']), alone)
  })

  it('is within the budget of files and bytes', () => {
    const index = `node_modules/express-wx-login/dist/${kind === 'import' ? 'esm/index.node' : 'cjs/index'}.js`
    expect(loaded.map(({ name }) => name)).toContain(index)
    const { files, bytes } = budget.loaded
    expectWithin(`the files that ${kind} loads`, loaded, { count: files, bytes })
  })

  it.each(['redis', '@redis/client', 'connect-redis', 'undici'])(
    'is nothing of %s, which is installed',
    (name) => {
      expect(statSync(join(redisUser.folder, 'node_modules', name)).isDirectory()).toBe(true)
      const folder = `node_modules/${name}/`
      expect(loaded.filter((file) => file.name.includes(folder))).toEqual([])
    },
  )

  it('is neither the sandbox nor the command line', () => {
    expect(loaded.filter(({ name }) => /\/dist\/\w+\/(sandbox\/|cli\.js)/.test(name))).toEqual([])
  })
})
