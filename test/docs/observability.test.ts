import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { weChatChannel } from '../../src/diagnostics-channels.js'
import { channelNames } from '../support/listen.js'
import { codes, read, root, tableWith } from './markdown.js'

const source = readFileSync(join(root, 'src/diagnostics-channels.ts'), 'utf8')

const fieldNames = (body: string): string[] =>
  [...body.matchAll(/(?<![\w'])(\w+\??): /g)].map(([, field]) => field!)

/** The body of an interface, from the source: types are gone when the tests run. */
const bodyOf = (name: string): string =>
  new RegExp(`interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source)![1]!

/** The fields of each channel's messages, as the types have them. */
const declared = Object.fromEntries(
  [
    ...bodyOf('WxDiagnostics').matchAll(/^ {2}'([^']+)': ([\s\S]*?)(?=^ {2}\/\*\*|(?![\s\S]))/gm),
  ].map(([, name, type]) => {
    if (name === weChatChannel)
      return [name, fieldNames(bodyOf('WxWeChatCall').replace(/\/\*\*.*/g, ''))]
    const ofRequest = /Partial<OfRequest>/.test(type!)
      ? ['requestId?']
      : /OfRequest/.test(type!)
        ? ['requestId']
        : []
    return [name, [...fieldNames(type!), ...ofRequest]]
  }),
) as Record<string, string[]>

describe.each(['docs/observability.md', 'docs/zh-CN/observability.md'])('%s', (path) => {
  const rows = tableWith(read(path), weChatChannel)

  test('names every channel there is, and no other', () => {
    const published = channelNames.map((name) => name.replace(/^tracing:(.*):\w+$/, '$1'))
    const named = rows.map(([name]) => codes(name!)[0])
    expect(named.toSorted()).toEqual([...new Set(published)].toSorted())
  })

  test('says what is in its messages', () => {
    const values = new Set([
      'login',
      'api',
      'get',
      'set',
      'destroy',
      'touch',
      'user',
      'all',
      'part',
    ])
    for (const [name, , message] of rows) {
      const said = codes(message!).filter((code) => !values.has(code))
      expect([name, said.toSorted()]).toEqual([name, declared[codes(name!)[0]!]!.toSorted()])
    }
  })
})
