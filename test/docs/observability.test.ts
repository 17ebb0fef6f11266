import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { weChatChannel } from '../../src/diagnostics-channels.js'
import { channelNames } from '../support/listen.js'
import { startFakeWeChat } from '../example-app/fake-wechat.js'
import { codes, read, root, tableWith } from './markdown.js'
import { createWorkspace, run } from './workspace.js'

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

test.each(['docs/observability.md', 'docs/zh-CN/observability.md'])(
  '%s has every metric of the example app, and no other',
  (path) => {
    const code = ['metrics', 'wx-metrics', 'redis-metrics']
      .map((name) => readFileSync(join(root, `example-app/src/${name}.ts`), 'utf8'))
      .join('\n')
    const made = [...code.matchAll(/'((?:wx|http|app|redis)_[a-z0-9_]+)'/g)].map(
      ([, name]) => name!,
    )
    const named = tableWith(read(path), 'wx_logins_total').map(([name]) => codes(name!)[0]!)
    expect(named.toSorted()).toEqual([...new Set(made)].toSorted())
  },
)

describe('the automatic instrumentation of undici', () => {
  /** The attributes of the spans that a login makes, with this set-up of the instrumentation. */
  async function spansOf(setUp: string): Promise<string> {
    const wechat = await startFakeWeChat()
    const workspace = createWorkspace()
    const { WX_APPID: appid, WX_SECRET: secret } = wechat.env
    const login = { appid, secret, baseUrl: wechat.baseUrl, code: 'alice-canary' }
    const script = workspace.write(
      'login.mjs',
      `${setUp.replace('https://api.weixin.qq.com', new URL(wechat.baseUrl).origin)}
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const sdk = require('@opentelemetry/sdk-trace-base')
      const exporter = new sdk.InMemorySpanExporter()
      const spanProcessors = [new sdk.SimpleSpanProcessor(exporter)]
      undici.setTracerProvider(new sdk.BasicTracerProvider({ spanProcessors }))
      const { code2Session } = require('express-wx-login')
      await code2Session(${JSON.stringify(login)})
      await new Promise((resolve) => setTimeout(resolve, 100))
      console.log(JSON.stringify(exporter.getFinishedSpans().map((span) => span.attributes)))`,
    )
    try {
      const { ok, stdout, stderr } = await run(process.execPath, [script])
      if (!ok) throw new Error(stderr)
      return stdout
    } finally {
      workspace.remove()
      await wechat.close()
    }
  }

  test('leaks the AppSecret and the code as it is', async () => {
    const spans = await spansOf(
      `import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
      const undici = new UndiciInstrumentation()`,
    )
    expect(spans).toContain('secret=c0ffee')
    expect(spans).toContain('js_code=alice-canary')
  })

  test('makes no span of WeChat with the set-up of the documents', async () => {
    const block = read('docs/observability.md').blocks.find(({ text }) =>
      text.includes('UndiciInstrumentation'),
    )!
    expect(block.text).toContain("'https://api.weixin.qq.com'")
    const spans = await spansOf(block.text)
    expect(JSON.parse(spans)).toEqual([])
  })
})
