import { format, resolveConfig } from 'prettier'
import { chinese } from './chinese.js'
import { readExports } from './read-exports.js'

const headingOf = ({ kind, name }) => `${kind} ${name}`

/** `{@link X}` and `{@link X.y}` as a link to X, where X is on the page. */
function link(text, exported) {
  return text.replace(/\{@link ([\w.]+)\}/g, (_, target) => {
    const found = exported.find(({ name }) => name === target.split('.')[0])
    if (!found) return `\`${target}\``
    return `[\`${target}\`](#${headingOf(found).toLowerCase().replace(' ', '-')})`
  })
}

/** A comment of a declaration for those who read it as code: no links, and no fences inside of the fence around it. */
const plainComments = (code) =>
  code.replace(/\{@link ([\w.]+)\}/g, '`$1`').replace(/^ *\* ```(ts)?\n/gm, '')

const block = (code) => `\`\`\`ts\n${plainComments(code)}\n\`\`\``

function section(one, description, exampleHeading, exported) {
  const prose = link(description, exported).replace(/^(https:\S+)$/gm, '<$1>')
  const examples = one.examples.flatMap(({ code }, i, { length }) => [
    length === 1 ? `${exampleHeading}:` : `${exampleHeading} ${String(i + 1)}:`,
    block(code),
  ])
  return [`### ${headingOf(one)}`, prose, block(one.code), ...examples].join('\n\n')
}

/** What both languages of a page have: the exports of its modules. */
function readPage(page) {
  const lists = readExports(page.modules.map(({ entry }) => `${entry}.d.ts`))
  return page.modules.map(({ name }, i) => ({ name, exports: lists[i] }))
}

/** What the tests want to know of a page, beside its text. */
export async function list(page) {
  const modules = readPage(page).map(async ({ name, exports }, i) => {
    const values = await import(`${page.modules[i].entry}.js`)
    const sentences = chinese[name] ?? {}
    return {
      name,
      values: Object.keys(values),
      exports: exports.map((one) =>
        Object.assign(one, {
          isFunction: typeof values[one.name] === 'function',
          hasChinese: Object.hasOwn(sentences, one.name),
        }),
      ),
      superfluous: Object.keys(sentences).filter(
        (sentence) => !exports.some((one) => one.name === sentence),
      ),
    }
  })
  return { file: page.file, modules: await Promise.all(modules) }
}

/**
 * The page in one language.
 * @param {'en' | 'zh'} language
 */
export async function render(page, language) {
  const modules = readPage(page)
  const exported = modules.flatMap(({ exports }) => exports)
  const own = language === 'en' ? 0 : 1
  const describe = (name, one) => (own === 0 ? one.description : (chinese[name]?.[one.name] ?? ''))
  const exampleHeading = own === 0 ? 'Example' : '示例'
  const sections = modules.flatMap(({ name, exports }) =>
    [`## ${name}`].concat(
      exports.map((one) => section(one, describe(name, one), exampleHeading, exported)),
    ),
  )
  const text = [
    `# ${page.title[own]}`,
    page.introduction[own],
    '<!-- npm run docs:api -->',
    ...sections,
  ].join('\n\n')
  const options = (await resolveConfig(`${page.modules[0].entry}.d.ts`)) ?? {}
  return format(text, { ...options, parser: 'markdown' })
}
