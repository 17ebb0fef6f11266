import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './markdown.js'

test.each(['docs/architecture.md', 'docs/zh-CN/architecture.md'])(
  'every file that %s names is there',
  (page) => {
    const named = readFileSync(join(root, page), 'utf8').match(/src\/[\w/-]+\.ts/g) ?? []
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
  },
)
