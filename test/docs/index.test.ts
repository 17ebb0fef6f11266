import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { read, root } from './markdown.js'

test.each(['docs', 'docs/zh-CN'])('the index of %s has every page of it, once', (folder) => {
  const pages = readdirSync(join(root, folder)).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  const entries = read(`${folder}/README.md`)
    .prose.split('\n')
    .filter((line) => line.startsWith('- '))
    .map((line) => /^- \[[^\]]+\]\(([^)]+)\)/.exec(line)?.[1])
  const listed = entries.filter((target) => !target?.startsWith('..'))
  expect(listed.toSorted()).toEqual(pages.toSorted())
})
