// npm run docs:api: writes docs/api*.md in both languages. With --check it only says
// whether they are as they would be; with --list it prints what it found.
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pages } from './pages.js'
import { list, render } from './render.js'

const docs = join(dirname(fileURLToPath(import.meta.url)), '../../docs')
const check = process.argv.includes('--check')

async function write(page) {
  for (const [language, folder] of [
    ['en', docs],
    ['zh', join(docs, 'zh-CN')],
  ]) {
    const file = join(folder, page.file)
    const text = await render(page, language)
    if (!check) await writeFile(file, text)
    else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${file} is not what the comments say now. Run: npm run docs:api\n`)
      process.exitCode = 1
    }
  }
}

if (process.argv.includes('--list')) {
  process.stdout.write(JSON.stringify(await Promise.all(pages.map(list))))
} else {
  for (const page of pages) await write(page)
}
