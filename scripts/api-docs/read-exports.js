import { dirname, resolve } from 'node:path'
import ts from 'typescript-5'

/**
 * What one export is, as its declaration says.
 * @typedef {object} Export
 * @property {string} name
 * @property {'function' | 'class' | 'const' | 'interface' | 'type'} kind
 * @property {string} description - Markdown of the doc comment, with its {@link …} as written; '' where there is none
 * @property {{ title: string, code: string }[]} examples
 * @property {string} code - the declaration without description and examples, but with all other comments
 */

const kinds = new Map([
  [ts.SyntaxKind.FunctionDeclaration, 'function'],
  [ts.SyntaxKind.ClassDeclaration, 'class'],
  [ts.SyntaxKind.VariableStatement, 'const'],
  [ts.SyntaxKind.InterfaceDeclaration, 'interface'],
  [ts.SyntaxKind.TypeAliasDeclaration, 'type'],
])

/** A program that sees these declarations and nothing of other packages: what they export is read, not checked. */
function programOf(entries) {
  const options = { noLib: true, types: [], module: ts.ModuleKind.NodeNext }
  const host = ts.createCompilerHost(options)
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => ({
      resolvedModule: text.startsWith('.')
        ? {
            resolvedFileName: resolve(dirname(from), text.replace(/\.js$/, '.d.ts')),
            extension: ts.Extension.Dts,
          }
        : undefined,
    }))
  return ts.createProgram(entries, options, host)
}

/** A variable's own node has no comment: that of its statement has. */
const statementOf = (node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node)

const docOf = (node) => node.jsDoc?.at(-1)
const textOf = (comment) => ts.getTextOfJSDocComment(comment)?.trim() ?? ''

function examplesOf(tags) {
  return tags
    .filter((tag) => tag.tagName.text === 'example')
    .map((tag) => {
      const [, title, code] = /^([^\n`]*?):?\s*```ts\n(.*)\n```$/s.exec(textOf(tag.comment)) ?? []
      if (code === undefined) throw new Error(`no block of ts: ${tag.getText()}`)
      return { title: title.trim(), code }
    })
}

/** Params, returns and throws as they were written: the lines of the comment from the first tag on, but no example. */
function tagLines(doc) {
  if (!doc) return ''
  const tags = doc
    .getText()
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .split(/^(?=@\w)/m)
    .filter((part) => part.startsWith('@') && !part.startsWith('@example'))
  const lines = tags.flatMap((tag) => tag.trim().split('\n'))
  if (lines.length === 0) return ''
  return `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`
}

const withoutExport = (text) => text.replace(/^export /m, '')
const plain = (statement) => withoutExport(statement.getText())
const withComment = (statement) => withoutExport(statement.getText(undefined, true))

/** The identifier of a type that is named here, in a type or after `extends`. */
function namedType(node) {
  const name = ts.isTypeReferenceNode(node) ? node.typeName : undefined
  const base = ts.isExpressionWithTypeArguments(node) ? node.expression : undefined
  return [name, base].find((found) => found && ts.isIdentifier(found))
}

/** The declaration behind a symbol, whatever it was imported by. */
const resolved = (symbol, checker) =>
  symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

/** Types that the declarations need and that nobody can import. */
function privateTypes(statements, exported, checker) {
  const found = new Set()
  const visit = (node) => {
    const name = namedType(node)
    const symbol = name && resolved(checker.getSymbolAtLocation(name), checker)
    for (const declaration of symbol?.declarations ?? []) {
      const isType =
        ts.isTypeAliasDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)
      if (!isType || exported.has(symbol) || found.has(declaration)) continue
      found.add(declaration)
      visit(declaration)
    }
    ts.forEachChild(node, visit)
  }
  statements.forEach(visit)
  return [...found]
}

function readExport(symbol, exported, checker) {
  const target = resolved(symbol, checker)
  const statements = [...new Set((target.declarations ?? []).map(statementOf))]
  const kind = kinds.get(statements[0]?.kind)
  if (!kind) throw new Error(`${symbol.name}: nothing that these pages know`)
  // Of an overloaded function the first has the comment.
  const doc = statements.map(docOf).find((found) => found !== undefined)
  const tags = doc?.tags ?? []
  const needed = privateTypes(statements, exported, checker)
  return {
    name: symbol.name,
    kind,
    description: textOf(doc?.comment),
    examples: examplesOf(tags),
    code:
      needed.map((type) => `${withComment(type)}\n`).join('') +
      tagLines(doc) +
      statements.map(plain).join('\n'),
  }
}

/**
 * What these modules export, each list in the order of what it is and of its name.
 * @param {string[]} entries - declaration files, absolute
 * @returns {Export[][]}
 */
export function readExports(entries) {
  const program = programOf(entries)
  const checker = program.getTypeChecker()
  const order = [...kinds.values()]
  const modules = entries.map((entry) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry))),
  )
  const exported = new Set(modules.flat().map((symbol) => resolved(symbol, checker)))
  return modules.map((symbols) =>
    symbols
      .map((symbol) => readExport(symbol, exported, checker))
      .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1)),
  )
}
