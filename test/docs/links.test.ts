import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { anchor, markdownFiles, read, root } from './markdown.js'

interface Link {
  file: string
  target: string
}

const files = markdownFiles()

const links: Link[] = files.flatMap((file) =>
  [
    ...read(file)
      .prose.replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => ({
    file,
    target: target!,
  })),
)

const inside = links.filter(({ target }) => !/^[a-z]+:/.test(target))

test('the documents were found', () => {
  expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/errors.md']))
  expect(inside.length).toBeGreaterThan(20)
})

test.each(inside)('$file links to $target, which exists', ({ file, target }) => {
  const [path = '', fragment] = target.split('#')
  const linked = path === '' ? file : normalize(join(dirname(file), path))
  expect(linked.startsWith('..')).toBe(false)
  expect([linked, existsSync(join(root, linked))]).toEqual([linked, true])
  if (fragment === undefined || !linked.endsWith('.md')) return
  const anchors = read(linked).headings.map(({ text }) => anchor(text))
  expect(anchors).toContain(decodeURIComponent(fragment))
})

test('other links are https', () => {
  const outside = links.filter(({ target }) => /^[a-z]+:/.test(target))
  expect(outside.filter(({ target }) => !target.startsWith('https://'))).toEqual([])
})
