import {
  clientReadmes,
  type CodeBlock,
  errorPages,
  exampleReadmes,
  guides,
  operationsPages,
  type Page,
  read,
  readmes,
  sandboxPages,
  securityPages,
} from './markdown.js'

const comments: [languages: string[], comment: RegExp][] = [
  [['js', 'ts'], /\s*\/\/ .*$/gm],
  [['sh', 'bash', 'yaml'], /\s*# .*$/gm],
]

/** Code without what is translated in it: the comments. */
const bare = ({ language, text }: CodeBlock): string =>
  comments.reduce((rest, [languages, comment]) => {
    return languages.includes(language) ? rest.replace(comment, '') : rest
  }, text)

const shapeOfTables = (page: Page): string[] =>
  page.tables.map((rows) => `${String(rows.length)} rows of ${String(rows[0]!.length)}`)

describe.each([
  readmes,
  clientReadmes,
  exampleReadmes,
  errorPages,
  operationsPages,
  sandboxPages,
  securityPages,
  ...guides,
])('%s and %s', (english, chinese) => {
  const [en, zh] = [read(english), read(chinese)]

  test('have the same headings, level by level', () => {
    expect(zh.headings.map(({ level }) => level)).toEqual(en.headings.map(({ level }) => level))
  })

  test('have the same tables', () => {
    expect(shapeOfTables(zh)).toEqual(shapeOfTables(en))
  })

  test('have the same code', () => {
    expect(zh.blocks.map(({ language }) => language)).toEqual(
      en.blocks.map(({ language }) => language),
    )
    // Diagrams are text in a language of their own.
    const same = (page: Page): string[] =>
      page.blocks.filter(({ language }) => language !== 'mermaid').map(bare)
    expect(same(zh)).toEqual(same(en))
  })

  test('the second is in Chinese throughout', () => {
    const english = zh.prose
      .split(/\n\n+/)
      .filter((paragraph) => !/\p{Script=Han}/u.test(paragraph))
      .filter((paragraph) => /[a-z]{4,} [a-z]+ [a-z]+ [a-z]+/.test(paragraph))
    expect(english).toEqual([])
  })
})
