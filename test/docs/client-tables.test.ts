import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkOptions } from '../../client/src/settings.js'
import type { WxLike } from '../../client/src/types.js'
import { errorCodes } from '../../src/errors.js'
import { codes, guides, read, root, tableWith } from './markdown.js'

const types = readFileSync(join(root, 'client/src/types.ts'), 'utf8')

/** The names in an interface, from the source: types are gone when the tests run. */
function membersOf(name: string): string[] {
  const body = new RegExp(`export interface ${name}(?:<[^>]+>)? \\{\\n([\\s\\S]*?)\\n\\}`).exec(
    types,
  )
  if (body === null) throw new Error(`no interface ${name} in the client's types`)
  return [...body[1]!.matchAll(/^ {2}(?:readonly )?(\w+)(?:\??:|[<(])/gm)].map(([, name]) => name!)
}

const options = membersOf('WxLoginOptions').flatMap((name) =>
  name === 'routes' ? membersOf('Routes').map((route) => `routes.${route}`) : [name],
)

const clientErrors = [
  .../export type WxLoginErrorCode =\n([\s\S]*)/.exec(types)![1]!.matchAll(/\| '(\w+)'/g),
].map(([, code]) => code!)

const wx = { login() {}, request() {}, getStorageSync() {} } as unknown as WxLike
const settings = checkOptions({ baseUrl: 'https://a.example', wx })

/** What the code fills in where an option is left out. */
const defaults: Record<string, unknown> = {
  ...Object.fromEntries(
    Object.entries(settings.routes).map(([name, path]) => [`routes.${name}`, path]),
  ),
  header: settings.header,
  scheme: settings.scheme,
  storageKey: settings.storageKey,
  timeout: settings.timeout,
  skew: settings.skew,
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : JSON.stringify(value)

test('the types were read', () => {
  expect(options).toEqual(expect.arrayContaining(['baseUrl', 'routes.upload', 'isUnauthorized']))
  expect(membersOf('WxLogin')).toEqual(expect.arrayContaining(['session', 'request', 'logout']))
  expect(clientErrors).toContain('DENIED')
})

describe.each(guides.find(([english]) => english === 'docs/client.md')!)('%s', (path) => {
  const page = read(path)

  test('lists every option of the types once and nothing else, in their order', () => {
    const rows = tableWith(page, 'storageKey')
    expect(rows.map(([name]) => codes(name!)[0])).toEqual(options)
  })

  test.each(Object.entries(defaults))('%s: the default is that of the code', (name, value) => {
    const row = tableWith(page, 'storageKey').find(([cell]) => codes(cell!)[0] === name)
    expect(codes(row![2]!)).toEqual([literal(value)])
  })

  test('lists every method of the types once and nothing else, in their order', () => {
    const rows = tableWith(page, 'session')
    expect(rows.map(([name]) => /^\w+/.exec(codes(name!)[0]!)![0])).toEqual(membersOf('WxLogin'))
  })

  test('lists every error code of the client, with what to say', () => {
    const rows = tableWith(page, 'WX_LOGIN')
    expect(rows.map(([code]) => codes(code!)[0])).toEqual(clientErrors)
    for (const row of rows) expect(row[3]).toMatch(/^[\p{Script=Han}，]+。$/u)
  })

  test('lists every error code of the server, what the client makes of it, and what to say', () => {
    const rows = tableWith(page, 'WX_BAD_REQUEST')
    expect(rows.map(([code]) => codes(code!)[0])).toEqual(errorCodes)
    for (const [, code, , sentence] of rows) {
      expect(clientErrors).toContain(codes(code!)[0])
      expect(sentence).toMatch(/^[\p{Script=Han}，]+。$/u)
    }
  })

  test('the sentences of the guide are those of the table', () => {
    const table = Object.fromEntries(
      tableWith(page, 'WX_LOGIN').map(([code, , , sentence]) => [codes(code!)[0], sentence]),
    )
    const block = page.blocks.find(({ text }) => text.startsWith('// explain.js'))!
    const said = Object.fromEntries(
      [...block.text.matchAll(/^ {2}([A-Z_]+): '(.+)',$/gm)].map(([, code, text]) => [code, text]),
    )
    expect(said).toEqual(table)
  })
})
