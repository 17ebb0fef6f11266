import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { read, root } from './markdown.js'
import { run } from './workspace.js'

interface Export {
  name: string
  kind: 'function' | 'class' | 'const' | 'interface' | 'type'
  description: string
  examples: { code: string }[]
  isFunction: boolean
  hasChinese: boolean
}

interface Listed {
  file: string
  modules: { name: string; exports: Export[]; values: string[]; superfluous: string[] }[]
}

let pages: Listed[]

beforeAll(async () => {
  // The generator is a module of Node: it tells what it found as JSON.
  const { ok, stdout, stderr } = await run(process.execPath, [
    'scripts/api-docs/index.js',
    '--list',
  ])
  if (!ok) throw new Error(stderr)
  pages = JSON.parse(stdout) as Listed[]
}, 60_000)

const allExports = (): [string, Export][] =>
  pages.flatMap(({ modules }) =>
    modules.flatMap(({ name, exports }) =>
      exports.map((one): [string, Export] => [`${name}: ${one.name}`, one]),
    ),
  )

const namesWhere = (holds: (one: Export) => boolean): string[] =>
  allExports()
    .filter(([, one]) => holds(one))
    .map(([name]) => name)

test('the pages are what the generator makes of the comments now', async () => {
  expect(await run(process.execPath, ['scripts/api-docs/index.js', '--check'])).toEqual({
    ...{ ok: true, stdout: '', stderr: '' },
  })
}, 60_000)

test('there is a page for all that can be imported', () => {
  const manifests = ['package.json', 'client/package.json'].map(
    (file) =>
      JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string; exports: object },
  )
  const importable = manifests.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => join(name, path)),
  )
  const documented = pages.flatMap(({ modules }) => modules.map(({ name }) => name))
  expect(documented.toSorted()).toEqual(importable.toSorted())
})

test('every value that can be imported is there', () => {
  for (const { modules } of pages) {
    for (const { values, exports } of modules) {
      expect(values.length).toBeGreaterThan(0)
      expect(exports.map(({ name }) => name)).toEqual(expect.arrayContaining(values))
    }
  }
})

test('every export has a heading, in both languages', () => {
  for (const { file, modules } of pages) {
    const wanted = modules.flatMap(({ exports }) =>
      exports.map(({ kind, name }) => `${kind} ${name}`),
    )
    expect(wanted.length).toBeGreaterThan(10)
    for (const folder of ['docs', 'docs/zh-CN']) {
      const { headings } = read(`${folder}/${file}`)
      expect(headings.filter(({ level }) => level === 3).map(({ text }) => text)).toEqual(wanted)
    }
  }
})

test('every export says what it is for', () => {
  expect(namesWhere(({ description }) => description.length < 15)).toEqual([])
  // A link alone says nothing.
  expect(namesWhere(({ description }) => description.startsWith('http'))).toEqual([])
})

test('every function, and every class, has an example', () => {
  const functions = namesWhere(({ isFunction, kind }) => isFunction || kind === 'class')
  expect(functions).toEqual(
    expect.arrayContaining([
      'express-wx-login: wxLogin',
      'express-wx-login: requireWxSession',
      'express-wx-login/redis: createRedis',
      'express-wx-login/sandbox: createSandbox',
      'wx-login-client: createWxLogin',
    ]),
  )
  const without = namesWhere(({ examples }) => examples.length === 0)
  expect(functions.filter((name) => without.includes(name))).toEqual([])
})

test('the Chinese pages have a sentence for every export, and for nothing else', () => {
  expect(namesWhere(({ hasChinese }) => !hasChinese)).toEqual([])
  expect(pages.flatMap(({ modules }) => modules.flatMap(({ superfluous }) => superfluous))).toEqual(
    [],
  )
})
