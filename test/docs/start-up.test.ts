import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { explained, startUpTopics } from '../../src/start-up.js'
import { anchor, read, root } from './markdown.js'

const pages = ['docs/start-up.md', 'docs/zh-CN/start-up.md'] as const

const headings = (path: string): string[] =>
  read(path)
    .headings.filter(({ level }) => level === 2)
    .map(({ text }) => text)

test('the page has an entry for each mistake that a message explains, in the order of the code', () => {
  expect(headings(pages[0]).map(anchor)).toEqual([...startUpTopics])
})

test.each(pages)('every entry of %s says what is seen, why, and the fix', (path) => {
  const entries = readFileSync(join(root, path), 'utf8').split(/^## /m).slice(1)
  expect(entries).toHaveLength(startUpTopics.length)
  for (const entry of entries) {
    expect([entry.split('\n')[0], entry.match(/^- \*\*/gm)?.length]).toEqual([
      entry.split('\n')[0],
      3,
    ])
  }
})

test('messages lead to the page on the project’s own address', () => {
  const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    homepage: string
  }
  const project = homepage.split('#')[0]!
  expect(explained('a: b', 'appid')).toBe(`a: b. See ${project}/blob/main/${pages[0]}#appid`)
  expect(explained('A sentence.', 'appid')).toBe(
    `A sentence. See ${project}/blob/main/${pages[0]}#appid`,
  )
})

test('every mistake of the list is one that a message names', () => {
  const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'start-up.ts')
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('\n')
  expect(startUpTopics.filter((topic) => !source.includes(`'${topic}'`))).toEqual([])
})
