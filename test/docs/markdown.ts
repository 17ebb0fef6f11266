import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const root = join(__dirname, '../..')

export const readmes = ['README.md', 'README.zh-CN.md'] as const
export const clientReadmes = ['client/README.md', 'client/README.zh-CN.md'] as const
export const exampleReadmes = ['examples/README.md', 'examples/README.zh-CN.md'] as const
export const optionPages = ['docs/options.md', 'docs/zh-CN/options.md'] as const
export const httpPages = ['docs/http.md', 'docs/zh-CN/http.md'] as const
export const errorPages = ['docs/errors.md', 'docs/zh-CN/errors.md'] as const
export const operationsPages = ['docs/operations.md', 'docs/zh-CN/operations.md'] as const
export const securityPages = ['SECURITY.md', 'docs/zh-CN/security.md'] as const
export const sandboxPages = ['docs/sandbox.md', 'docs/zh-CN/sandbox.md'] as const

/** Pages on one subject each, English and Chinese. */
export const guides = [
  'README',
  'account-events',
  'api',
  'api-client',
  'apps',
  'architecture',
  'client',
  'cloud-hosting',
  'faq',
  'guide-backend',
  'guide-miniprogram',
  'http',
  'keys',
  'migrating',
  'observability',
  'options',
  'performance',
  'phone',
  'production',
  'recipes',
  'scaling',
  'start-up',
  'usage',
  'verify',
].map((name) => [`docs/${name}.md`, `docs/zh-CN/${name}.md`] as const)

export interface CodeBlock {
  language: string
  /** Without the indentation of a list around it. */
  text: string
}

export interface Heading {
  level: number
  text: string
}

/** A Markdown file, as far as these tests look into it. */
export interface Page {
  headings: Heading[]
  blocks: CodeBlock[]
  /** Every table: its rows, the first being the head, the cells without spaces around. */
  tables: string[][][]
  /** The text without its code blocks. */
  prose: string
}

export function read(path: string): Page {
  const page: Page = { headings: [], blocks: [], tables: [], prose: '' }
  let block: { indent: string; language: string; lines: string[] } | undefined
  let table: string[][] | undefined
  for (const line of readFileSync(join(root, path), 'utf8').split('\n')) {
    if (block) {
      if (line.trim() === '```') {
        page.blocks.push({ language: block.language, text: block.lines.join('\n') })
        block = undefined
      } else
        block.lines.push(line.startsWith(block.indent) ? line.slice(block.indent.length) : line)
      continue
    }
    const fence = /^( *)```(\w*)$/.exec(line)
    if (fence) {
      block = { indent: fence[1]!, language: fence[2]!, lines: [] }
      continue
    }
    page.prose += `${line}\n`
    const heading = /^(#+) (.+)$/.exec(line)
    if (heading) page.headings.push({ level: heading[1]!.length, text: heading[2]! })
    if (/^ *\|/.test(line)) {
      if (!table) page.tables.push((table = []))
      if (!/^[ |:-]+$/.test(line)) table.push(cells(line))
    } else table = undefined
  }
  return page
}

function cells(line: string): string[] {
  return line
    .trim()
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** The code of the one block of a page that has these words, and is in this language where one is named. */
export function codeOf(path: string, words: string, language?: string): string {
  const found = read(path).blocks.filter(
    (block) => block.text.includes(words) && (language ?? block.language) === block.language,
  )
  if (found.length === 1) return found[0]!.text
  throw new Error(`${path}: ${String(found.length)} blocks with ${JSON.stringify(words)}`)
}

/** The table with this many columns whose first cell of every row is code, found by one of its rows. */
export function tableWith(page: Page, firstCell: string): string[][] {
  const found = page.tables.find((rows) =>
    rows.some(([first]) => first?.includes(`\`${firstCell}\``)),
  )
  if (!found) throw new Error(`no table with a row ${firstCell}`)
  return found.slice(1)
}

/** What stands in the backticks of a cell, first one first. */
export const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, c]) => c!)

/** The anchor of a heading, as the repository host and package registries make it. */
export const anchor = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')

const elsewhere = new Set(['node_modules', 'dist', 'coverage', '.git', '.tmp', 'miniprogram_npm'])

/** Every Markdown file of the repository, as paths from its root. */
export function markdownFiles(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return elsewhere.has(entry.name) ? [] : markdownFiles(path)
    return entry.name.endsWith('.md') ? [relative(root, path)] : []
  })
}
